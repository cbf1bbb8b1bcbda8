export * from './builder.ts';
export { decodeModel, encodeModel, keepsExternalData } from './codec.ts';
export { elementTypeCode, elementTypeOf } from './element-types.ts';
export { fromFloat16, toFloat16 } from './float16.ts';
export { inlineFunctions } from './functions.ts';
export { printGraph } from './printer.ts';
export { denseTensor } from './sparse.ts';
export type { ExternalData, ExternalReader } from './tensor-codec.ts';
export * from './types.ts';
