import { HarrierError } from '../errors.ts';
import { COUNT, isInRange } from '../options/range.ts';
import type { PixelSource } from './pixel-source.ts';
import { isStretched, type Preprocessing } from './preprocessing.ts';

/** Height, width and channels of every image in a data set. */
export interface ImageShape {
  /** Rows of pixels. */
  readonly height: number;
  /** Columns of pixels. */
  readonly width: number;
  /** 3 for colour, 1 for grey. */
  readonly channels: number;
}

/** Images as a model takes them: their shape, and how an image of any size comes to it. */
export interface ImageInput extends ImageShape {
  /** Absent where it is `STRETCHED`, and where images have the size already. */
  readonly preprocessing?: Preprocessing;
}

/** A shape together with the way that images come to it. */
export function imageInput(
  { height, width, channels }: ImageShape,
  preprocessing: Preprocessing,
): ImageInput {
  return { height, width, channels, ...(!isStretched(preprocessing) && { preprocessing }) };
}

/** @throws HarrierError `bad-option` for a shape that no image has */
export function checkShape(where: string, { height, width, channels }: ImageShape): void {
  if ([height, width].every((side) => isInRange(side, COUNT)) && (channels === 3 || channels === 1)) return;
  throw new HarrierError('bad-option', 'this is no shape of images', {
    where,
    expected: 'height and width, whole numbers of at least 1, and channels, 3 or 1',
    received: `height ${height}, width ${width}, channels ${channels}`,
  });
}

/**
 * Labelled images of one size. Each platform keeps the pixels in its own place, such as memory or a cache file.
 */
export interface Dataset {
  /** What it is called in reports: `cifar10/train`, `./photos/test`. */
  readonly name: string;
  /** Class names; a label is an index into them. */
  readonly classNames: readonly string[];
  /** Size of every image, and how an image of another size comes to it. */
  readonly imageShape: ImageInput;
  /** Number of images. */
  readonly size: number;
  /** Class index of every image. With `tags`, the rarest tag of each image: what splits are stratified by. */
  readonly labels: Uint16Array;
  /**
   * Of a data set whose images have any number of labels: 1 where an image has a label, else 0: uint8
   * `[size, classNames.length]`. Absent where each image has one class.
   */
  readonly tags?: Uint8Array;
  /** SHA-256 (hex) over pixels, labels and class names. */
  readonly hash: string;
  /**
   * Copies the images at `indices` to `out`, one after another: uint8, rows × columns × RGB
   * (`[indices.length, height, width, channels]`, row-major).
   */
  gather(indices: ArrayLike<number>, out: Uint8Array): void;
  /** Where another thread finds the same pixels, if it can. */
  readonly pixelSource?: PixelSource;
  /**
   * Images with the same number are copies of one another, nearly so, or of one group: a split keeps them on one side.
   * Absent where nobody has looked.
   */
  readonly copies?: Uint32Array;
  /** When each image was taken, in milliseconds since 1970; present where splits go by time. */
  readonly times?: Float64Array;
  /** Where image `index` came from, for reports: a file name, or `test #17`. */
  describe(index: number): string;
  /** The file that image `index` was read from, where it is one; of an archive, the one that it was unpacked to. */
  file?(index: number): string;
}

/** The training images and the test images of a data set. */
export interface DatasetSplits {
  /** The training images. */
  readonly train: Dataset;
  /** The test images. */
  readonly test: Dataset;
}

/** Bytes of one image: height × width × channels. */
export function imageBytes({ height, width, channels }: ImageShape): number {
  return height * width * channels;
}

/**
 * What every `gather` checks first, so that a wrong index or a short buffer is an error and never another image.
 *
 * @throws HarrierError `bad-shape` when `out` is too small, `bad-data` when an index is outside the data set
 */
export function checkGather(
  dataset: Pick<Dataset, 'name' | 'size' | 'imageShape'>,
  indices: ArrayLike<number>,
  out: Uint8Array,
): void {
  const needed = indices.length * imageBytes(dataset.imageShape);
  if (out.length < needed) {
    throw new HarrierError('bad-shape', `the buffer for ${indices.length} images is too small`, {
      where: dataset.name,
      expected: `${needed} bytes`,
      received: `${out.length}`,
    });
  }
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i];
    if (!(index >= 0 && index < dataset.size)) {
      throw new HarrierError('bad-data', 'no such image', {
        where: dataset.name,
        expected: `an index from 0 to ${dataset.size - 1}`,
        received: `${index}`,
      });
    }
  }
}
