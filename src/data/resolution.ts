import { HarrierError } from '../errors.ts';
import type { ImageShape } from './dataset.ts';

/** From this epoch on, training images are scaled to squares of this size. */
export interface ResolutionStep {
  /** Counted from 1. */
  readonly fromEpoch: number;
  /** Side of the square images, in pixels. */
  readonly size: number;
}

/** The sizes of the training images over a run. Before the first step of the list, images keep their own size. */
export type Resolution = readonly ResolutionStep[];

/**
 * The shape of the training images in an epoch.
 * @param epoch from 0
 */
export function imageShapeIn(epoch: number, imageShape: ImageShape, resolution: Resolution = []): ImageShape {
  const step = resolution.findLast(({ fromEpoch }) => fromEpoch <= epoch + 1);
  return step ? { ...imageShape, height: step.size, width: step.size } : imageShape;
}

/** The sizes over a shorter run: each begins after the same part of it, and the last one is reached. */
export function resolutionOver(resolution: Resolution, before: number, now: number): Resolution {
  const steps = resolution.map(({ fromEpoch, size }) => ({
    fromEpoch: 1 + Math.floor(((fromEpoch - 1) * now) / before),
    size,
  }));
  // Of two that begin at once the second counts.
  return steps.filter(({ fromEpoch }, i) => fromEpoch !== steps[i + 1]?.fromEpoch);
}

/** @throws HarrierError `bad-option` */
export function checkResolution(resolution: Resolution, { height, width }: ImageShape): void {
  const bad = (expected: string, received: unknown) =>
    new HarrierError('bad-option', 'resolution', { expected, received: JSON.stringify(received) });
  if (!Array.isArray(resolution)) throw bad('[{ fromEpoch, size }, …]', resolution);
  if (resolution.length > 0 && height !== width) {
    throw bad('square images, because only these can change their size in training', `${width} × ${height}`);
  }
  resolution.forEach(({ fromEpoch, size }, i) => {
    const after = i === 0 ? 0 : resolution[i - 1].fromEpoch;
    if (!(Number.isInteger(fromEpoch) && fromEpoch > after)) {
      throw bad(`fromEpoch: a whole number of at least ${after + 1}`, fromEpoch);
    }
    if (!(Number.isInteger(size) && size >= 1 && size <= height)) {
      throw bad(`size: a whole number from 1 to ${height}, the size of the images`, size);
    }
  });
}
