import type { Neighbours } from './neighbours.ts';
import { robustSpread } from './robust.ts';

/** An image that is unlike all others. */
export interface Outlier {
  readonly image: number;
  /** Mean similarity to its nearest neighbours, from −1 to 1. */
  readonly similarity: number;
}

/** So many deviations below the median. */
const DEVIATIONS = 3;
/** With fewer images nothing can be said of what is usual. */
const LEAST_IMAGES = 20;

/**
 * Images whose nearest neighbours are unusually far away, the farthest first: after S. Ramaswamy, R. Rastogi, K. Shim,
 * "Efficient Algorithms for Mining Outliers from Large Data Sets", SIGMOD 2000. The mean over the neighbours counts,
 * without the nearest: a copy of an outlier does not make it usual.
 */
export function outliersOf({ count, cosines }: Neighbours): Outlier[] {
  const images = count === 0 ? 0 : cosines.length / count;
  if (images < LEAST_IMAGES || count < 2) return [];
  const similarities = Float64Array.from({ length: images }, (_, image) => {
    let sum = 0;
    for (let i = 1; i < count; i++) sum += cosines[image * count + i];
    return sum / (count - 1);
  });
  const { median, deviation } = robustSpread(similarities);
  const limit = median - DEVIATIONS * deviation;
  return Array.from(similarities, (similarity, image) => ({ image, similarity }))
    .filter(({ similarity }) => similarity < limit)
    .sort((a, b) => a.similarity - b.similarity);
}
