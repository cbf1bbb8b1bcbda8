import type { AugmentationConfig } from '../data/augmentation/index.ts';
import { openBatches } from '../data/batches.ts';
import type { ClassWeight } from '../data/class-weight.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Sampling } from '../data/epoch-order.ts';
import type { Resolution } from '../data/resolution.ts';
import { HarrierError } from '../errors.ts';
import type { LossOptions } from '../losses/index.ts';
import type { Network } from '../models/index.ts';
import type { Optimizer } from '../optimizers/index.ts';
import type { Runtime } from '../runtime/index.ts';
import { firstWeights } from './fit.ts';
import type { StepGraph } from './step-graph.ts';
import { type SuggestedRates, suggestRates } from './suggested-rates.ts';
import { Trainer } from './trainer.ts';

/** Training and range of a learning-rate range test. */
export interface RangeTestOptions {
  /** The network to train from fresh weights. */
  readonly network: Network;
  /** The optimizer whose learning rate is searched. */
  readonly optimizer: Optimizer;
  /** Options of the cross-entropy, such as label smoothing. */
  readonly loss?: LossOptions;
  /** The engine that runs the step graph. */
  readonly runtime: Runtime;
  /** The training images. */
  readonly train: Dataset;
  /** Random changes of the training images. Default: none. */
  readonly augmentation?: readonly AugmentationConfig[];
  /** Which images an epoch shows, how much their classes count, and to what sizes they are scaled: as for `fit`. */
  readonly sampling?: Sampling;
  /** As for `fit`. */
  readonly classWeight?: ClassWeight;
  /** As for `fit`. */
  readonly resolution?: Resolution;
  /** Images per step. */
  readonly batchSize: number;
  /** Images of a batch that pass through the network at once. */
  readonly microBatch?: number;
  /** The graph of a whole step, where `checkMemory` has built it already. */
  readonly stepGraph?: StepGraph;
  /** Seeds weights, the order of images, dropout and augmentation. */
  readonly seed: number;
  /** The first and the last learning rate. */
  readonly from: number;
  /** The last learning rate. */
  readonly to: number;
  /** Steps from one to the other, if the loss lets it come so far. */
  readonly steps: number;
  /** Called after every step, with the number of steps done and in all. */
  readonly onStep?: (done: number, total: number) => void;
  /** Asked after every step; when true, the test ends with what it has. */
  readonly interrupted?: () => boolean;
}

/** The losses of a learning-rate range test, and the rate that they suggest. */
export interface RangeTest extends SuggestedRates {
  /** Why it ended: the loss rose far above its best or became infinite, the last rate was reached, or a wish. */
  readonly ended: 'diverged' | 'finished' | 'interrupted';
}

/** The test ends when the running loss is so many times its best. */
const DIVERGED = 4;
/** Weight of the past in the running loss. */
const MEMORY = 0.9;
/** Steps before the running loss means anything. */
const FIRST = 10;

/**
 * The learning-rate range test: starts from fresh weights and raises the rate exponentially, step by step, until the
 * loss explodes (L. N. Smith, "Cyclical learning rates for training neural networks", WACV 2017, section 3.3). A
 * diverging loss ends the test without an error.
 *
 * @throws HarrierError `bad-option` unless 0 < from < to
 */
export async function findLearningRate(options: RangeTestOptions): Promise<RangeTest> {
  const { network, optimizer, loss, runtime, train, batchSize, seed, from, to, steps } = options;
  if (!(from > 0 && from < to && Number.isFinite(to))) {
    throw new HarrierError('bad-option', 'these learning rates are not a range', {
      expected: 'two numbers above 0, the lower one first',
      received: `${from} and ${to}`,
    });
  }
  const weights = firstWeights(network, seed, train);
  const { augmentation, sampling, classWeight, resolution, microBatch } = options;
  const { stepGraph } = options;
  const trainer = new Trainer({ network, optimizer, loss, runtime, seed, microBatch, weights, stepGraph });
  // Whole batches only: losses of equal weight, and one graph to compile for each size of images.
  const perEpoch = Math.max(1, Math.floor(train.size / batchSize));
  const batches = openBatches({
    dataset: train,
    batchSize,
    seed,
    augmentation,
    sampling,
    classWeight,
    resolution,
  });
  const rates: number[] = [];
  const losses: number[] = [];
  let ended: RangeTest['ended'] = 'finished';
  let running = 0;
  let best = Number.POSITIVE_INFINITY;
  try {
    for (let step = 0; step < steps; step++) {
      const learningRate = from * (to / from) ** (steps === 1 ? 0 : step / (steps - 1));
      const { pixels, targets, imageShape } = await batches.batch(
        Math.floor(step / perEpoch),
        step % perEpoch,
      );
      const { height, width } = imageShape;
      const result = await trainer
        .step(pixels, targets, step, learningRate, [height, width])
        .catch((error) => {
          if (error instanceof HarrierError && error.code === 'diverged') return undefined;
          throw error;
        });
      if (!result) {
        ended = 'diverged';
        break;
      }
      rates.push(learningRate);
      losses.push(result.loss);
      options.onStep?.(step + 1, steps);
      running = MEMORY * running + (1 - MEMORY) * result.loss;
      const unbiased = running / (1 - MEMORY ** (step + 1));
      if (step >= FIRST) best = Math.min(best, unbiased);
      if (unbiased > DIVERGED * best) {
        ended = 'diverged';
        break;
      }
      if (options.interrupted?.()) {
        ended = 'interrupted';
        break;
      }
    }
  } finally {
    await batches.close();
    await trainer.dispose();
  }
  return { ended, ...suggestRates(rates, losses, steps) };
}
