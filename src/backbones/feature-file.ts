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
  if (format === 'csv') return csvBytes(list);
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
export function imagesToCsv(list: FeatureList): string {
  return [...csvLines(list)].join('');
}

/** Lines that are encoded together: of many images with features, all would be more than a string can be. */
const AT_ONCE = 1000;

function csvBytes(list: FeatureList): Uint8Array {
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  let lines: string[] = [];
  const flush = () => {
    parts.push(encoder.encode(lines.join('')));
    lines = [];
  };
  for (const line of csvLines(list, list.features)) {
    lines.push(line);
    if (lines.length === AT_ONCE) flush();
  }
  flush();
  const bytes = new Uint8Array(parts.reduce((total, { length }) => total + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function* csvLines(
  { files, parts, labels, several, classNames, size }: FeatureList,
  features?: Float32Array,
): Generator<string> {
  const cell = (text: string) => csvCell(printable(text));
  const columns = features ? Array.from({ length: size }, (_, i) => `feature ${i}`) : [];
  yield `${['file', 'part', 'class', 'label', ...columns].join(',')}\n`;
  for (const [image, file] of files.entries()) {
    const own = features ? Array.from(features.subarray(image * size, (image + 1) * size), shortest) : [];
    const shown = several?.[image] ?? [labels[image]];
    const names = shown.map((label) => classNames[label]).join(';');
    yield `${[cell(file), cell(parts[image]), cell(names), shown.join(';'), ...own].join(',')}\n`;
  }
}

/** The digits that a float32 needs to come back as it was. */
function shortest(value: number): number {
  return Number(value.toPrecision(9));
}
