import {
  type Attributes,
  float,
  floatAttribute,
  type GraphBuilder,
  int64,
  type Value,
} from '../onnx/index.ts';
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
} from '../ops/index.ts';
import type { Lowering, Target } from './lowering.ts';

export const batchNormalizationLowerings: Readonly<Record<string, Lowering>> = {
  // Statistics of the batch, then ONNX's BatchNormalization with them: a single fused pass over x.
  BatchNormalizationTraining: ({ graph, inputs: [x, gamma, beta], attributes, target }) => {
    const over = otherAxes(x);
    const mean = reduceMean(graph, x, over);
    const variance = reduceMean(graph, square(graph, sub(graph, x, mean)), over, false);
    const flatMean = reshape(graph, mean, fixedDims(gamma));
    const epsilon = float(floatAttribute(attributes, 'epsilon', 1e-5));
    return [normalized(graph, [x, gamma, beta, flatMean, variance], { epsilon }, target), flatMean, variance];
  },
  // With r = 1/√(v + ε), dβ = Σ dy, dγ = r · Σ dy·(x − μ), over m elements a channel:
  // dx = γr · dy − γr²·dγ/m · x + γr · (r·dγ·μ − dβ)/m
  BatchNormalizationGradient: ({ graph, inputs: [dy, x, gamma, mean, variance], attributes }) => {
    const over = otherAxes(x);
    const dims = fixedDims(x);
    const channels = fixedDims(gamma);
    const wide = dims.map((_, i) => (i === 1 ? channels[0] : 1));
    const count = dims.reduce((product, size) => product * size, 1) / channels[0];
    const epsilon = floatAttribute(attributes, 'epsilon', 1e-5);
    const inverse = graph.op('Reciprocal', [graph.op('Sqrt', [shift(graph, variance, epsilon)])]);
    const dBeta = reduceSum(graph, dy, over, false);
    const centred = sub(graph, x, reshape(graph, mean, wide));
    const dGamma = mul(graph, reduceSum(graph, mul(graph, dy, centred), over, false), inverse);
    const slope = mul(graph, gamma, inverse);
    const towardsX = scale(graph, mul(graph, mul(graph, slope, inverse), dGamma), -1 / count);
    const offset = scale(graph, mul(graph, slope, dBeta), -1 / count);
    const perChannel = (value: typeof x) => reshape(graph, value, wide);
    const dx = add(
      graph,
      add(graph, mul(graph, dy, perChannel(slope)), mul(graph, centred, perChannel(towardsX))),
      perChannel(offset),
    );
    return [dx, dGamma, dBeta];
  },
};

/** ONNX's own op, with given statistics. WebGPU's kernel is wrong for rows: they go as pictures of one pixel. */
export function normalized(
  graph: GraphBuilder,
  [x, ...statistics]: readonly Value[],
  attributes: Attributes,
  target: Target,
): Value {
  const apply = (value: Value) => graph.op('BatchNormalization', [value, ...statistics], attributes);
  if (target !== 'webgpu' || x.shape.length !== 2) return apply(x);
  const axes = graph.constant(int64([2, 3]));
  return graph.op('Squeeze', [apply(graph.op('Unsqueeze', [x, axes])), axes]);
}
