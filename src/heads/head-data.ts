import type { ClassWeight } from '../data/class-weight.ts';
import { HarrierError } from '../errors.ts';

/** Kinds of heads that are fitted on features. */
export { HEADS, type HeadKind } from '../options/words.ts';

/** Images as a network sees them, with what they show. */
export interface HeadData {
  /** What it is called in errors. */
  readonly name: string;
  /**
   * Features, float32 `[images, size]`, once for each view of the images: the images as they are first, mirrored ones
   * or others after them. All views have the images in the same order.
   */
  readonly views: readonly Float32Array[];
  /** Features of an image. */
  readonly size: number;
  /** Class index of every image. */
  readonly labels: Uint16Array;
  /** Where images have any number of labels: see `Dataset.tags`. */
  readonly tags?: Uint8Array;
  readonly classNames: readonly string[];
  /** Images with the same number are copies: cross-validation keeps them together. */
  readonly copies?: Uint32Array;
}

/** How a head is fitted, whatever its kind. */
export interface HeadOptions {
  /** How much the images of each class count. Default: all alike. */
  readonly classWeight?: ClassWeight;
  /** Fraction of each target that is spread over all classes, in [0, 1). Default 0. */
  readonly labelSmoothing?: number;
  /** Whether a linear head's scores are divided by the temperature that cross-validation finds. Default true. */
  readonly calibrate?: boolean;
  /** What is drawn at random follows from it. */
  readonly seed: number;
  /** Told how far it is: fits done, of those there are at most. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A layer of weighted sums: kernel `[inputs, units]` and bias `[units]`. */
export interface DenseWeights {
  readonly kernel: Float32Array;
  readonly bias: Float32Array;
}

/** @throws HarrierError `bad-data`, `bad-shape` when there are no images, or the features are not theirs */
export function checkHeadData({ name, views, size, labels, tags, classNames }: HeadData): void {
  if (labels.length === 0) throw new HarrierError('bad-data', 'it has no images', { where: name });
  for (const view of views) {
    if (view.length !== labels.length * size) {
      throw new HarrierError('bad-shape', 'these are not the features of these images', {
        where: name,
        expected: `${labels.length} × ${size} numbers`,
        received: `${view.length}`,
      });
    }
    if (!view.every(Number.isFinite)) {
      throw new HarrierError('bad-data', 'some features are not finite numbers', {
        where: name,
        next: 'The weights of the network are damaged: take another model.',
      });
    }
  }
  if (views.length === 0 || classNames.length < (tags ? 1 : 2)) {
    throw new HarrierError('bad-data', 'a head needs features of images in at least two classes', {
      where: name,
      received: `${views.length} views, ${classNames.length} classes`,
    });
  }
}

/** All views one below the other: float32 `[views · images, size]`. */
export function stacked({ views, size, labels }: Pick<HeadData, 'views' | 'size' | 'labels'>): Float32Array {
  const rows = new Float32Array(views.length * labels.length * size);
  views.forEach((view, i) => {
    rows.set(view, i * labels.length * size);
  });
  return rows;
}
