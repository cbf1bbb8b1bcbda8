/** `harrier/node`: what needs Node.js. Files, folders, image decoding, and ONNX Runtime's native engine. */
export { cacheDirectory } from './cache.ts';
export { type Cifar10Options, cifar10 } from './cifar10.ts';
export { cifar10Point1 } from './cifar10-1.ts';
export { CIFAR10_CLASSES, type Cifar10FileCheck, cifar10Directory, verifyCifar10 } from './cifar10-files.ts';
export { decodeImage } from './decode.ts';
export type { Device } from './device.ts';
export { findModel, findRun, type ModelSource } from './find-run.ts';
export { describeHardware, type Hardware, hardwareText } from './hardware.ts';
export {
  type ImageFolderOptions,
  type ImageFolderSplits,
  imageFolder,
  type SkippedFile,
} from './image-folder.ts';
export { type OpenDatasetOptions, type OpenedDataset, openDataset } from './open-dataset.ts';
export { type OpenRuntimeOptions, openRuntime } from './open-runtime.ts';
export { newRecord, type PreparedRun, prepareRun } from './prepare-run.ts';
export { type PreviewOptions, previewImage } from './preview.ts';
export { allRecipes, type FoundRecipe, findRecipe } from './recipe-files.ts';
export { createRunFolder, RUN_FILES, type RunFile, RunFolder } from './run-folder.ts';
export type { RunData, RunOptions, RunRecord, RunResult } from './run-record.ts';
export { type NodeRuntimeOptions, nodeRuntime } from './runtime.ts';
export { nodeBatches, openThreadedBatches } from './threaded-batches.ts';
export { type RunHooks, type RunOutcome, readCheckpoint, trainRun } from './training-run.ts';
export { HARRIER_VERSION } from './version.ts';
