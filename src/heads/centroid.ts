import { temperatureOf } from '../evaluation/temperature.ts';
import { classDirections } from './directions.ts';
import { type Folds, foldsOf } from './folds.ts';
import { checkHeadData, type DenseWeights, type HeadData, type HeadOptions, stacked } from './head-data.ts';
import { foldStandardization, standardizationOf, standardized } from './standardize.ts';

/** A head that names the class whose mean direction is nearest. */
export interface CentroidHead extends DenseWeights {
  readonly kind: 'centroid';
  /** Fraction of the images that it is right about. */
  readonly accuracy: number;
  readonly loss: number;
}

/** What cosines are multiplied by where no image can be held out. */
const DEFAULT_SCALE = 10;
/** The score of a class without images: no image is of it. It fits into half-precision numbers. */
const NEVER = -1e4;

/**
 * The class whose mean is nearest by angle, on standardised features, written as a Dense layer: its kernel holds the
 * direction of every class's mean. For 1 to 5 images a class, where there is too little to fit more. How sure it is
 * comes from held-out images, where a class has more than one. A class without images is never named.
 *
 * After Y. Wang, W.-L. Chao, K. Q. Weinberger, L. van der Maaten, "SimpleShot", 2019 (arXiv:1911.04623).
 *
 * @throws HarrierError `bad-data`, `bad-shape` when the data cannot be used
 */
export function fitCentroid(all: HeadData, { seed }: HeadOptions): CentroidHead {
  checkHeadData(all);
  const { data, places } = ofKnownClasses(all);
  const rows = stacked(data);
  const standardization = standardizationOf(rows, data.size);
  const scaled = standardized(rows, standardization);
  const length = typicalLength(scaled, data.size);
  const folds = places.length > 1 ? foldsOf(data, seed) : undefined;
  const scale = folds ? 1 / temperatureOfFolds(scaled, data, folds) : DEFAULT_SCALE / length;
  const kernel = classDirections(scaled, data).map((value) => value * scale);
  const dense = foldStandardization({ kernel, bias: new Float32Array(places.length) }, standardization);
  const head = amongAll(dense, places, all.classNames.length);
  return { kind: 'centroid', ...head, ...measured(scaled, kernel, data) };
}

/** The images with the classes alone that have some, and the places of these among all. */
function ofKnownClasses(all: HeadData): { readonly data: HeadData; readonly places: readonly number[] } {
  const places = [...new Set(all.labels)].sort((a, b) => a - b);
  const own = new Map(places.map((label, i) => [label, i]));
  const labels = all.labels.map((label) => own.get(label)!);
  return { data: { ...all, labels, classNames: places.map((label) => all.classNames[label]) }, places };
}

/** The layer with all classes: those that it lacks have a score by which they are never named. */
function amongAll({ kernel, bias }: DenseWeights, places: readonly number[], classes: number): DenseWeights {
  const wide = new Float32Array((kernel.length / places.length) * classes);
  const scores = new Float32Array(classes).fill(NEVER);
  for (const [i, label] of places.entries()) scores[label] = bias[i];
  for (let i = 0; i < kernel.length; i++) {
    wide[Math.floor(i / places.length) * classes + places[i % places.length]] = kernel[i];
  }
  return { kernel: wide, bias: scores };
}

/** The mean length of a row: for what a cosine is multiplied by. */
function typicalLength(rows: Float32Array, size: number): number {
  let sum = 0;
  for (let start = 0; start < rows.length; start += size) sum += lengthOf(rows.subarray(start, start + size));
  return sum / (rows.length / size) || 1;
}

/** With the temperature, the directions of a fold's other images say of the fold what they mean. */
function temperatureOfFolds(rows: Float32Array, data: HeadData, { count, foldOf }: Folds): number {
  const { labels, classNames } = data;
  const classes = classNames.length;
  const scores = new Float64Array(foldOf.filter((fold) => fold >= 0).length * classes);
  const held: number[] = [];
  for (let fold = 0; fold < count; fold++) {
    const kernel = classDirections(rows, data, (image) => foldOf[image] !== fold);
    foldOf.forEach((own, image) => {
      if (own !== fold) return;
      scores.set(scoresOf(rows, kernel, data, image), held.length * classes);
      held.push(labels[image]);
    });
  }
  return temperatureOf(scores, held, classes, {
    coldest: 1e-3,
    hottest: 1e3,
    labelSmoothing: classes / (held.length + classes),
  });
}

function scoresOf(
  rows: Float32Array,
  kernel: Float32Array,
  { size, classNames }: HeadData,
  row: number,
): Float64Array {
  const classes = classNames.length;
  const scores = new Float64Array(classes);
  for (let i = 0; i < size; i++) {
    const feature = rows[row * size + i];
    for (let label = 0; label < classes; label++) scores[label] += feature * kernel[i * classes + label];
  }
  return scores;
}

/** How good it is on the images that it was made from. */
function measured(
  rows: Float32Array,
  kernel: Float32Array,
  data: HeadData,
): { readonly loss: number; readonly accuracy: number } {
  const { labels } = data;
  let [loss, right] = [0, 0];
  labels.forEach((label, image) => {
    const scores = scoresOf(rows, kernel, data, image);
    const most = Math.max(...scores);
    loss += Math.log(scores.reduce((sum, score) => sum + Math.exp(score - most), 0)) + most - scores[label];
    right += Number(scores.indexOf(most) === label);
  });
  return { loss: loss / labels.length, accuracy: right / labels.length };
}

function lengthOf(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] ** 2;
  return Math.sqrt(sum);
}
