export { compareScores, epochsIn, type Rung, rungsOf, type Score, scoreOf } from './halving.ts';
export { type PictureOptions, renderSweep } from './picture.ts';
export { renderRangeTest } from './rate-picture.ts';
export { ranked, rivals, type TrialResult, type TrialState, trialsCsv, trialsText } from './results.ts';
export { DEFAULT_TRIALS, trialsOf } from './trials.ts';
export { readVariation, type Scale, type Variation, valueAt } from './variation.ts';
