export * from './accuracy.ts';
