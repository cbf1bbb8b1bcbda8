import { encodeNpy } from '../data/npy.ts';
import { csvCell } from '../format/csv.ts';
import { printable } from '../format/format.ts';
import { encodeSafetensors } from '../models/index.ts';

/** Features of images, with what the images are called and show. */
export interface FeatureList {
  /** float32 `[images, size]`. */
  readonly features: Float32Array;
  readonly size: number;
  /** Of every image: its file, and the part of the data set that it is in, such as `train`. */
  readonly files: readonly string[];
  readonly parts: readonly string[];
  /** Class index of every image. */
  readonly labels: ArrayLike<number>;
  /** Where images have any number of labels: those of every image, as indices. */
  readonly several?: readonly (readonly number[])[];
  readonly classNames: readonly string[];
  /** The network that they are of. */
  readonly model: { readonly name: string; readonly hash: string };
}

/** Kinds of files that features are written to. */
export const FEATURE_FORMATS = ['safetensors', 'npy', 'csv'] as const;
export type FeatureFormat = (typeof FEATURE_FORMATS)[number];

/**
 * Features as a file.
 *
 * - `safetensors`: an array `features`, `[images, size]`; the metadata hold `files`, `parts`, `labels` and `classNames`
 *   as JSON, and the network's name and hash;
 * - `csv`: a line for each image: file, part, class, label, and a column for each feature;
 * - `npy`: the array alone; `imagesToCsv` has the rest.
 */
export function encodeFeatures(list: FeatureList, format: FeatureFormat): Uint8Array | string {
  const { features, size, files, parts, labels, several, classNames, model } = list;
  const shape = [files.length, size];
  if (format === 'npy') return encodeNpy(features, shape);
  if (format === 'csv') return imagesToCsv(list, features);
  return encodeSafetensors({
    tensors: new Map([['features', { shape, data: features }]]),
    metadata: {
      files: JSON.stringify(files),
      parts: JSON.stringify(parts),
      labels: JSON.stringify(several ?? Array.from(labels)),
      classNames: JSON.stringify(classNames),
      model: model.name,
      modelHash: model.hash,
    },
  });
}

/** A line for each image: file, part, class and label (of several, all with semicolons), and its features where they are given. */
export function imagesToCsv(
  { files, parts, labels, several, classNames, size }: FeatureList,
  features?: Float32Array,
): string {
  const cell = (text: string) => csvCell(printable(text));
  const columns = features ? Array.from({ length: size }, (_, i) => `feature ${i}`) : [];
  const lines = [['file', 'part', 'class', 'label', ...columns].join(',')];
  files.forEach((file, image) => {
    const own = features ? Array.from(features.subarray(image * size, (image + 1) * size), shortest) : [];
    const shown = several?.[image] ?? [labels[image]];
    const names = shown.map((label) => classNames[label]).join(';');
    lines.push([cell(file), cell(parts[image]), cell(names), shown.join(';'), ...own].join(','));
  });
  return `${lines.join('\n')}\n`;
}

/** The digits that a float32 needs to come back as it was. */
function shortest(value: number): number {
  return Number(value.toPrecision(9));
}
