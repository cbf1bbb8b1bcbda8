import { elementCount, float, floatAttribute, type GraphBuilder, type Value } from '../../onnx/index.ts';
import {
  add,
  fixedDims,
  mul,
  otherAxes,
  reduceMean,
  reduceSum,
  reshape,
  scale,
  shift,
  square,
  sub,
} from '../../ops/index.ts';
import type { Decomposition } from './composite.ts';

/** How to go from an image to numbers per channel, (C), and back, in the layout that the image has. */
export interface Channels {
  readonly sum: (image: Value) => Value;
  /** A number per channel, to meet the image. */
  readonly spread: (vector: Value) => Value;
}

export const batchNormalizationDecompositions: Readonly<Record<string, Decomposition>> = {
  // Statistics of the batch, then ONNX's BatchNormalization with them: a single fused pass over x.
  BatchNormalizationTraining: ({ graph, inputs: [x, gamma, beta], attributes }) => {
    const epsilon = float(floatAttribute(attributes, 'epsilon', 1e-5));
    const over = otherAxes(x);
    const mean = reduceMean(graph, x, over);
    const variance = reduceMean(graph, square(graph, sub(graph, x, mean)), over, false);
    const flatMean = reshape(graph, mean, fixedDims(gamma));
    const y = graph.op('BatchNormalization', [x, gamma, beta, flatMean, variance], { epsilon });
    return [y, flatMean, variance];
  },
  BatchNormalizationGradient: ({ graph, inputs, attributes }) => {
    const [, x] = inputs;
    const wide = fixedDims(x).map((size, axis) => (axis === 1 ? size : 1));
    const channels = {
      sum: (image: Value) => reduceSum(graph, image, otherAxes(x), false),
      spread: (vector: Value) => reshape(graph, vector, wide),
    };
    return batchNormalizationGradient(graph, inputs, floatAttribute(attributes, 'epsilon', 1e-5), channels);
  },
};

/**
 * With r = 1/√(v + ε), dβ = Σ dy, dγ = r · Σ dy·(x − μ), over m elements a channel:
 * dx = γr · dy − γr²·dγ/m · x + γr · (r·dγ·μ − dβ)/m
 *
 * @param inputs dy, x, γ, μ and v
 * @returns dx, in the layout of dy and x, dγ and dβ
 */
export function batchNormalizationGradient(
  graph: GraphBuilder,
  [dy, x, gamma, mean, variance]: readonly Value[],
  epsilon: number,
  { sum, spread }: Channels,
): [Value, Value, Value] {
  const count = countOf(x);
  const inverse = inverseDeviation(graph, variance, epsilon);
  const dBeta = sum(dy);
  const centred = sub(graph, x, spread(mean));
  const dGamma = mul(graph, sum(mul(graph, dy, centred)), inverse);
  const slope = mul(graph, gamma, inverse);
  const towardsX = scale(graph, mul(graph, mul(graph, slope, inverse), dGamma), -1 / count);
  const offset = scale(graph, mul(graph, slope, dBeta), -1 / count);
  const dx = add(
    graph,
    add(graph, mul(graph, dy, spread(slope)), mul(graph, centred, spread(towardsX))),
    spread(offset),
  );
  return [dx, dGamma, dBeta];
}

/** Elements of a channel in all images. */
export function countOf(x: Value): number {
  const dims = fixedDims(x);
  return elementCount(dims) / dims[1];
}

export function inverseDeviation(graph: GraphBuilder, variance: Value, epsilon: number): Value {
  return graph.op('Reciprocal', [graph.op('Sqrt', [shift(graph, variance, epsilon)])]);
}
