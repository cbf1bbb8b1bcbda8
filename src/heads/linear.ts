import { classWeights } from '../data/class-weight.ts';
import { pickTags } from '../data/tags.ts';
import { labelTemperatureOf, temperatureOf } from '../evaluation/temperature.ts';
import type { Runtime } from '../runtime/index.ts';
import { type Folds, foldsOf } from './folds.ts';
import { checkHeadData, type DenseWeights, type HeadData, type HeadOptions, stacked } from './head-data.ts';
import { LinearObjective } from './linear-graph.ts';
import { minimize } from './minimize.ts';
import { rowSpaceOf } from './row-space.ts';
import { foldStandardization, standardizationOf, standardized } from './standardize.ts';

/** How good heads of one strength of regularisation are on images that they were not fitted on. */
export interface StrengthScore {
  /** Inverse of the strength of regularisation: the larger, the closer the head follows its images. */
  readonly c: number;
  /** Mean cross-entropy in nats, by class weights, at the best temperature. */
  readonly loss: number;
  readonly accuracy: number;
}

/** What cross-validation found. */
export interface CrossValidation {
  readonly folds: number;
  /** In the order of C. */
  readonly scores: readonly StrengthScore[];
  /** What the head's scores are divided by, so that its probabilities of held-out images mean what they say. */
  readonly temperature: number;
  /**
   * Scores (logits) of all images, each by a head that was not fitted on it, at the chosen C and
   * temperature: float32 `[images, classes]`. Rows of NaN where an image was never held out.
   */
  readonly heldOut: Float32Array;
}

/** A linear head, and how it was found. */
export interface LinearHead extends DenseWeights {
  readonly kind: 'linear';
  /** Inverse of the strength of regularisation. */
  readonly c: number;
  /** Absent where C was given, or no image could be held out. */
  readonly crossValidation?: CrossValidation;
  /** Mean cross-entropy on the images that it was fitted on, without the penalty. */
  readonly loss: number;
  /** Fraction of these images that it is right about. */
  readonly accuracy: number;
}

export interface LinearOptions extends HeadOptions {
  /** Inverse of the strength of regularisation, as in scikit-learn. Default: chosen by cross-validation. */
  readonly c?: number;
}

/** The strengths that are tried: half decades, the strongest first. */
const GRID: readonly number[] = Array.from({ length: 11 }, (_, i) => 10 ** (-4 + i / 2));
/** Where no image can be held out: what suits few images of many features. */
export const DEFAULT_C = 0.01;
/** No weaker regularisation is tried after so many in a row that lowered the loss by less than a hundredth. */
const [PATIENCE, PROGRESS] = [2, 0.01];
/** Strong regularisation makes scores small, which says nothing against it. */
const TEMPERATURES = { coldest: 1e-3, hottest: 1e2 };
/** Cross-validation only ranks; the head itself is fitted to the end. */
const [RANKING, FINAL] = [
  { tolerance: 1e-3, maxSteps: 60 },
  { tolerance: 1e-5, maxSteps: 500 },
];

/**
 * Multinomial logistic regression on features, or one logistic regression for each label of images that have any number of
 * them (one against the rest): the minimum of C · Σ cross-entropy + ½ · Σ kernel², as scikit-learn has
 * it, on standardised features; the standardisation is folded into the layer. Each view of an image counts an equal part
 * of it. C is chosen by stratified cross-validation on these images, from strong to weak, each fit beginning where the
 * one before ended.
 *
 * @throws HarrierError `bad-data`, `bad-shape`, `bad-option` when the data or an option cannot be used
 */
export async function fitLinear(
  runtime: Runtime,
  data: HeadData,
  options: LinearOptions,
): Promise<LinearHead> {
  checkHeadData(data);
  const { standardization, rows, lift } = fittingRows(data);
  const folds = options.c === undefined ? foldsOf(data, options.seed) : undefined;
  const chosen = folds && (await crossValidate(runtime, data, rows, folds, options));
  const c = options.c ?? chosen?.c ?? DEFAULT_C;
  const objective = await open(runtime, data, rows, undefined, options);
  try {
    const strength = strengthOf(c, data, 1);
    const { point } = await minimize(
      (at) => objective.at(at, strength),
      chosen?.from ?? new Float32Array(objective.length),
      FINAL,
    );
    const found = await objective.at(point, 0);
    options.onProgress?.(1, 1);
    const classes = data.classNames.length;
    const scaledBy = 1 / (chosen?.validation.temperature ?? 1);
    const kernel = lift(point.slice(0, rows.size * classes), classes);
    const bias = point.slice(rows.size * classes);
    return {
      kind: 'linear',
      ...foldStandardization(
        { kernel: kernel.map((weight) => weight * scaledBy), bias: bias.map((weight) => weight * scaledBy) },
        standardization,
      ),
      c,
      ...(chosen && { crossValidation: chosen.validation }),
      loss: found.value,
      accuracy: accuracyOf(found.scores, data),
    };
  } finally {
    await objective.dispose();
  }
}

