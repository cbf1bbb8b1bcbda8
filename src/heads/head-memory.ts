import { type ErrorDetails, HarrierError } from '../errors.ts';
import { gigabytes } from '../training/index.ts';
import { FOLDS } from './folds.ts';

/** What a linear head is fitted on. */
export interface HeadSize {
  readonly images: number;
  /** Times that each image is seen: mirrored once more. */
  readonly views: number;
  readonly classes: number;
  /** Features of an image. */
  readonly size: number;
}

/** Numbers of one array of JavaScript. */
const MOST_NUMBERS = 2 ** 32 - 1;
const BYTES = Float32Array.BYTES_PER_ELEMENT;

/** What can be done where the head was chosen. */
const OTHER_HEAD: Pick<ErrorDetails, 'next' | 'options'> = {
  next: 'Take --head mlp, which learns from a part of the images at a time, or fewer images with --limit.',
  options: ['head', 'limit'],
};

/**
 * Checks that a linear head can be fitted, before features are computed for it: on all images at once, with a head for
 * each fold. It holds the features three times (of each view, together, standardized), and for each image, fold and class
 * a target, a score and its gradient.
 *
 * @param free bytes of memory; undefined where nobody can tell
 * @param remedy what to do where it cannot. Default: take another head
 * @throws HarrierError `not-supported` with what it needs, and what to do
 */
export function checkLinearHead(
  { images, views, classes, size }: HeadSize,
  free: number | undefined,
  remedy = OTHER_HEAD,
): void {
  const features = images * views * size;
  const targets = images * views * FOLDS * classes;
  const bytes = 3 * BYTES * (features + targets);
  const [expected, received] =
    Math.max(features, targets) > MOST_NUMBERS
      ? [`at most ${MOST_NUMBERS} numbers in one array`, `${Math.max(features, targets)}`]
      : [`at least ${gigabytes(bytes)}`, free !== undefined && bytes > free && gigabytes(free)];
  if (!received) return;
  throw new HarrierError(
    'not-supported',
    `fitting a linear head on ${images} images of ${classes} classes at once needs more memory than there is`,
    {
      expected,
      received,
      ...remedy,
    },
  );
}
