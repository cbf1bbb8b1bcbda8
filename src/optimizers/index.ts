export { Adam, type AdamOptions, AdamW } from './adam.ts';
export { withRatesForBatch } from './batch-rates.ts';
export { type Clipping, emitOnnxGradientScale, gradientScale } from './clipping.ts';
export {
  type ConstantOptions,
  type CosineDecayOptions,
  constantLearningRate,
  cosineDecay,
  type ExponentialDecayOptions,
  exponentialDecay,
  type PiecewiseConstantDecayOptions,
  type PolynomialDecayOptions,
  piecewiseConstantDecay,
  polynomialDecay,
} from './decays.ts';
export { exponentialMovingAverage, exponentialMovingAverageScalars } from './exponential-moving-average.ts';
export {
  type GroupConfig,
  learningRates,
  type ParameterGroup,
  parameterGroups,
  type Settled,
  settledIn,
  withGroups,
} from './groups.ts';
export { highestRate, withHighestRate } from './highest-rate.ts';
export { Muon, type MuonOptions } from './muon.ts';
export { type OptimizerName, optimizerNames } from './names.ts';
export { type OneCycleOptions, oneCycle } from './one-cycle.ts';
export type { CommonOptions, Optimizer, OptimizerConfig, OptimizerGroup } from './optimizer.ts';
export { optimizerFrom } from './optimizers.ts';
export { RMSprop, type RMSpropOptions } from './rmsprop.ts';
export type { RunSteps, Schedule, ScheduleConfig, Steps } from './schedule.ts';
export { type LinearWarmupOptions, linearWarmup, scheduleFrom, scheduleNames } from './schedules.ts';
export { SGD, type SGDOptions } from './sgd.ts';
