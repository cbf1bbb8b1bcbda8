export type { BatchOptions } from './batch-options.ts';
export {
  type Callback,
  CSVLogger,
  type CSVLoggerOptions,
  EarlyStopping,
  type EarlyStoppingOptions,
  LearningRateScheduler,
  type Measure,
  ModelCheckpoint,
  type ModelCheckpointOptions,
  type MonitorOptions,
  ReduceLROnPlateau,
  type ReduceLROnPlateauOptions,
  type Training,
} from './callbacks/index.ts';
export { checkFit } from './check-fit.ts';
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint, type RunPosition } from './checkpoint.ts';
export type { CompileOptions } from './compile-options.ts';
export { type ConstantAnswer, constantAnswer, isNotLearning } from './constant-answer.ts';
export { fit } from './fit.ts';
export type { FitOptions, FitResult, StepProgress } from './fit-options.ts';
export {
  findLearningRate,
  type RangeTest,
  type RangeTestOptions,
} from './learning-rate-range.ts';
export { type LoadOptions, Model, Sequential } from './model.ts';
export type { ImagesAndLabels } from './model-data.ts';
export {
  epochSeconds,
  epochsWithin,
  measureImage,
  measurePace,
  type Pace,
  type PlannedLength,
} from './pace.ts';
export { buildStepGraph, type StepGraph } from './step-graph.ts';
export { type StepInfo, stepInfo } from './step-info.ts';
export { checkMemory, gigabytes, type MemoryOptions, type StepMemory, stepMemory } from './step-memory.ts';
export type { RatePoint, SuggestedRates } from './suggested-rates.ts';
export type { TrainOptions } from './train-options.ts';
export { type StepResult, Trainer, type TrainerOptions, weightsToUse } from './trainer.ts';
