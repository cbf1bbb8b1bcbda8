import { HarrierError } from '../errors.ts';

/** Predictions for labelled images. */
export interface Predictions {
  /** `[images, classes]`, row-major: the probability of every class for every image. */
  readonly probabilities: Float32Array;
  /** The true class of every image, as an index into `classNames`. */
  readonly labels: ArrayLike<number>;
  /**
   * Of images with any number of labels: 1 where an image has a label, uint8 `[images, classes]`. Probabilities are then
   * those of the labels, each by itself, and `labels` the rarest one of each image.
   */
  readonly tags?: Uint8Array;
  /** With `tags`: the probability of each label from which an image counts as having it. Default: one half. */
  readonly thresholds?: readonly number[];
  /**
   * With `tags`: 1 where an image is given a label, uint8 `[images, classes]`, where one threshold does not say so: what
   * the folds of a cross-validation hold out has thresholds of each fold's own.
   */
  readonly given?: Uint8Array;
  /** Class names, in the order of the probabilities. */
  readonly classNames: readonly string[];
  /** `[images]`: images with the same number are of one group, or copies: they say less than as many others. */
  readonly groups?: ArrayLike<number>;
  /** `[images]`: how foreign each image is, from 0 to 1; above 0.5 it shows none of the classes. Absent: not asked. */
  readonly unknown?: Float32Array;
}

/** What a model says of images, beside what they show. */
export function predictionsFor<T extends Pick<Predictions, 'probabilities'>>(
  answer: T,
  {
    labels,
    tags,
    classNames,
    copies,
  }: Pick<Predictions, 'labels' | 'tags' | 'classNames'> & { readonly copies?: ArrayLike<number> },
  thresholds?: readonly number[],
): T & Predictions {
  return {
    ...answer,
    labels,
    ...(tags && { tags, ...(thresholds && { thresholds }) }),
    classNames,
    ...(copies && { groups: copies }),
  };
}

/** Softmax in float32 may overshoot 1 by a few units in the last place. */
const ROUNDING = 1e-4;

/**
 * Checks that predictions can be evaluated at all: as many rows as labels, labels that are classes, and
 * numbers that are probabilities.
 *
 * @throws HarrierError `bad-shape`, `bad-data`, or `diverged` when a probability is NaN or infinite
 */
export function checkPredictions({ probabilities, labels, tags, classNames }: Predictions): void {
  const classes = classNames.length;
  if (classes === 0) throw new HarrierError('bad-data', 'there are no classes');
  if (labels.length === 0) throw new HarrierError('bad-data', 'there are no images to evaluate');
  if (probabilities.length !== labels.length * classes) {
    throw new HarrierError('bad-shape', 'the predictions do not fit the labels', {
      expected: `${labels.length} × ${classes} probabilities`,
      received: `${probabilities.length}`,
    });
  }
  if (tags && tags.length !== probabilities.length) {
    throw new HarrierError('bad-shape', 'the predictions do not fit the labels of the images', {
      expected: `${labels.length} × ${classes} labels`,
      received: `${tags.length}`,
    });
  }
  for (let image = 0; image < labels.length; image++) {
    const label = labels[image];
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new HarrierError('bad-data', `the label of image ${image} is not a class`, {
        expected: `an integer from 0 to ${classes - 1}`,
        received: String(label),
      });
    }
  }
  for (let i = 0; i < probabilities.length; i++) {
    const value = probabilities[i];
    if (value >= -ROUNDING && value <= 1 + ROUNDING) continue;
    const which = `the probability of class "${classNames[i % classes]}" for image ${Math.floor(i / classes)}`;
    if (Number.isFinite(value)) {
      throw new HarrierError('bad-data', `${which} is not a probability`, {
        expected: 'a number from 0 to 1',
        received: String(value),
        next: 'Does the model end in a softmax?',
      });
    }
    throw new HarrierError('diverged', `${which} is ${value}`, {
      next: 'The weights of this model are unusable: train again, with a lower learning rate.',
    });
  }
}

/**
 * The most probable class of image `image`. Of equal probabilities the class with the lowest index wins,
 * as in NumPy's `argmax`.
 */
export function predictedClass(probabilities: Float32Array, classes: number, image: number): number {
  const start = image * classes;
  let best = 0;
  for (let c = 1; c < classes; c++) {
    if (probabilities[start + c] > probabilities[start + best]) best = c;
  }
  return best;
}
