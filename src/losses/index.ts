export * from './binary-crossentropy.ts';
export * from './crossentropy.ts';
export * from './loss.ts';
