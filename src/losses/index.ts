export * from './crossentropy.ts';
