import { HarrierError } from '../errors.ts';
import type { GraphBuilder, Value } from '../onnx/index.ts';
import {
  fixedDims,
  labelScores,
  mul,
  neg,
  reduceSum,
  scalar,
  scale,
  shift,
  square,
  sub,
} from '../ops/index.ts';
import type { CrossentropyOptions } from './crossentropy.ts';

/** Options of the losses for images with any number of labels. */
export interface BinaryCrossentropyOptions extends CrossentropyOptions {
  /** What each image counts, `[batch, 1]`. Default: all alike. */
  readonly weights?: Value;
}

/**
 * Binary cross-entropy of images that have any number of labels: Σ over the labels of −target · ln p − (1 − target) ·
 * ln(1 − p) with p = σ(score), the mean over the batch. A sum over the labels, so that each label learns as fast as alone
 * (Keras's `binary_crossentropy` is this divided by the number of labels).
 *
 * In scores z it is softplus(z) − target · z, which neither overflows nor loses digits.
 *
 * @param output `[batch, labels]`: scores, or what a Softmax or Sigmoid made of them
 * @param targets `[batch, labels]`, from 0 to 1
 * @returns a single number
 * @throws HarrierError `bad-option` for a label smoothing outside [0, 1)
 */
export function binaryCrossentropy(
  graph: GraphBuilder,
  output: Value,
  targets: Value,
  { labelSmoothing = 0, weights }: BinaryCrossentropyOptions = {},
): Value {
  const scores = labelScores(graph, output);
  const wanted = smoothed(graph, targets, labelSmoothing);
  const losses = sub(graph, graph.op('Softplus', [scores]), mul(graph, wanted, scores));
  return meanOfSums(graph, losses, targets, weights);
}

/** The published strengths: how much sure negatives are passed over, and how sure they must be to count nothing. */
const [FOCUS, MARGIN] = [4, 0.05];

/**
 * Asymmetric loss: as binary cross-entropy, but a label that an image does not have counts p⁴ times, with p lowered by
 * 0.05 first. Images lack most labels, and the many easy ones of these no longer drown the few that they have.
 *
 * T. Ridnik et al., "Asymmetric Loss For Multi-Label Classification", ICCV 2021: γ₊ = 0, γ₋ = 4, m = 0.05.
 *
 * @throws HarrierError `bad-option` for a label smoothing outside [0, 1)
 */
export function asymmetricLoss(
  graph: GraphBuilder,
  output: Value,
  targets: Value,
  { labelSmoothing = 0, weights }: BinaryCrossentropyOptions = {},
): Value {
  const scores = labelScores(graph, output);
  const wanted = smoothed(graph, targets, labelSmoothing);
  // −ln p = softplus(−z)
  const present = mul(graph, wanted, graph.op('Softplus', [neg(graph, scores)]));
  // p − m where that is positive, else 0: its complement is never below m, and has a logarithm.
  const lowered = graph.op('Relu', [shift(graph, graph.op('Sigmoid', [scores]), -MARGIN)]);
  const complement = sub(graph, scalar(graph, 1), lowered);
  const focus = power(graph, lowered, FOCUS);
  const absent = mul(
    graph,
    sub(graph, scalar(graph, 1), wanted),
    mul(graph, focus, graph.op('Log', [complement])),
  );
  return meanOfSums(graph, sub(graph, present, absent), targets, weights);
}

/** The asymmetric loss of one label of one image, from its probability and whether the image has it. */
export function asymmetricLossOf(probability: number, has: boolean): number {
  if (has) return -Math.log(Math.max(LEAST, probability));
  const lowered = Math.max(0, probability - MARGIN);
  return -(lowered ** FOCUS) * Math.log(1 - lowered);
}

/** Keeps the loss finite where a label that an image has got probability 0, as Keras does. */
const LEAST = 1e-7;

/** x to the power of 2, 4, … */
function power(graph: GraphBuilder, x: Value, exponent: number): Value {
  return exponent === 2 ? square(graph, x) : square(graph, power(graph, x, exponent / 2));
}

function smoothed(graph: GraphBuilder, targets: Value, fraction: number): Value {
  if (!(fraction >= 0 && fraction < 1)) {
    throw new HarrierError('bad-option', 'labelSmoothing', {
      expected: 'a number from 0 up to but not including 1',
      received: `${fraction}`,
    });
  }
  if (fraction === 0) return targets;
  // Between having a label and not: half of what is taken.
  return shift(graph, scale(graph, targets, 1 - fraction), fraction / 2);
}

function meanOfSums(graph: GraphBuilder, losses: Value, targets: Value, weights: Value | undefined): Value {
  const [batch] = fixedDims(targets);
  const counted = weights ? mul(graph, losses, weights) : losses;
  return scale(graph, reduceSum(graph, counted, [0, 1], false), 1 / batch);
}
