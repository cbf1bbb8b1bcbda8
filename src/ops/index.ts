export { convolutionAttributes, readConvInputGradient, readConvKernelGradient } from './convolution.ts';
export {
  type Derivative,
  fixedDims,
  GradientContext,
  type GradientRule,
  InferContext,
  type OpDefinition,
} from './definition.ts';
export { SELU_ALPHA, SELU_GAMMA } from './elementwise.ts';
export * from './functional.ts';
export { padsOf, sliceParts } from './movement.ts';
export { otherAxes } from './normalization.ts';
export { readAveragePoolGradient, readMaxPoolGradient } from './pooling.ts';
export { broadcastShapes, samePadding, windowOf } from './shapes.ts';
export { shapePart } from './sizes.ts';
export {
  createGraph,
  definitionOf,
  importGraph,
  inferredTypes,
  isElementwise,
  type NodeToWrite,
  OPS,
  writeNode,
} from './table.ts';
