import type { ImageShape } from '../data/dataset.ts';
import type { Resolution } from '../data/resolution.ts';
import type { Recipe } from './recipe.ts';

/**
 * The sizes of the training images that a recipe wants over a run (progressive resizing: Howard et al., fastai's entry to
 * DAWNBench, 2018; Touvron et al., arXiv:1906.06423).
 *
 * @returns undefined where all epochs train on images of one size
 */
export function resizingOf(
  { progressiveResizing, imageSize }: Pick<Recipe, 'progressiveResizing' | 'imageSize'>,
  { height, width }: ImageShape,
  epochs: number,
): Resolution | undefined {
  if (!progressiveResizing || height !== width || width < imageSize) return undefined;
  // A product such as 9 · 2/9 may be a hair below the whole number that it stands for.
  const smaller = Math.floor(progressiveResizing.fraction * epochs + 1e-9);
  const size = Math.round(progressiveResizing.scale * width);
  if (smaller === 0 || size === width) return undefined;
  return [{ fromEpoch: 1, size }, ...(smaller < epochs ? [{ fromEpoch: smaller + 1, size: width }] : [])];
}
