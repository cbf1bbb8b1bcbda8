import type { AugmentationConfig } from '../data/augmentation/index.ts';
import type { ClassWeight } from '../data/class-weight.ts';
import type { Sampling } from '../data/epoch-order.ts';
import type { Resolution } from '../data/resolution.ts';

/** Options for the images and steps of a run: the same in recipes, run records and `fit`. */
export interface BatchOptions {
  /** Images that go through the network at once, at most; a larger batch goes in parts. Default: the whole batch. */
  readonly microBatch?: number;
  /**
   * Keeps an average of the weights over the steps, of which so much stays at each: 0.999. It is evaluated, and becomes
   * the model's weights. Default: no average.
   */
  readonly averageMomentum?: number;
  /** Random changes of the training images, one after another: `[{ name: 'RandomFlip' }]`. */
  readonly augmentation?: readonly AugmentationConfig[];
  /** Which images an epoch shows: each once (`natural`, the default), or every class equally often (`balanced`). */
  readonly sampling?: Sampling;
  /** How much the images of each class count in the loss: `balanced`, or `{ cat: 2 }`. Default: all alike. */
  readonly classWeight?: ClassWeight;
  /**
   * Trains on smaller images at first, epochs counted from 1: `[{ fromEpoch: 1, size: 24 }, { fromEpoch: 5, size: 32 }]`.
   * Evaluated and exported is the whole size.
   */
  readonly resolution?: Resolution;
}
