import type { Dataset } from '../data/dataset.ts';
import { memoryDataset } from '../data/memory.ts';
import { HarrierError } from '../errors.ts';
import { type Network, numberedClasses } from '../models/index.ts';

/** Pixels, uint8 `[count, height, width, channels]`, and the class number of every image. */
export type ImagesAndLabels = readonly [images: Uint8Array, labels: ArrayLike<number>];

/**
 * The data that a method of `Model` was given: a data set, or pixels and labels.
 *
 * @param where the method
 * @throws HarrierError `bad-option` for anything else, `bad-shape` or `bad-data` when pixels and labels do not fit
 */
export function datasetFrom(
  where: string,
  network: Network,
  classNames: readonly string[] | undefined,
  images: unknown,
  labels?: unknown,
): Dataset {
  if (isDataset(images) && labels === undefined) return images;
  if (!(images instanceof Uint8Array) || !isNumbers(labels)) {
    const both = labels === undefined ? described(images) : `${described(images)} and ${described(labels)}`;
    throw new HarrierError('bad-option', 'this is not data to train or evaluate on', {
      where,
      expected: `a data set, or pixels (a Uint8Array ${shapeOf(network)}) and labels (whole numbers from 0)`,
      received: both,
      next: adviceFor(images, labels),
    });
  }
  const [height, width, channels] = network.inputShape;
  return memoryDataset({
    name: where,
    classNames: classNames ?? numberedClasses(network.outputSize),
    imageShape: { height, width, channels },
    labels,
    pixels: images,
  });
}

/**
 * What `predict` was given: pixels or a data set.
 * @throws HarrierError `bad-option` for anything else, `bad-shape` for pixels of no whole images
 */
export function checkPredictable(network: Network, images: unknown): Uint8Array | Dataset {
  if (isDataset(images)) return images;
  if (images instanceof Uint8Array) {
    const size = network.inputShape.reduce((product, side) => product * side);
    if (images.length > 0 && images.length % size === 0) return images;
    throw new HarrierError('bad-shape', 'pixels do not make whole images', {
      where: `${network.name}.predict`,
      expected: `a multiple of ${size} bytes (${network.inputShape.join(' × ')})`,
      received: `${images.length}`,
      next: 'decodeImage of harrier/node and harrier/web brings an image to imageShape of the model.',
    });
  }
  throw new HarrierError('bad-option', 'these are not images', {
    where: `${network.name}.predict`,
    expected: `pixels (a Uint8Array ${shapeOf(network)}) or a data set`,
    received: described(images),
    next: adviceFor(images),
  });
}

function isDataset(value: unknown): value is Dataset {
  return typeof (value as Dataset | undefined)?.gather === 'function';
}

/** A list or a typed array of numbers. */
export function isNumbers(value: unknown): value is ArrayLike<number> {
  return (
    (Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value)) &&
    Array.from(value as ArrayLike<unknown>).every((each) => typeof each === 'number')
  );
}

function shapeOf({ inputShape }: Network): string {
  return `[count, ${inputShape.join(', ')}]`;
}

function described(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return `${value}`;
  const { name } = value.constructor ?? {};
  return /^[AEIOU]/.test(name) ? `an ${name}` : `a ${name ?? 'object'}`;
}

function adviceFor(images: unknown, labels?: unknown): string | undefined {
  if (typeof images === 'string') return 'Read the image first: decodeImage of harrier/node or harrier/web.';
  if (images instanceof Float32Array || images instanceof Float64Array) {
    return 'Give pixels as they are, 0 to 255, in a Uint8Array: scaling is part of the model.';
  }
  if (images instanceof Uint8Array && !isNumbers(labels))
    return 'Give the labels too: one number for each image.';
  if (Array.isArray(images)) return 'Put all pixels in one Uint8Array, image after image.';
  if (typeof images === 'object' && images !== null && 'train' in images)
    return 'Give one of its parts: fit(data.train), evaluate(data.test).';
  return 'memoryDataset makes a data set of pixels, imageFolder of harrier/node of a folder.';
}
