import type { ImageShape } from '../dataset.ts';
import { type RandomStream, random } from '../random.ts';

/** The images of a step and what they are to be taken for. Augmentations change both in place. */
export interface Batch {
  /** uint8 `[images, height, width, channels]`, row-major. */
  readonly pixels: Uint8Array;
  /** float32 `[images, classes]`, each row a distribution over the classes, times the weight of its image. */
  readonly targets: Float32Array;
  readonly imageShape: ImageShape;
}

/** All that draws may depend on: the same occasion draws the same in any thread and at any time. */
export interface Occasion {
  readonly seed: number;
  /** What draws are for; no two augmentations of a run share it. */
  readonly purpose: string;
  /** From 0. */
  readonly epoch: number;
  /** Steps of the run before this one. */
  readonly step: number;
  /** A number for every image of the batch that no other has in the epoch, and that it has again in others. */
  readonly images: ArrayLike<number>;
}

/** A random change of training images that leaves their classes what they are, or changes the targets with them. */
export interface Augmentation {
  /** Its name and all options, after defaults, as they are stored. */
  readonly config: { readonly name: string };
  apply(batch: Batch, occasion: Occasion): void;
}

/**
 * Calls `change` for each image of a batch, with where its pixels begin and draws of its own: they depend on the
 * epoch and the image, not on the batch that it is in.
 */
export function forEachImage(
  { pixels, imageShape: { height, width, channels } }: Batch,
  { seed, purpose, epoch, images }: Occasion,
  change: (pixels: Uint8Array, start: number, draws: RandomStream) => void,
): void {
  const bytes = height * width * channels;
  for (let i = 0; i < images.length; i++) {
    change(pixels, i * bytes, random(seed, purpose, epoch, images[i]));
  }
}
