/**
 * What needs Node.js. Files, folders, image decoding, and ONNX Runtime's native engine.
 *
 * @module harrier/node
 */

export { Backbone } from '../../backbones/index.ts';
export type { CorrectionCounts } from '../../data/corrected.ts';
export type { FolderRules } from '../../data/folder-rules.ts';
export type { KeptCorrection, KeptCorrections, UsedCorrections } from '../../data/kept-corrections.ts';
export type { ColumnNames, MergedClasses } from '../../options/words.ts';
export type { Device } from '../../runs/device.ts';
export { type Hardware, hardwareText } from '../../runs/hardware.ts';
export type { PreparedRun, StoredPlan } from '../../runs/prepare-run.ts';
export type { RunData, RunOptions, RunRecord, RunResult } from '../../runs/run-record.ts';
export { RUN_FILES, type RunFile, type StoredRun } from '../../runs/stored-run.ts';
export type { RunHooks, RunOutcome } from '../../runs/train-run.ts';
export { featureCache } from './backbones/feature-cache.ts';
export { type LoadBackboneOptions, loadBackbone } from './backbones/load-backbone.ts';
export { type Cifar10Options, cifar10 } from './datasets/cifar10.ts';
export { cifar10Point1 } from './datasets/cifar10-1.ts';
export {
  CIFAR10_CLASSES,
  type Cifar10FileCheck,
  cifar10Directory,
  verifyCifar10,
} from './datasets/cifar10-files.ts';
export {
  type ImageFolderOptions,
  type ImageFolderSplits,
  imageFolder,
  type SkippedFile,
} from './datasets/image-folder.ts';
export type { LabelRules } from './datasets/label-rules.ts';
export { type OpenDatasetOptions, type OpenedDataset, openDataset } from './datasets/open-dataset.ts';
export type { SplitRules } from './datasets/split-rules.ts';
export { nodeBatches, openThreadedBatches } from './datasets/threaded-batches.ts';
export { describeHardware } from './engine/hardware.ts';
export { type OpenRuntimeOptions, openRuntime } from './engine/open-runtime.ts';
export { type NodeRuntimeOptions, nodeRuntime } from './engine/runtime.ts';
export { cacheDirectory } from './files/cache.ts';
export type { LockHolder } from './files/lock.ts';
export { decodeImage } from './images/decode.ts';
export { type PreviewOptions, previewImage } from './images/preview.ts';
export { loadModel } from './load-model.ts';
export { findModel, findRun, listRuns, type ModelSource } from './runs/find-run.ts';
export type { FolderStore } from './runs/folder-store.ts';
export { type NewRun, type NewRunOptions, newRun } from './runs/new-run.ts';
export { newRecord, type PrepareOptions, prepareRun } from './runs/prepare-run.ts';
export { allRecipes, type FoundRecipe, findRecipe } from './runs/recipe-files.ts';
export { createRunFolder, RunFolder } from './runs/run-folder.ts';
export { readCheckpoint, trainRun } from './runs/train-run.ts';
export {
  metricsOf,
  resultMetricsOf,
  type TrackedImage,
  type TrackedResult,
  type TrackedRun,
  type Tracker,
  type Unfinished,
} from './trackers/tracker.ts';
export { HARRIER_VERSION } from './version.ts';
