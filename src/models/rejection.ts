import { DAMAGED_OR_NEWER, HarrierError } from '../errors.ts';
import { jsonObject } from '../json-text.ts';
import { float32, type GraphBuilder, type Model, type Value } from '../onnx/index.ts';
import { add, axes, div, reduceSum, scalar, scale, shift, square, sub } from '../ops/index.ts';
import { weightTensor } from './stored-weights.ts';

/** Metadata key of how the output `unknown` was made; absent where there is none. */
export const REJECTION_KEY = 'harrier.rejection';

/** What the graph calls the directions of the class means. */
const MEANS = 'reject/means';

/** A measure on known images: how large it usually is, and how large it is seldom. */
export interface Usual {
  readonly median: number;
  /** The quantile of 95%. */
  readonly high: number;
}

/**
 * How a model tells that an image shows none of its classes: by the angle between its features and the nearest class
 * mean, and by how unsure it is. Each is measured in steps from the median of known images, which the model was not
 * fitted on, to their quantile of 95%.
 */
export interface Rejection {
  /** The layer whose inputs are the features. */
  readonly layer: string;
  /** Directions of the means of the classes that have images, each of length 1: `[size, classes]`. */
  readonly means: Float32Array;
  /** 1 − the largest cosine between an image's features and a class mean. */
  readonly distance: Usual;
  /** 1 − the largest probability. */
  readonly doubt: Usual;
  /** The score from which an image is unknown. */
  readonly threshold: number;
  /** Fraction of known images that the threshold keeps. */
  readonly keep: number;
  /** Held-out images that the threshold was chosen on. */
  readonly images: number;
}

/** How much the distance counts beside the doubt. Measured: docs/decisions/0018-none-of-these.md. */
const DISTANCE_WEIGHT = 2;
/** Known images that are all alike have a step all the same. */
const LEAST_STEP = 1e-3;

/**
 * How foreign an image is, as `addUnknown` computes it in a graph, before the threshold: the length of (distance, doubt)
 * beyond the median. A sure answer makes no distant image less foreign.
 *
 * @param distance 1 − the largest cosine to a class mean
 * @param doubt 1 − the largest probability
 */
export function foreignness(
  distance: number,
  doubt: number,
  rejection: Pick<Rejection, 'distance' | 'doubt'>,
): number {
  const beyond = (value: number, { median, high }: Usual) =>
    Math.max(0, (value - median) / Math.max(LEAST_STEP, high - median));
  return Math.hypot(DISTANCE_WEIGHT * beyond(distance, rejection.distance), beyond(doubt, rejection.doubt));
}

/** Adds 1 − the largest cosine between features and a class mean: `[N, 1]`. @param features `[N, size]` */
export function addDistance(graph: GraphBuilder, features: Value, means: Float32Array): Value {
  const size = Number(features.shape[1]);
  return graph.in('reject', () => {
    const squares = reduceSum(graph, square(graph, features), [1]);
    // An image without any features has no direction, and is far from every class.
    const length = graph.op('Sqrt', [shift(graph, squares, 1e-12)]);
    const columns = graph.initializer('means', float32([size, means.length / size], means));
    const cosines = graph.op('MatMul', [div(graph, features, length), columns]);
    const nearest = graph.op('ReduceMax', [cosines, axes(graph, [1])], { keepdims: 1 });
    return sub(graph, scalar(graph, 1), nearest);
  });
}

/**
 * Adds how foreign images are, from 0 to 1: the logistic function of their score less the threshold, so that
 * 0.5 is the threshold.
 *
 * @param distance `[N, 1]`, as `addDistance` gives it
 * @param probabilities `[N, classes]`
 * @returns `[N]`
 */
export function addUnknown(
  graph: GraphBuilder,
  distance: Value,
  probabilities: Value,
  rejection: Rejection,
): Value {
  return graph.in('reject', () => {
    const beyond = (value: Value, { median, high }: Usual, weight: number) =>
      graph.op('Relu', [
        scale(graph, shift(graph, value, -median), weight / Math.max(LEAST_STEP, high - median)),
      ]);
    const largest = graph.op('ReduceMax', [probabilities, axes(graph, [1])], { keepdims: 1 });
    const doubt = sub(graph, scalar(graph, 1), largest);
    const far = square(graph, beyond(distance, rejection.distance, DISTANCE_WEIGHT));
    const unsure = square(graph, beyond(doubt, rejection.doubt, 1));
    const score = shift(graph, graph.op('Sqrt', [add(graph, far, unsure)]), -rejection.threshold);
    return graph.op('Sigmoid', [reduceSum(graph, score, [1], false)]);
  });
}

/** For a model's metadata; the directions are in its graph. */
export function rejectionMetadata({ means: _, ...others }: Rejection): Readonly<Record<string, string>> {
  return { [REJECTION_KEY]: JSON.stringify(others) };
}

/**
 * How a model tells unknown images, by its own account; undefined where it does not.
 * @throws HarrierError `bad-graph` when that cannot be read
 */
export function rejectionOf({ graph, metadata }: Model, where: string): Rejection | undefined {
  const text = metadata[REJECTION_KEY];
  if (text === undefined) return undefined;
  const about = jsonObject(text) as Partial<Omit<Rejection, 'means'>> | undefined;
  const means = weightTensor(graph, MEANS)?.data;
  const numbers = [
    about?.threshold,
    ...[about?.distance, about?.doubt].flatMap((each) => [each?.median, each?.high]),
  ];
  if (typeof about?.layer === 'string' && means instanceof Float32Array && numbers.every(Number.isFinite)) {
    return { ...(about as Omit<Rejection, 'means'>), means };
  }
  throw new HarrierError('bad-graph', 'how it tells unknown images cannot be read', {
    where: `${where}, ${REJECTION_KEY}`,
    next: DAMAGED_OR_NEWER,
  });
}
