import { type Dataset, type ImageShape, imageBytes } from '../data/dataset.ts';
import { memoryDataset } from '../data/memory.ts';
import { type PixelQuality, pixelQuality } from './quality.ts';

/** A part of the data, and what a network makes of its images. */
export interface InspectedPart {
  /** `train`, `validation` or `test`. */
  readonly part: string;
  readonly dataset: Dataset;
  /** float32 `[images, size]`. */
  readonly features: Float32Array;
}

/** All parts as one list of images. */
export class AllImages {
  readonly parts: readonly InspectedPart[];
  readonly count: number;
  readonly labels: Uint16Array;
  /** Where images have any number of labels: see `Dataset.tags`. */
  readonly tags?: Uint8Array;
  readonly classNames: readonly string[];
  readonly imageShape: ImageShape;
  /** Of all images: float32 `[images, size]`. */
  readonly features: Float32Array;
  /** Images with the same number are copies, where all parts know of them. */
  readonly copies?: Uint32Array;
  readonly #starts: readonly number[];

  constructor(parts: readonly InspectedPart[]) {
    this.parts = parts;
    let count = 0;
    this.#starts = parts.map(({ dataset }) => {
      count += dataset.size;
      return count - dataset.size;
    });
    this.count = count;
    this.labels = new Uint16Array(count);
    this.features = new Float32Array(parts.reduce((sum, { features }) => sum + features.length, 0));
    const size = this.features.length / count;
    for (const [i, { dataset, features }] of parts.entries()) {
      this.labels.set(dataset.labels, this.#starts[i]);
      this.features.set(features, this.#starts[i] * size);
    }
    const { classNames, imageShape } = parts[0].dataset;
    this.classNames = classNames;
    this.imageShape = imageShape;
    if (parts[0].dataset.tags) {
      this.tags = new Uint8Array(count * classNames.length);
      for (const [i, { dataset }] of parts.entries()) {
        this.tags.set(dataset.tags!, this.#starts[i] * classNames.length);
      }
    }
    if (parts.every(({ dataset }) => dataset.copies)) {
      this.copies = Uint32Array.from(parts.flatMap(({ dataset }) => [...dataset.copies!]));
    }
  }

  /** The data set that an image is of, and its place there. */
  place(image: number): { readonly part: string; readonly dataset: Dataset; readonly index: number } {
    const i = this.#starts.findLastIndex((start) => start <= image);
    return { ...this.parts[i], index: image - this.#starts[i] };
  }

  /** uint8 `[height, width, 3]`. */
  pixels(image: number): Uint8Array {
    const { dataset, index } = this.place(image);
    const pixels = new Uint8Array(imageBytes(this.imageShape));
    dataset.gather([index], pixels);
    return pixels;
  }
}

/** The size of the images by which copies are found. */
const SMALL = { height: 32, width: 36 };

/** What one walk through all pixels gives. */
export interface PixelFindings {
  readonly quality: readonly PixelQuality[];
  /** All images in one small size. */
  readonly small: Dataset;
}

/** Reads the pixels of all images once, one image at a time. */
export function pixelFindings(
  images: AllImages,
  onProgress: (done: number, total: number) => void,
): PixelFindings {
  const { imageShape, count, classNames, labels } = images;
  const shape = {
    height: Math.min(SMALL.height, imageShape.height),
    width: Math.min(SMALL.width, imageShape.width),
    channels: 3,
  };
  const pixels = new Uint8Array(count * imageBytes(shape));
  const quality: PixelQuality[] = [];
  for (let image = 0; image < count; image++) {
    const own = images.pixels(image);
    quality.push(pixelQuality(own, imageShape));
    pixels.set(reduced(own, imageShape, shape), image * imageBytes(shape));
    onProgress(image + 1, count);
  }
  return {
    quality,
    small: memoryDataset({ name: 'small images', classNames, imageShape: shape, labels, pixels, hash: '' }),
  };
}

/** The mean of the pixels that fall into each of fewer. */
function reduced(pixels: Uint8Array, { height, width }: ImageShape, to: ImageShape): Uint8Array {
  const sums = new Float64Array(to.height * to.width * 3);
  const counts = new Uint32Array(to.height * to.width);
  for (let y = 0, i = 0; y < height; y++) {
    const row = Math.floor((y * to.height) / height) * to.width;
    for (let x = 0; x < width; x++) {
      const place = row + Math.floor((x * to.width) / width);
      counts[place]++;
      for (let c = 0; c < 3; c++) sums[3 * place + c] += pixels[i++];
    }
  }
  return Uint8Array.from(sums, (sum, i) => Math.round(sum / counts[Math.floor(i / 3)]));
}
