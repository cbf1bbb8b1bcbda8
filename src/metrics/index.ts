export * from './accuracy.ts';
export * from './exact-matches.ts';
