export { averageModels, ENSEMBLE_KEY } from './average-models.ts';
export type { BuildOptions, LayerRow } from './build.ts';
export type { Call, CallConfig, NamedLayer } from './calls.ts';
export {
  Classifier,
  type ClassifierAnswer,
  type ClassifierOptions,
  type PredictImagesOptions,
} from './classifier.ts';
export type {
  ClassifierBackbone,
  ClassifierFit,
  ClassifierFitOptions,
  FeatureStore,
  FittedClassifier,
} from './classifier-backbone.ts';
export {
  CLASS_NAMES_KEY,
  classNamesOf,
  keepsContract,
  numberedClasses,
  THRESHOLDS_KEY,
  thresholdsOf,
  UNKNOWN,
  UNKNOWN_FROM,
} from './contract.ts';
export { evaluateModel } from './evaluate-model.ts';
export {
  DISTANCE,
  type ExportOptions,
  exportModel,
  exportOptionsOf,
  NETWORK_KEY,
  weightsOf,
} from './export.ts';
export { featureLayer } from './feature-layer.ts';
export * from './foreign/index.ts';
export { type GraphRow, graphRows, summarizeGraph } from './graph-summary.ts';
export { type HiddenHead, type HiddenLayerOptions, withHiddenLayer } from './hidden-layer.ts';
export { checkLeastSize, withImageSize } from './image-size.ts';
export * from './network.ts';
export {
  headOf,
  type NewHead,
  type NewHeadOptions,
  type TunedPart,
  withNewHead,
} from './new-head.ts';
export { ORIGIN_KEY, type Origin, originIn, originOf, originText, type StartingPoint } from './origin.ts';
export {
  foreignness,
  REJECTION_KEY,
  type Rejection,
  rejectionOf,
} from './rejection.ts';
export { decodeSafetensors, encodeSafetensors, type StoredTensor, type TensorFile } from './safetensors.ts';
export {
  INTEGER_STORAGE,
  STORAGE_KEY,
  type WeightStorage,
  weightStorageOf,
  withStoredWeights,
} from './stored-weights.ts';
export { summarize } from './summary.ts';
export { type TrainedDepths, trainedDepths } from './trained-depths.ts';
export { type TrainedNetwork, trainedNetwork } from './trained-network.ts';
export { checkWeights, initialWeights, toGraphLayout, toKerasLayout, type Weights } from './weights.ts';
export type { WeightData } from './whitening.ts';
export { withoutHead } from './without-head.ts';
export { withoutRejection } from './without-rejection.ts';
export { withoutViews } from './without-views.ts';
