import type { OpenBatches } from '../data/batches.ts';
import type { Dataset } from '../data/dataset.ts';
import type { BatchOptions } from './batch-options.ts';
import type { Callback } from './callbacks/index.ts';
import type { StepProgress } from './fit-options.ts';
import type { ImagesAndLabels } from './model-data.ts';

/** How `model.fit` trains. */
export interface TrainOptions extends BatchOptions {
  /** Default 1. */
  readonly epochs?: number;
  /** Default 32. */
  readonly batchSize?: number;
  /** Where batches come from, such as `nodeBatches()` of `harrier/node`. Default: computed when needed. */
  readonly openBatches?: OpenBatches;
  /** Evaluated after each epoch: a data set, or `[images, labels]`. It wins over `validationSplit`, as in Keras. */
  readonly validationData?: Dataset | ImagesAndLabels;
  /** Fraction of the training images, of every class and at random, to set aside and evaluate after each epoch. */
  readonly validationSplit?: number;
  /**
   * Whether the model gets the weights of the epoch with the lowest validation loss, where there is validation; else
   * those of the last step, as in Keras. Default true.
   */
  readonly keepBest?: boolean;
  /** Stops after this many epochs without a lower validation loss. `EarlyStopping` watches other figures too. */
  readonly earlyStopping?: number;
  /** Called while training goes on. */
  readonly callbacks?: readonly Callback[];
  /** Called after every step, with the progress of the epoch. */
  readonly onStep?: (progress: StepProgress) => void;
}

/** Their names. */
export const TRAIN_OPTIONS = [
  'epochs',
  'batchSize',
  'microBatch',
  'averageMomentum',
  'augmentation',
  'sampling',
  'classWeight',
  'resolution',
  'openBatches',
  'validationData',
  'validationSplit',
  'keepBest',
  'earlyStopping',
  'callbacks',
  'onStep',
] as const satisfies (keyof TrainOptions)[];
