import { HarrierError } from '../errors.ts';
import { checkGather, checkShape, type Dataset, type ImageInput, imageBytes } from './dataset.ts';
import { hashHeader } from './hash.ts';
import { sharedPixels } from './pixel-source.ts';
import { sha256 } from './sha256.ts';

/** Images, labels and class names of a `memoryDataset`. */
export interface MemoryDatasetOptions {
  /** Name in reports and error messages. */
  readonly name: string;
  /** Class names; a label is an index into them. */
  readonly classNames: readonly string[];
  /** Size of every image, and how images of other sizes come to it. */
  readonly imageShape: ImageInput;
  /** Class index of every image. */
  readonly labels: ArrayLike<number>;
  /** Labels of every image, where they may be several: see `Dataset.tags`; `labels` are then `rarestTags` of them. */
  readonly tags?: Uint8Array;
  /**
   * uint8 `[images, height, width, channels]`, row-major; kept, not copied. In shared memory, other threads can
   * read them too. Grey images (1 channel) are copied, into three equal channels.
   */
  readonly pixels: Uint8Array;
  /** The hash, where it is already known; otherwise it is computed when first asked for. */
  readonly hash?: string;
  /** Images with the same number belong together: see `Dataset.copies`. */
  readonly copies?: Uint32Array;
  /** Where image `index` came from; by default `<name> #<index>`. */
  readonly describe?: (index: number) => string;
}

/**
 * A data set with its pixels in memory.
 *
 * @throws HarrierError `bad-shape` when pixels, labels, tags and copies do not fit together, `bad-data` when a label has
 *   no class or a tag is neither 0 nor 1, `bad-option` for a shape that no image has
 */
export function memoryDataset(options: MemoryDatasetOptions): Dataset {
  checkShape(options.name, options.imageShape);
  if (options.imageShape.channels === 1) return memoryDataset(inThreeChannels(options));
  const { name, classNames, imageShape, pixels, tags, copies } = options;
  const bytes = imageBytes(imageShape);
  const size = options.labels.length;
  if (pixels.length !== size * bytes) {
    throw new HarrierError('bad-shape', 'the pixels do not match the labels', {
      where: name,
      expected: `${size} × ${imageShape.height} × ${imageShape.width} × ${imageShape.channels} = ${size * bytes} bytes`,
      received: `${pixels.length}`,
    });
  }
  const labels = checkedLabels(name, options.labels, classNames.length);
  if (tags) checkTags(name, tags, size, classNames.length);
  if (copies && copies.length !== size) {
    throw new HarrierError('bad-shape', 'copies are one number for each image', {
      where: name,
      expected: `${size}`,
      received: `${copies.length}`,
    });
  }
  let hash = options.hash;
  return {
    name,
    classNames,
    imageShape,
    size,
    labels,
    ...(tags && { tags }),
    ...(copies && { copies }),
    pixelSource: sharedPixels(pixels),
    get hash() {
      hash ??= sha256()
        .update(hashHeader(classNames, imageShape, labels, tags))
        .update(pixels)
        .digest();
      return hash;
    },
    gather(indices, out) {
      checkGather({ name, size, imageShape }, indices, out);
      for (let i = 0; i < indices.length; i++) {
        const start = indices[i] * bytes;
        out.set(pixels.subarray(start, start + bytes), i * bytes);
      }
    },
    describe: options.describe ?? ((index) => `${name} #${index}`),
  };
}

/** The same images with grey as red, green and blue alike: what all that reads images takes. */
function inThreeChannels(options: MemoryDatasetOptions): MemoryDatasetOptions {
  const { pixels, imageShape } = options;
  return { ...options, imageShape: { ...imageShape, channels: 3 }, pixels: threeChannels(pixels) };
}

/** Grey pixels, each three times. */
export function threeChannels(grey: Uint8Array): Uint8Array {
  const colours = new Uint8Array(3 * grey.length);
  for (let i = 0; i < colours.length; i++) colours[i] = grey[Math.floor(i / 3)];
  return colours;
}

function checkedLabels(name: string, labels: ArrayLike<number>, classes: number): Uint16Array {
  for (let i = 0; i < labels.length; i++) {
    if (!(Number.isInteger(labels[i]) && labels[i] >= 0 && labels[i] < classes)) {
      throw new HarrierError('bad-data', `image ${i} has a label without a class`, {
        where: name,
        expected: `a whole number from 0 to ${classes - 1}`,
        received: `${labels[i]}`,
      });
    }
  }
  return labels instanceof Uint16Array ? labels : Uint16Array.from(labels);
}

function checkTags(name: string, tags: Uint8Array, size: number, classes: number): void {
  if (tags.length !== size * classes) {
    throw new HarrierError('bad-shape', 'the tags do not match the images', {
      where: name,
      expected: `${size} × ${classes} = ${size * classes} numbers`,
      received: `${tags.length}`,
    });
  }
  const at = tags.findIndex((tag) => tag > 1);
  if (at < 0) return;
  throw new HarrierError('bad-data', `image ${Math.floor(at / classes)} has a tag that is no tag`, {
    where: name,
    expected: '1 where it has the label, else 0',
    received: `${tags[at]}`,
  });
}
