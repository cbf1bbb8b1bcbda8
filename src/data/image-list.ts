import { HarrierError } from '../errors.ts';
import { jsonObject } from '../json-text.ts';
import { type Dataset, imageBytes } from './dataset.ts';
import type { Sha256 } from './sha256.ts';
import { classText } from './tags.ts';

/** The part of the data that an image is in. */
export type Part = 'train' | 'validation' | 'test';

/** One image of a run's data, as the run saw it. */
export interface ListedImage {
  readonly file: string;
  /** Its class; of several labels, all with semicolons between. */
  readonly label: string;
  readonly split: Part;
  /** Of its pixels at the size that the model takes, hex. */
  readonly sha256: string;
}

/** Hexadecimal digits of a hash that are kept: 64 bits tell a billion images apart. */
const DIGITS = 16;

/** All images of a run's data, part by part. */
export function listImages(
  parts: readonly (readonly [Part, Dataset | undefined])[],
  sha256: () => Sha256,
): ListedImage[] {
  return parts.flatMap(([split, dataset]) => {
    if (!dataset) return [];
    const pixels = new Uint8Array(imageBytes(dataset.imageShape));
    return Array.from(dataset.labels, (_, index) => {
      dataset.gather([index], pixels);
      return {
        file: dataset.describe(index),
        label: classText(dataset, index),
        split,
        sha256: sha256().update(pixels).digest().slice(0, DIGITS),
      };
    });
  });
}

/** As JSON Lines, with the names that lists of images have. */
export function imageListToText(images: readonly ListedImage[]): string {
  return images.map((image) => `${JSON.stringify(image)}\n`).join('');
}

/**
 * Reads what `imageListToText` wrote.
 * @throws HarrierError `bad-checkpoint` when a line is no such image
 */
export function imageListFromText(text: string, where: string): ListedImage[] {
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line, i) => {
    const image = jsonObject(line);
    const isImage =
      image &&
      (['file', 'label', 'split', 'sha256'] as const).every((name) => typeof image[name] === 'string');
    if (isImage) return image as unknown as ListedImage;
    throw new HarrierError('bad-checkpoint', 'this line is not an image of a run', {
      where: `${where}, line ${i + 1}`,
      expected: '{"file": …, "label": …, "split": …, "sha256": …}',
      received: line.slice(0, 80),
      next: 'Restore the file, or train again.',
    });
  });
}

/** An image that is in both runs, and what of it differs. */
export interface ChangedImage {
  readonly before: ListedImage;
  readonly after: ListedImage;
}

/** How the images of two runs differ. */
export interface ImageListDiff {
  /** Only in the second run. */
  readonly came: readonly ListedImage[];
  /** Only in the first run. */
  readonly went: readonly ListedImage[];
  /** In both, of another class. */
  readonly relabelled: readonly ChangedImage[];
  /** In both, of the same class, in another part of the data. */
  readonly moved: readonly ChangedImage[];
  /** Of the same name, with other pixels. */
  readonly edited: readonly ChangedImage[];
  /** The same in both. */
  readonly unchanged: number;
}

/**
 * Compares the images of two runs. Images are the same if their pixels are, whatever they are called; of those that are
 * left, ones of the same name are the same image, edited. Copies of one image are paired one by one, first those of the
 * same class and part.
 *
 * @param comparesPixels false where the two runs saw images of different sizes: names alone count then
 */
export function diffImageLists(
  before: readonly ListedImage[],
  after: readonly ListedImage[],
  comparesPixels = true,
): ImageListDiff {
  const pairs: ChangedImage[] = [];
  const edited: ChangedImage[] = [];
  let [left, right] = [before, after];
  const pair = (keyOf: (image: ListedImage) => string, into: ChangedImage[]) => {
    const waiting = new Map<string, ListedImage[]>();
    for (const image of left) waiting.set(keyOf(image), [...(waiting.get(keyOf(image)) ?? []), image]);
    const rest: ListedImage[] = [];
    for (const image of right) {
      const own = waiting.get(keyOf(image))?.shift();
      if (own) into.push({ before: own, after: image });
      else rest.push(image);
    }
    left = [...waiting.values()].flat();
    right = rest;
  };
  if (comparesPixels) {
    pair(({ sha256, label, split }) => JSON.stringify([sha256, label, split]), pairs);
    pair(({ sha256, label }) => JSON.stringify([sha256, label]), pairs);
    pair(({ sha256 }) => sha256, pairs);
    pair(({ file }) => file, edited);
  } else pair(({ file }) => file, pairs);
  const all = [...pairs, ...edited];
  const isRelabelled = (each: ChangedImage) => each.before.label !== each.after.label;
  const isMoved = (each: ChangedImage) => !isRelabelled(each) && each.before.split !== each.after.split;
  return {
    came: right,
    went: left,
    relabelled: all.filter(isRelabelled),
    moved: all.filter(isMoved),
    edited,
    unchanged: pairs.filter((each) => !isRelabelled(each) && !isMoved(each)).length,
  };
}
