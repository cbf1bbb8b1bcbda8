/**
 * Where the pixels of a data set lie, in a form that can be handed to another thread, which then reads the same ones
 * without a copy of its own.
 */
export interface PixelSource {
  /** In shared memory, or in a file: one image after another, uint8 `[height, width, channels]` each. */
  readonly place: Uint8Array<SharedArrayBuffer> | string;
  /** For every image of the data set, which one of them it is; without it, they are in the same order. */
  readonly slots?: Uint32Array;
}

/** Pixels as another thread can see them, where they lie in shared memory. */
export function sharedPixels(pixels: Uint8Array): PixelSource | undefined {
  // Browsers have shared memory in isolated pages only.
  const shared = typeof SharedArrayBuffer !== 'undefined' && pixels.buffer instanceof SharedArrayBuffer;
  return shared ? { place: pixels as Uint8Array<SharedArrayBuffer> } : undefined;
}

/** Some of the images of a source, in the order given. */
export function pickImages({ place, slots }: PixelSource, images: Uint32Array): PixelSource {
  return { place, slots: slots ? images.map((image) => slots[image]) : images };
}
