import { type OptimizerConfig, withRatesForBatch } from '../optimizers/index.ts';
import type { Recipe } from './recipe.ts';

/** Images in a batch from which batch normalisation still learns something. */
const SMALLEST_BATCH = 32;

export interface RunLength {
  readonly epochs: number;
  readonly batchSize: number;
}

/**
 * How long to train, and in what batches, with fewer than half the images that a recipe is made for: in smaller batches, and where
 * those reach their end for more epochs, so that the run has as many steps as it would have with all of them.
 *
 * @param length what the run would have otherwise
 * @param images training images that there are
 * @param chosen settings that somebody chose: they stay as they are
 */
export function lengthForFewImages(
  { images: madeFor }: Pick<Recipe, 'images'>,
  length: RunLength,
  images: number,
  chosen: readonly string[] = [],
): RunLength {
  if (madeFor === undefined || 2 * images >= madeFor) return length;
  const steps = length.epochs * Math.ceil(madeFor / length.batchSize);
  const smallest = Math.min(SMALLEST_BATCH, length.batchSize);
  const batchSize = chosen.includes('batchSize')
    ? length.batchSize
    : Math.min(length.batchSize, Math.max(smallest, Math.floor((images * length.epochs) / steps)));
  const epochs = Math.ceil(steps / Math.ceil(images / batchSize));
  return { batchSize, epochs: chosen.includes('epochs') ? length.epochs : epochs };
}

/**
 * The optimizer for the batches that a run really has. Where they are smaller than those that a recipe's learning
 * rates are made for, each rate falls as its optimizer requires (`withRatesForBatch`): the rates of record's offsets,
 * unchanged at batches of 60, make all activations before the last layer negative in a few steps, and then nothing is
 * learnt any more.
 *
 * @param optimizer the recipe's, with the settings that were given
 * @param batch images in a batch
 * @param chosen settings that somebody chose: another optimizer stays as it is, and so does a learning rate, which
 *   only the optimizer's groups follow
 */
export function optimizerForBatch(
  { learningRateBatchSize: madeFor }: Pick<Recipe, 'learningRateBatchSize'>,
  optimizer: OptimizerConfig,
  batch: number,
  chosen: readonly string[] = [],
): OptimizerConfig {
  if (madeFor === undefined || batch >= madeFor || chosen.includes('optimizer')) return optimizer;
  return withRatesForBatch(optimizer, batch / madeFor, { own: !chosen.includes('learningRate') });
}
