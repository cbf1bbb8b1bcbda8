import { HarrierError } from '../errors.ts';
import type { Predictions } from './predictions.ts';

/** Where a model looks at an image again: what was chosen, and what that gave on the images that it was chosen on. */
export interface AdaptiveViews {
  /** The largest probability after the first look below which further views are taken. */
  readonly below: number;
  /** Images that it was chosen on. */
  readonly images: number;
  /** How many of these are looked at again. */
  readonly again: number;
}

/** No image is as sure as that. */
const ALWAYS = 2;

/**
 * Chooses the threshold of adaptive views: the smallest part of the images is looked at again for which the accuracy
 * stays within noise of looking at all of them again. Noise is one standard error of the difference: of the images that
 * are not looked at again, those that further views would mend may exceed those that they would spoil by the square root
 * of both together. That must hold for every larger part too, so that luck does not choose it.
 *
 * @param first what the model says at first sight, of images that it was not trained on
 * @param full what it says by all its views, of the same images
 * @throws HarrierError `bad-shape` for predictions of different images, `not-supported` for images with any number of
 *   labels
 */
export function fitAdaptiveViews(first: Predictions, full: Predictions): AdaptiveViews {
  const images = first.labels.length;
  if (first.probabilities.length !== full.probabilities.length) {
    throw new HarrierError('bad-shape', 'these predictions are of different images', {
      expected: `${images} images`,
      received: `${full.labels.length}`,
    });
  }
  if (first.tags) {
    throw adaptiveNeedsOneClass();
  }
  const [one, all] = [answersOf(first), answersOf(full)];
  // Surest first: the images that are not looked at again are a beginning of this order.
  const order = Array.from({ length: images }, (_, i) => i).sort((a, b) => one[b].sure - one[a].sure);
  let [mended, spoilt, kept] = [0, 0, 0];
  for (const [place, image] of order.entries()) {
    if (all[image].isRight && !one[image].isRight) mended++;
    if (one[image].isRight && !all[image].isRight) spoilt++;
    if (mended - spoilt > Math.sqrt(mended + spoilt)) break;
    // Images that are equally sure stand on the same side.
    const next = order[place + 1];
    if (next === undefined || one[next].sure < one[image].sure) kept = place + 1;
  }
  const last = order[kept - 1];
  return {
    below: last === undefined ? ALWAYS : one[last].sure,
    images,
    again: images - kept,
  };
}

/** Why images with any number of labels have no adaptive views. */
export function adaptiveNeedsOneClass(): HarrierError {
  return new HarrierError('not-supported', 'adaptive views need one class for each image', {
    next: 'Use --tta flip or flip-shift.',
  });
}

/**
 * What a model with adaptive views says of some images, from what it says by its first view and by all of them.
 * @param below the largest probability below which an image gets all views
 */
export function withAdaptiveViews(first: Predictions, full: Predictions, below: number): Predictions {
  const classes = first.classNames.length;
  const probabilities = first.probabilities.slice();
  for (const [image, { sure }] of answersOf(first).entries()) {
    if (sure >= below) continue;
    const [from, to] = [image * classes, (image + 1) * classes];
    probabilities.set(full.probabilities.subarray(from, to), from);
  }
  return { ...first, probabilities };
}

/** The largest probability of each image, and whether that is its class. */
export function answersOf({
  probabilities,
  labels,
  classNames,
}: Predictions): { readonly sure: number; readonly isRight: boolean }[] {
  const classes = classNames.length;
  return Array.from(labels, (label, i) => {
    const row = probabilities.subarray(i * classes, (i + 1) * classes);
    const sure = Math.max(...row);
    return { sure, isRight: row.indexOf(sure) === label };
  });
}
