import { random } from '../data/random.ts';
import { accuracyInterval } from '../evaluation/cross-validation.ts';
import { type Folds, foldsOf } from '../heads/folds.ts';
import { type HeadData, stacked } from '../heads/head-data.ts';
import { LinearObjective } from '../heads/linear-graph.ts';
import { minimize } from '../heads/minimize.ts';
import { standardizationOf, standardized } from '../heads/standardize.ts';
import type { Runtime } from '../runtime/index.ts';
import { errorAt, fitPowerLaw, type MeasuredError } from './power-law.ts';

/** How often a head is right that was fitted on some number of images. */
export interface CurvePoint {
  /** Images that it was fitted on: the mean over the folds. */
  readonly images: number;
  /** Fraction of the images that it was not fitted on and is right about. */
  readonly accuracy: number;
  /** 95% interval (Wilson), wider where images come in groups. */
  readonly interval95: readonly [number, number];
}

/** What more images would bring. */
export interface LearningCurve {
  /** From few images to all that can be trained on. */
  readonly points: readonly CurvePoint[];
  /** With twice as many training images; absent where there are too few sizes to continue. */
  readonly forecast?: CurvePoint & {
    /** By how much the accuracy would grow, and its 95% interval (bootstrap). */
    readonly gain: number;
    readonly gainInterval95: readonly [number, number];
  };
}

