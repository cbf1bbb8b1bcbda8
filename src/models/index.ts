export { CLASS_NAMES_KEY, Classifier } from './classifier.ts';
export { type ExportOptions, exportModel, testTimeAugmentationOf, weightsOf } from './export.ts';
export * from './network.ts';
export { decodeSafetensors, encodeSafetensors, type StoredTensor, type TensorFile } from './safetensors.ts';
export { summarize } from './summary.ts';
export { checkWeights, initialWeights, toGraphLayout, toKerasLayout, type Weights } from './weights.ts';
