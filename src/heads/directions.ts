import { foldsOf } from './folds.ts';
import type { HeadData } from './head-data.ts';

/**
 * The direction of every class's mean, each image counted with length 1: `[size, classes]`, columns of length 1; 0 for a
 * class without images.
 *
 * @param rows float32 `[views · images, size]`, all views one below the other
 * @param isUsed whether an image counts. Default: all do
 */
export function classDirections(
  rows: Float32Array,
  { size, labels, classNames }: Pick<HeadData, 'size' | 'labels' | 'classNames'>,
  isUsed: (image: number) => boolean = () => true,
): Float32Array {
  const classes = classNames.length;
  const means = classNames.map(() => new Float64Array(size));
  for (let row = 0; row < rows.length / size; row++) {
    const image = row % labels.length;
    if (!isUsed(image)) continue;
    const features = rows.subarray(row * size, (row + 1) * size);
    const length = lengthOf(features) || 1;
    const mean = means[labels[image]];
    for (let i = 0; i < size; i++) mean[i] += features[i] / length;
  }
  const kernel = new Float32Array(size * classes);
  means.forEach((mean, label) => {
    const length = lengthOf(mean) || 1;
    for (let i = 0; i < size; i++) kernel[i * classes + label] = mean[i] / length;
  });
  return kernel;
}

/** The same without the columns of classes that have no images: nothing is near to these. */
export function knownDirections(...images: Parameters<typeof classDirections>): Float32Array {
  const directions = classDirections(...images);
  const [, { size }] = images;
  const classes = directions.length / size;
  const isKnown = Array.from({ length: classes }, () => false);
  directions.forEach((value, i) => {
    isKnown[i % classes] ||= value !== 0;
  });
  return directions.filter((_, i) => isKnown[i % classes]);
}

/** Of every row, 1 − the largest cosine to one of the directions: from 0 to 2. */
export function distancesTo(directions: Float32Array, rows: Float32Array, size: number): Float64Array {
  const classes = directions.length / size;
  return Float64Array.from({ length: rows.length / size }, (_, row) =>
    distanceOf(directions, rows.subarray(row * size, (row + 1) * size), classes),
  );
}

/** Images that were held out, each measured by the class means of the others. */
export interface HeldOutDistances {
  /** Their places, in order. */
  readonly images: readonly number[];
  /** 1 − the largest cosine to a class mean, image by image. */
  readonly distances: Float64Array;
}

/**
 * The distances of images to class means that they had no part in: by the folds that a linear head is chosen with.
 * @returns undefined where no class has two images
 */
export function heldOutDistances(
  rows: Float32Array,
  data: Pick<HeadData, 'size' | 'labels' | 'classNames' | 'copies'>,
  seed: number,
): HeldOutDistances | undefined {
  const folds = foldsOf(data, seed);
  if (!folds) return undefined;
  const { size } = data;
  const all = new Map<number, number>();
  for (let fold = 0; fold < folds.count; fold++) {
    const directions = knownDirections(rows, data, (image) => folds.foldOf[image] !== fold);
    folds.foldOf.forEach((own, image) => {
      if (own !== fold) return;
      const features = rows.subarray(image * size, (image + 1) * size);
      all.set(image, distanceOf(directions, features, directions.length / size));
    });
  }
  const images = [...all.keys()].sort((a, b) => a - b);
  return { images, distances: Float64Array.from(images, (image) => all.get(image)!) };
}

function distanceOf(directions: Float32Array, features: Float32Array, classes: number): number {
  const products = new Float64Array(classes);
  let squares = 0;
  for (let i = 0; i < features.length; i++) {
    squares += features[i] ** 2;
    for (let label = 0; label < classes; label++) {
      products[label] += features[i] * directions[i * classes + label];
    }
  }
  return 1 - Math.max(...products) / Math.sqrt(squares + 1e-12);
}

function lengthOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ** 2;
  return Math.sqrt(sum);
}