export interface LearningCurveOptions {
  readonly seed: number;
  /** Inverse of the strength of regularisation. */
  readonly c: number;
  /** Whether a head that was fitted on all other folds is right: of every image that was held out. */
  readonly correct: ReadonlyMap<number, boolean>;
  /** Fits done, of all. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Halvings of the training images. */
const HALVINGS = 4;
/** With fewer images a class, or groups where images come in such, chance decides. */
const LEAST_PER_CLASS = 3;
/** A curve of fewer sizes is not continued. */
const LEAST_SIZES = 3;
const RESAMPLINGS = 300;
const FITTING = { tolerance: 1e-3, maxSteps: 60 };

/**
 * The learning curve of a linear head: it is fitted on halves, quarters and so on of the images that cross-validation
 * trains on, and evaluated on the images of the fold that is held out. A power law continues the curve. Its uncertainty
 * comes from resampling the images, for all sizes alike. Where images come in groups, both go by groups.
 */
export async function learningCurve(
  runtime: Runtime,
  data: HeadData,
  { seed, c, correct, onProgress }: LearningCurveOptions,
): Promise<LearningCurve> {
  const folds = foldsOf(data, seed);
  if (!folds) return { points: [] };
  const held = [...correct.keys()];
  const groups = data.copies && held.map((image) => data.copies![image]);
  const trained = trainedOn(data, folds, 1, seed);
  const fewest = Math.min(
    mean(trained.map((images) => groupsOf(images, data.copies).length)),
    groupsOf(held, data.copies).length,
  );
  const fractions = Array.from({ length: HALVINGS }, (_, i) => 2 ** (i - HALVINGS)).filter(
    (fraction) => fraction * fewest >= LEAST_PER_CLASS * data.classNames.length,
  );
  const sizes: { images: number; right: boolean[] }[] = [];
  const rows = stacked(data);
  const scaled = standardized(rows, standardizationOf(rows, data.size));
  let point: Float32Array | undefined;
  for (const [i, fraction] of fractions.entries()) {
    onProgress?.(i, fractions.length);
    const used = trainedOn(data, folds, fraction, seed);
    const fitted = await fit(runtime, data, scaled, used, c, point);
    point = fitted.point;
    const right = held.map((image) => isRight(fitted.scores, data, folds, image));
    sizes.push({ images: meanSize(used), right });
  }
  onProgress?.(fractions.length, fractions.length);
  sizes.push({ images: meanSize(trained), right: held.map((image) => correct.get(image)!) });
  const points = sizes.map(({ images, right }): CurvePoint => {
    const count = right.filter(Boolean).length;
    return {
      images: Math.round(images),
      accuracy: count / held.length,
      interval95: accuracyInterval(right, groups),
    };
  });
  const forecast = points.length >= LEAST_SIZES ? continued(sizes, seed, groups) : undefined;
  return { points, ...(forecast && { forecast }) };
}

/**
 * Of every fold, the images that its head is fitted on: `fraction` of each class's, the same ones in larger fractions.
 * Copies go together: half of the images of a video would stand for nearly all of it.
 */
function trainedOn(
  { labels, classNames, copies }: HeadData,
  { count, foldOf }: Folds,
  fraction: number,
  seed: number,
): Set<number>[] {
  const ofClass = classNames.map((): number[] => []);
  for (const [image, label] of labels.entries()) ofClass[label].push(image);
  return Array.from({ length: count }, (_, fold) => {
    const used = new Set<number>();
    for (let label = 0; label < classNames.length; label++) {
      const own = groupsOf(
        ofClass[label].filter((image) => foldOf[image] !== fold),
        copies,
      );
      const order = random(seed, 'learning-curve', fold, label).permutation(own.length);
      const wanted = Math.min(own.length, Math.max(1, Math.round(fraction * own.length)));
      for (const place of order.slice(0, wanted)) for (const image of own[place]) used.add(image);
    }
    return used;
  });
}

/** Images by their groups, in the order of the first of each; without groups, each on its own. */
function groupsOf(images: Iterable<number>, copies?: ArrayLike<number>): number[][] {
  const groups = new Map<number, number[]>();
  for (const image of images) {
    const group = copies ? copies[image] : image;
    const members = groups.get(group);
    if (members) members.push(image);
    else groups.set(group, [image]);
  }
  return [...groups.values()];
}

function meanSize(sets: readonly Set<number>[]): number {
  return mean(sets.map(({ size }) => size));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A head for each fold, all at once. */
async function fit(
  runtime: Runtime,
  { labels, size, classNames, views }: HeadData,
  scaled: Float32Array,
  used: readonly Set<number>[],
  c: number,
  from?: Float32Array,
): Promise<{ readonly point: Float32Array; readonly scores: Float32Array }> {
  const classes = classNames.length;
  const heads = used.length;
  const rows = views.length * labels.length;
  const targets = new Float32Array(rows * heads * classes);
  for (let row = 0; row < rows; row++) {
    const image = row % labels.length;
    for (const [head, own] of used.entries()) {
      if (own.has(image)) targets[(row * heads + head) * classes + labels[image]] = 1;
    }
  }
  const objective = await LinearObjective.open(runtime, { rows, size, classes, heads }, scaled, targets);
  try {
    // The objective is a mean over images and heads; C counts in sums.
    const strength = 1 / (2 * c * labels.length * heads);
    // The gradient is that of the mean over all images, of which few are fitted on.
    const tolerance = (FITTING.tolerance / heads) * Math.min(1, meanSize(used) / labels.length);
    const { point } = await minimize(
      (at) => objective.at(at, strength),
      from ?? new Float32Array(objective.length),
      { ...FITTING, tolerance },
    );
    return { point, scores: (await objective.at(point, strength)).scores };
  } finally {
    await objective.dispose();
  }
}

function isRight(
  scores: Float32Array,
  { labels, classNames }: HeadData,
  { count, foldOf }: Folds,
  image: number,
): boolean {
  const classes = classNames.length;
  const start = (image * count + foldOf[image]) * classes;
  const row = scores.subarray(start, start + classes);
  return row.indexOf(Math.max(...row)) === labels[image];
}

/**
 * The curve at twice its last size.
 * @param groups of each image the number of its group, where some belong together: they are drawn together too
 */
function continued(
  sizes: readonly { readonly images: number; readonly right: readonly boolean[] }[],
  seed: number,
  groups?: readonly number[],
): NonNullable<LearningCurve['forecast']> {
  const last = sizes[sizes.length - 1];
  const count = last.right.length;
  const lots = groupsOf(last.right.keys(), groups);
  const twice = 2 * last.images;
  const errorsOf = (drawn: ArrayLike<number>) =>
    sizes.map(({ images, right }): MeasuredError => {
      let wrong = 0;
      for (let i = 0; i < drawn.length; i++) wrong += Number(!right[drawn[i]]);
      // As if one image more were right and one more wrong: an error of 0 has an uncertainty too.
      const error = (wrong + 1) / (drawn.length + 2);
      return { images, error: wrong / drawn.length, weight: drawn.length / (error * (1 - error)) };
    });
  const gainOf = (errors: readonly MeasuredError[]) => {
    const law = fitPowerLaw(errors);
    const gain = errorAt(law, last.images) - errorAt(law, twice);
    // What is measured with all images and the gain add up to the forecast.
    return { gain, accuracy: Math.min(1, 1 - errors[errors.length - 1].error + gain) };
  };
  const resampled = Array.from({ length: RESAMPLINGS }, (_, i) => {
    const stream = random(seed, 'learning-curve-resampling', i);
    return gainOf(errorsOf(lots.flatMap(() => lots[stream.integer(lots.length)])));
  });
  const interval = (values: readonly number[]): [number, number] => {
    const sorted = values.toSorted((a, b) => a - b);
    const at = (fraction: number) => sorted[Math.round(fraction * (sorted.length - 1))];
    return [at(0.025), at(0.975)];
  };
  const found = gainOf(errorsOf(Array.from({ length: count }, (_, i) => i)));
  return {
    images: Math.round(twice),
    accuracy: found.accuracy,
    interval95: interval(resampled.map(({ accuracy }) => accuracy)),
    gain: found.gain,
    gainInterval95: interval(resampled.map(({ gain }) => gain)),
  };
}
