/**
 * What recipe files may import from `harrier`: every name of one flat list, from before the package had entries by
 * task, so that recipes written then still load. New names go to the entries: `index.ts`, `graph.ts`, `layer.ts`.
 */

export { differentiate } from './autodiff/index.ts';
export * from './data/augmentation/index.ts';
export type { BatchPlan } from './data/batch-plan.ts';
export {
  type BatchSource,
  type OpenBatches,
  openBatches,
} from './data/batches.ts';
export { type ClassWeight, classWeights } from './data/class-weight.ts';
export type { Dataset, DatasetSplits, ImageShape } from './data/dataset.ts';
export type { Sampling } from './data/epoch-order.ts';
export { type MemoryDatasetOptions, memoryDataset } from './data/memory.ts';
export type { OnProgress, Progress } from './data/progress.ts';
export { type RandomStream, random } from './data/random.ts';
export type { Resolution, ResolutionStep } from './data/resolution.ts';
export { type ValidationSplit, validationSplit } from './data/split.ts';
export { type ChannelStatistics, channelStatistics, classCounts } from './data/statistics.ts';
export { firstImages, subset } from './data/subset.ts';
export {
  describeViews,
  TEST_TIME_AUGMENTATIONS,
  type TestTimeAugmentation,
  type View,
  viewsOf,
} from './data/views.ts';
export { type ErrorCode, type ErrorDetails, HarrierError } from './errors.ts';
export * from './evaluation/index.ts';
export * from './explanation/index.ts';
export * from './index.ts';
export * from './layers/index.ts';
export { type CrossentropyOptions, categoricalCrossentropy } from './losses/index.ts';
export * from './models/index.ts';
export type { Model as OnnxModel } from './onnx/index.ts';
export * from './onnx/index.ts';
export { createGraph, definitionOf, importGraph, OPS } from './ops/index.ts';
export * from './optimizers/index.ts';
export { lower, type Target } from './passes/index.ts';
export * from './recipes/index.ts';
export * from './runtime/index.ts';
export type { CompileOptions } from './training/index.ts';
export * from './training/index.ts';
// Keras's Model, not the file's.
export { Model } from './training/index.ts';
