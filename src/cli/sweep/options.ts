import { augmentationList } from '../../data/augmentation/words.ts';
import { flagOf } from '../../options/option.ts';
import { readClassWeight } from '../../options/read.ts';
import type { TrainOptions } from '../../platform/node/runs/new-run.ts';

/** Options of `train` that hold for every trial, as they were typed where their values are no plain ones. */
export interface TrialOptions extends Omit<TrainOptions, 'augment' | 'classWeight'> {
  readonly augment?: string;
  readonly classWeight?: string;
}

/** The options of `sweep` as they were typed. */
export interface SweepOptions extends TrialOptions {
  readonly vary?: readonly string[];
  readonly trials?: number;
  /** Seconds. */
  readonly time?: number;
  readonly parallel?: number;
  readonly halving?: boolean;
  /** The file of trials, to be written or used. */
  readonly plan?: string;
  /** The trial of a plan to train. */
  readonly trial?: number;
  /** The folder with the trials of a plan. */
  readonly collect?: string;
}

/** A trial's options as `train` has them. @throws HarrierError `bad-option` */
export function asTrainOptions({ augment, classWeight: weights, ...others }: TrialOptions): TrainOptions {
  return {
    ...others,
    ...(augment !== undefined && { augment: augmentationList(augment) }),
    ...(weights !== undefined && { classWeight: readClassWeight(weights, flagOf('classWeight')) }),
  };
}
