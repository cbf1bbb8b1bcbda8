export { type ImageOptions, renderSweep } from './chart.ts';
export { compareScores, epochsIn, type Rung, rungsOf, type Score, scoreOf } from './halving.ts';
export { renderRangeTest } from './rate-chart.ts';
export { ranked, rivals, type TrialResult, type TrialState, trialsCsv, trialsText } from './results.ts';
export { DEFAULT_TRIALS, trialsOf } from './trials.ts';
export { readVariation, type Scale, type Variation, type VaryingOptions, valueAt } from './variation.ts';
