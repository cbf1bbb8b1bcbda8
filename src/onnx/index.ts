export * from './builder.ts';
export { decodeModel, elementTypeCode, elementTypeOf, encodeModel } from './codec.ts';
export { printGraph } from './printer.ts';
export * from './types.ts';
