// Imports nothing: exported packages carry this file, as their types.

/** One class of a model, and how probable it is that an image shows it. */
export interface Answer<Label extends string = string> {
  readonly label: Label;
  /** From 0 to 1; those of all classes add up to 1, unless images have any number of labels. */
  readonly probability: number;
  /**
   * Whether the image has the label: its probability reaches the label's threshold. Only of models that give images any
   * number of labels (trained with `--multi-label`).
   */
  readonly given?: boolean;
  /**
   * Whether the image shows none of the classes; the same in all answers of an image. Only of models that were trained
   * with `--reject`.
   */
  readonly unknown?: boolean;
}

/** Which answers are given. */
export interface ClassifyOptions {
  /** Only this many, the most probable ones. Default: all classes. */
  readonly top?: number;
  /**
   * Only the classes of a set that holds the right one in this fraction of cases, between 0 and 1: prediction sets. Only
   * of models that were calibrated on validation images.
   */
  readonly coverage?: number;
}

/** Pixels in memory, row by row from the top: an `ImageData`, or what a camera or decoder gives. */
export interface Pixels {
  /** Values from 0 to 255: red, green, blue, and opacity where a pixel has four. */
  readonly data: Uint8Array | Uint8ClampedArray;
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
}

/** What a page can draw: an `<img>`, a canvas, a video, an `ImageBitmap`. */
export interface Drawable {
  readonly width: number;
  readonly height: number;
}

/** A `Blob` or `File`. */
export interface Binary {
  readonly size: number;
  readonly type: string;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** An address: a `URL`. */
export interface Address {
  readonly href: string;
}

/**
 * An image: the address of a file (in Node also its path), a file or its bytes, pixels, or in a page whatever it can
 * draw. PNG, JPEG, WebP, AVIF, GIF and BMP; in Node, `sharp` decodes them, and TIFF too.
 */
export type ImageSource = string | Address | Binary | ArrayBuffer | Uint8Array | Pixels | Drawable;

/** How a model is loaded. */
export interface LoadOptions {
  /**
   * Threads of one operation. Default: in Node one for each core; in a page half the logical cores (8 at most), or one
   * where the page is not cross-origin isolated.
   */
  readonly threads?: number;
  /**
   * The largest image that is decoded, in pixels before scaling; a larger one is an error with the code `too-large`.
   * Default 2^26 (67 megapixels).
   */
  readonly maxPixels?: number;
  /** In a page: where ONNX Runtime's files are, if the bundler did not put them beside its script. */
  readonly wasmPaths?: { readonly wasm?: string | Address; readonly mjs?: string | Address };
  /** ONNX Runtime itself, where it should not be imported: `onnxruntime-node`, `onnxruntime-web` or one like them. */
  readonly ort?: unknown;
}

/** A finished model that tells images apart. */
export interface ImageClassifier<Label extends string = string> {
  /** Names of its classes. */
  readonly labels: readonly Label[];
  /**
   * The probability of each label from which an image counts as having it, in the order of `labels`. Only of models that
   * give images any number of labels.
   */
  readonly thresholds?: readonly number[];
  /** What its file says of itself. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * Classifies one image.
   *
   * @returns the classes, the most probable one first
   * @throws an Error with a sentence and a `code` when the image cannot be read
   */
  classify(image: ImageSource, options?: ClassifyOptions): Promise<Answer<Label>[]>;
  /** Gives its memory back. */
  dispose(): Promise<void>;
}
