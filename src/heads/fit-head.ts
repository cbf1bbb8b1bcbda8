import { pickTags } from '../data/tags.ts';
import { HarrierError } from '../errors.ts';
import { evaluateLabels } from '../evaluation/multi-label.ts';
import { softmax } from '../evaluation/softmax.ts';
import type { Runtime } from '../runtime/index.ts';
import { fitCentroid } from './centroid.ts';
import type { DenseWeights, HeadData, HeadKind, HeadOptions } from './head-data.ts';
import { type CrossValidation, fitLinear } from './linear.ts';
import { type EpochScore, fitMlp, weighted } from './mlp.ts';

/** A head of any kind, as a last layer. */
export interface FittedHead extends DenseWeights {
  /** The layer before it, Dense with ReLU, where the kind has one. */
  readonly hidden?: DenseWeights;
  /** Mean cross-entropy on the images that it was fitted on. */
  readonly loss: number;
  /** Fraction of these images that it is right about. */
  readonly accuracy: number;
  /** How it was found, for people and programs. */
  readonly record: HeadFinding;
  /**
   * Probabilities of the images by heads that were not fitted on them: float32 `[images, classes]`; rows of NaN where an
   * image was never held out. Absent without cross-validation.
   */
  readonly heldOut?: Float32Array;
  /** What it says of features, float32 `[images, size]`: probabilities, float32 `[images, classes]`. */
  readonly probabilities: (features: Float32Array) => Float32Array;
}

/** How a head was found. */
export interface HeadFinding extends Partial<Pick<CrossValidation, 'folds' | 'scores' | 'temperature'>> {
  readonly kind: HeadKind;
  /** Of a linear head: the inverse of the strength of regularisation. */
  readonly c?: number;
  /** Where images have any number of labels: mAP on images that the heads of the cross-validation were not fitted on. */
  readonly meanAveragePrecision?: number;
  /** Of one with a hidden layer: times that it went through the images. */
  readonly epochs?: number;
  /** Of one with a hidden layer: how good it was on held-out images after each epoch. */
  readonly heldOut?: readonly EpochScore[];
}

/** @throws HarrierError `bad-option` for class weights, where a kind of head ignores them */
export function checkHeadKind(kind: HeadKind, { classWeight }: Pick<HeadOptions, 'classWeight'>): void {
  if (kind !== 'centroid' || classWeight === undefined) return;
  throw new HarrierError('bad-option', 'a head of means has no use for class weights', {
    where: '--class-weight',
    expected: '--head linear or --head mlp',
    next: 'Leave the weights out, or take another head.',
  });
}

/**
 * Fits a head of a kind on features.
 * @throws HarrierError as `fitLinear`, `fitMlp` and `fitCentroid` do
 */
export async function fitHead(
  runtime: Runtime,
  data: HeadData,
  { kind, ...options }: HeadOptions & { readonly kind: HeadKind },
): Promise<FittedHead> {
  const { size, classNames, tags } = data;
  if (tags && kind !== 'linear') {
    throw new HarrierError('not-supported', 'a head of this kind gives each image one class', {
      where: `--head ${kind}`,
      expected: '--head linear, which gives images any number of labels',
      next: 'Leave --head out.',
    });
  }
  checkHeadKind(kind, options);
  const classes = classNames.length;
  const probabilitiesIn = tags ? logistic : softmax;
  const finished = (head: DenseWeights & Pick<FittedHead, 'loss' | 'accuracy'>, record: HeadFinding) => ({
    kernel: head.kernel,
    bias: head.bias,
    loss: head.loss,
    accuracy: head.accuracy,
    record,
    probabilities: (features: Float32Array) =>
      probabilitiesOf(features, head, size, classes, probabilitiesIn),
  });
  if (kind === 'centroid') return finished(fitCentroid(data, options), { kind });
  if (kind === 'linear') {
    const head = await fitLinear(runtime, data, options);
    const { folds, scores, temperature, heldOut } = head.crossValidation ?? {};
    const mean = heldOut && tags && heldOutPrecision(heldOut, { ...data, tags });
    return {
      ...finished(head, {
        kind,
        c: head.c,
        ...(folds && { folds, scores, temperature }),
        ...(mean !== undefined && { meanAveragePrecision: mean }),
      }),
      ...(heldOut && { heldOut: probabilitiesOfRows(heldOut, classes, probabilitiesIn) }),
    };
  }
  const head = await fitMlp(runtime, data, options);
  const { hidden, epochs, heldOut } = head;
  return {
    ...finished(head, { kind, epochs, ...(heldOut && { heldOut }) }),
    hidden,
    probabilities: (features) => {
      const rows = new Float32Array((features.length / size) * hidden.bias.length);
      for (let row = 0; row < features.length / size; row++) {
        const inner = weighted(features.subarray(row * size, (row + 1) * size), hidden);
        rows.set(
          inner.map((value) => Math.max(0, value)),
          row * hidden.bias.length,
        );
      }
      return probabilitiesOf(rows, head, hidden.bias.length, classes, softmax);
    },
  };
}

/**
 * What a last layer says of features, float32 `[images, size]`: probabilities, float32 `[images, classes]`.
 * @param probabilitiesIn the scores of one image. Default: softmax
 */
export function probabilitiesOf(
  features: Float32Array,
  head: DenseWeights,
  size: number,
  classes: number,
  probabilitiesIn: (scores: ArrayLike<number>) => Float64Array = softmax,
): Float32Array {
  const probabilities = new Float32Array((features.length / size) * classes);
  for (let row = 0; row < features.length / size; row++) {
    const scores = weighted(features.subarray(row * size, (row + 1) * size), head);
    probabilities.set(probabilitiesIn(scores), row * classes);
  }
  return probabilities;
}

/** Probabilities from scores `[images, classes]`. Rows of NaN stay so. */
function probabilitiesOfRows(
  scores: Float32Array,
  classes: number,
  probabilitiesIn: (scores: ArrayLike<number>) => Float64Array,
): Float32Array {
  const probabilities = new Float32Array(scores.length);
  for (let start = 0; start < scores.length; start += classes) {
    probabilities.set(probabilitiesIn(scores.subarray(start, start + classes)), start);
  }
  return probabilities;
}

/** The probability of each label, each by itself. */
function logistic(scores: ArrayLike<number>): Float64Array {
  return Float64Array.from(scores, (score) => 1 / (1 + Math.exp(-score)));
}

/** mAP of images that were held out at all; scores order them as probabilities would. */
function heldOutPrecision(
  scores: Float32Array,
  { tags, labels, classNames }: HeadData & Required<Pick<HeadData, 'tags'>>,
): number | undefined {
  const classes = classNames.length;
  const held = [...labels.keys()].filter((image) => Number.isFinite(scores[image * classes]));
  const probabilities = new Float32Array(held.length * classes);
  held.forEach((image, i) => {
    probabilities.set(logistic(scores.subarray(image * classes, (image + 1) * classes)), i * classes);
  });
  return evaluateLabels({
    probabilities,
    labels: held.map((image) => labels[image]),
    tags: pickTags(tags, classes, held),
    classNames,
  }).meanAveragePrecision;
}