/**
 * What heads say of images that they were not fitted on, by the cross-validation of `fitLinear` and without a head for all
 * of them.
 *
 * @returns undefined where no image can be held out
 * @throws HarrierError `bad-data`, `bad-shape`, `bad-option` as `fitLinear`
 */
export async function crossValidateLinear(
  runtime: Runtime,
  data: HeadData,
  options: HeadOptions,
): Promise<(CrossValidation & Pick<LinearHead, 'c'>) | undefined> {
  checkHeadData(data);
  const folds = foldsOf(data, options.seed);
  if (!folds) return undefined;
  const { c, validation } = await crossValidate(runtime, data, fittingRows(data).rows, folds, options);
  options.onProgress?.(1, 1);
  return { ...validation, c };
}

/** Standardised features of all views, in as few numbers as they need. */
interface Rows {
  /** float32 `[views · images, size]`. */
  readonly values: Float32Array;
  readonly size: number;
}

/** What heads are fitted on, and the way back to kernels of the features. */
function fittingRows(data: HeadData) {
  const all = stacked(data);
  const standardization = standardizationOf(all, data.size);
  const scaled = standardized(all, standardization);
  const space = rowSpaceOf(scaled, data.size);
  const rows: Rows = space
    ? { values: space.coordinates, size: space.rank }
    : { values: scaled, size: data.size };
  return { standardization, rows, lift: space?.lift ?? ((kernel: Float32Array) => kernel) };
}

interface Chosen {
  readonly c: number;
  readonly validation: CrossValidation;
  /** Where the fit on all images begins: the mean of the folds' heads. */
  readonly from: Float32Array;
}

async function crossValidate(
  runtime: Runtime,
  data: HeadData,
  rows: Rows,
  folds: Folds,
  options: LinearOptions,
): Promise<Chosen> {
  const objective = await open(runtime, data, rows, folds, options);
  const weights = classWeights(nameOf(data), options.classWeight);
  const tried: Tried[] = [];
  let point: Float32Array = new Float32Array(objective.length);
  try {
    for (const [i, c] of GRID.entries()) {
      options.onProgress?.(i, GRID.length + 1);
      const strength = strengthOf(c, data, folds.count);
      const { tolerance, maxSteps } = RANKING;
      const found = await minimize((at) => objective.at(at, strength), point, {
        tolerance: tolerance / folds.count,
        maxSteps,
      });
      point = found.point;
      const { scores } = await objective.at(point, strength);
      tried.push({ c, point, ...scoreHeldOut(scores, data, folds, weights) });
      // Heads too weak to say anything of other images are no reason to stop.
      const isTelling = tried.some(({ temperature }) => temperature < TEMPERATURES.hottest);
      if (tried.length > PATIENCE && isTelling && !improved(tried)) break;
    }
  } finally {
    await objective.dispose();
  }
  const chosen = tried[chosenOf(tried)];
  const { calibrate = true } = options;
  return {
    c: chosen.c,
    validation: {
      folds: folds.count,
      scores: tried.map(({ c, loss, accuracy }) => ({ c, loss, accuracy })),
      temperature: calibrate ? chosen.temperature : 1,
      heldOut: calibrate ? chosen.heldOut : chosen.heldOut.map((score) => score * chosen.temperature),
    },
    from: meanHead(chosen.point, rows.size, data.classNames.length, folds.count),
  };
}

/** One strength of regularisation, tried. */
interface Tried extends StrengthScore, HeldOut {
  readonly point: Float32Array;
}

/** Whether the last few were worth trying. */
function improved(tried: readonly Tried[]): boolean {
  const lowest = (some: readonly Tried[]) => Math.min(...some.map(({ loss }) => loss));
  return lowest(tried.slice(-PATIENCE)) < (1 - PROGRESS) * lowest(tried.slice(0, -PATIENCE));
}

/** The place of the lowest loss. */
function bestOf(tried: readonly Tried[]): number {
  return tried.reduce((best, { loss }, i) => (loss < tried[best].loss ? i : best), 0);
}

/**
 * The strongest regularisation that is no worse than the best by more than chance explains: by one standard error of the
 * differences between the images' losses. Differences below that are noise, and simpler heads do better on other images.
 */
function chosenOf(tried: readonly Tried[]): number {
  const best = tried[bestOf(tried)];
  return tried.findIndex(({ losses }) => {
    const differences = losses.map((loss, i) => loss - best.losses[i]);
    const mean = differences.reduce((sum, each) => sum + each, 0) / differences.length;
    const variance =
      differences.reduce((sum, each) => sum + (each - mean) ** 2, 0) / Math.max(1, differences.length - 1);
    return mean <= Math.sqrt(variance / differences.length);
  });
}

