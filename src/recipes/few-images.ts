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
