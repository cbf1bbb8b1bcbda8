/** Height, width and channels of every image in a data set. Channels is 3 (red, green, blue). */
export interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/**
 * Labelled images of one size. Where the pixels live (memory, a cache file) is the platform's business.
 */
export interface Dataset {
  /** What it is called in reports: `cifar10/train`, `./photos/test`. */
  readonly name: string;
  /** Class names; a label is an index into them. */
  readonly classNames: readonly string[];
  readonly imageShape: ImageShape;
  /** Number of images. */
  readonly size: number;
  /** Class index of every image. */
  readonly labels: Uint16Array;
  /** SHA-256 (hex) over pixels, labels and class names. */
  readonly hash: string;
  /**
   * Copies the images at `indices` to `out`, one after another: uint8, rows × columns × RGB
   * (`[indices.length, height, width, channels]`, row-major).
   */
  gather(indices: ArrayLike<number>, out: Uint8Array): void;
  /** Where image `index` came from, for reports: a file name, or `test #17`. */
  describe(index: number): string;
}

/** The two parts of a data set: what a model learns from, and what it is judged on. */
export interface DatasetSplits {
  readonly train: Dataset;
  readonly test: Dataset;
}