function open(
  runtime: Runtime,
  data: HeadData,
  { values, size }: Rows,
  folds: Folds | undefined,
  { classWeight, labelSmoothing }: LinearOptions,
): Promise<LinearObjective> {
  const { labels, tags, views, classNames } = data;
  const heads = folds?.count ?? 1;
  const classes = classNames.length;
  const weights = classWeights(nameOf(data), classWeight);
  const rows = views.length * labels.length;
  const targets = new Float32Array(rows * heads * classes);
  const counted = tags && new Float32Array(rows * heads);
  for (let row = 0; row < rows; row++) {
    const image = row % labels.length;
    for (let head = 0; head < heads; head++) {
      if (folds?.foldOf[image] === head) continue;
      const start = (row * heads + head) * classes;
      if (tags) targets.set(tags.subarray(image * classes, (image + 1) * classes), start);
      else targets[start + labels[image]] = weights[labels[image]];
      if (counted) counted[row * heads + head] = 1;
    }
  }
  const how = { rows, size, classes, heads, labelSmoothing, ...(tags && { multiLabel: true }) };
  return LinearObjective.open(runtime, how, values, targets, counted);
}

/** The objective is a mean over images and heads; C counts in sums. */
function strengthOf(c: number, { labels }: HeadData, heads: number): number {
  return 1 / (2 * c * labels.length * heads);
}

function nameOf({ name, labels, classNames }: HeadData) {
  return { name, size: labels.length, labels, classNames };
}

/** What heads say of the images that they were not fitted on. */
interface HeldOut {
  /** `[images, classes]`, divided by the temperature; NaN where an image was never held out. */
  readonly heldOut: Float32Array;
  readonly temperature: number;
  /** Cross-entropy of every image that was held out, times its class weight. */
  readonly losses: Float64Array;
  readonly loss: number;
  readonly accuracy: number;
}

function scoreHeldOut(
  scores: Float32Array,
  { labels, tags, classNames }: HeadData,
  { foldOf, count }: Folds,
  weights: readonly number[],
): HeldOut {
  const classes = classNames.length;
  const images = [...foldOf.keys()].filter((image) => foldOf[image] >= 0);
  const own = new Float64Array(images.length * classes);
  images.forEach((image, i) => {
    const start = (image * count + foldOf[image]) * classes;
    own.set(scores.subarray(start, start + classes), i * classes);
  });
  const trueLabels = images.map((image) => labels[image]);
  const temperature = tags
    ? labelTemperatureOf(own, pickTags(tags, classes, images), TEMPERATURES)
    : temperatureOf(own, trueLabels, classes, {
        ...TEMPERATURES,
        // As if one image of each class more had been seen: Laplace's rule of succession.
        labelSmoothing: classes / (images.length + classes),
      });
  const heldOut = new Float32Array(labels.length * classes).fill(Number.NaN);
  const losses = new Float64Array(images.length);
  let [weighed, right] = [0, 0];
  images.forEach((image, i) => {
    const row = own.subarray(i * classes, (i + 1) * classes).map((score) => score / temperature);
    heldOut.set(row, image * classes);
    if (tags) {
      const own = tags.subarray(image * classes, (image + 1) * classes);
      losses[i] = row.reduce((sum, score, label) => sum + softplus(score) - own[label] * score, 0);
      weighed++;
      right += Number(isExact(row, own));
      return;
    }
    const label = labels[image];
    const most = Math.max(...row);
    const sum = row.reduce((total, score) => total + Math.exp(score - most), 0);
    losses[i] = weights[label] * (Math.log(sum) + most - row[label]);
    weighed += weights[label];
    right += Number(row.indexOf(most) === label);
  });
  return {
    heldOut,
    temperature,
    losses,
    loss: losses.reduce((total, loss) => total + loss, 0) / weighed,
    accuracy: right / images.length,
  };
}

/** ln(1 + eˣ), which does not overflow. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** Whether the labels with a probability of at least one half are those of an image. */
function isExact(scores: ArrayLike<number>, tags: Uint8Array): boolean {
  return tags.every((tag, label) => scores[label] >= 0 === (tag === 1));
}

/** @param scores `[rows, classes]`, the images as they are first */
function accuracyOf(scores: Float32Array, { labels, tags, classNames }: HeadData): number {
  const classes = classNames.length;
  let right = 0;
  labels.forEach((label, image) => {
    const row = scores.subarray(image * classes, (image + 1) * classes);
    if (tags) right += Number(isExact(row, tags.subarray(image * classes, (image + 1) * classes)));
    else right += Number(row.indexOf(Math.max(...row)) === label);
  });
  return right / labels.length;
}

/** The mean of heads that lie beside each other in a point. */
function meanHead(point: Float32Array, size: number, classes: number, heads: number): Float32Array {
  const mean = new Float32Array((size + 1) * classes);
  for (let i = 0; i < mean.length; i++) {
    const [row, column] = [Math.floor(i / classes), i % classes];
    for (let head = 0; head < heads; head++)
      mean[i] += point[(row * heads + head) * classes + column] / heads;
  }
  return mean;
}
