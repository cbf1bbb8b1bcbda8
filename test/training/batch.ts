import type { Batch, Occasion } from '../../src/data/augmentation/index.ts';
import { batchOf, images } from './problem.ts';

/** A batch of small images with their one-hot targets; the same every time. */
export function smallBatch(count: number, height = 6, width = 5): Batch {
  const data = images(count, height, width);
  const { pixels, targets } = batchOf(
    data,
    Array.from({ length: count }, (_, i) => i),
  );
  return { pixels, targets, imageShape: data.imageShape };
}

/** The batch's images as they are at first, in epoch and step 0. */
export function occasion(count: number, more: Partial<Occasion> = {}): Occasion {
  const images = Array.from({ length: count }, (_, i) => i);
  return { seed: 1, purpose: 'test', epoch: 0, step: 0, images, ...more };
}

/** One image of a batch as rows of pixels of three numbers. */
export function imageOf({ pixels, imageShape: { height, width } }: Batch, index: number): number[][][] {
  const start = index * height * width * 3;
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => [...pixels.slice(start + (y * width + x) * 3).slice(0, 3)]),
  );
}

export function copyOf(batch: Batch): Batch {
  return { ...batch, pixels: batch.pixels.slice(), targets: batch.targets.slice() };
}
