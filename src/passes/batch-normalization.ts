import {
  type Attributes,
  elementCount,
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
import {
  acrossBlocks,
  inBlocks,
  isMadeInBlocks,
  operandsInBlocks,
  outOfBlocks,
  sumInBlocks,
} from './blocks.ts';
import type { Lowering, Target } from './lowering.ts';

/** How to go from an image to numbers per channel, (C), and back, in the layout that the image has. */
interface Channels {
  readonly sum: (image: Value) => Value;
  /** A number per channel, to meet the image. */
  readonly spread: (vector: Value) => Value;
}

export const batchNormalizationLowerings: Readonly<Record<string, Lowering>> = {
  // Statistics of the batch, then ONNX's BatchNormalization with them: a single fused pass over x.
  BatchNormalizationTraining: ({ graph, inputs: [x, gamma, beta], attributes, target, convolutionBlock }) => {
    const epsilon = floatAttribute(attributes, 'epsilon', 1e-5);
    if (convolutionBlock && isMadeInBlocks(x)) {
      return trainingInBlocks(graph, [x, gamma, beta], epsilon, convolutionBlock);
    }
    const over = otherAxes(x);
    const mean = reduceMean(graph, x, over);
    const variance = reduceMean(graph, square(graph, sub(graph, x, mean)), over, false);
    const flatMean = reshape(graph, mean, fixedDims(gamma));
    const statistics = [gamma, beta, flatMean, variance];
    return [normalized(graph, [x, ...statistics], { epsilon: float(epsilon) }, target), flatMean, variance];
  },
  // With r = 1/√(v + ε), dβ = Σ dy, dγ = r · Σ dy·(x − μ), over m elements a channel:
  // dx = γr · dy − γr²·dγ/m · x + γr · (r·dγ·μ − dβ)/m
  BatchNormalizationGradient: ({ graph, inputs, attributes, convolutionBlock }) => {
    const [, , gamma, mean, variance] = inputs;
    const blocked = convolutionBlock && operandsInBlocks(inputs.slice(0, 2));
    const [dy, x] = blocked || inputs;
    const { sum, spread } = blocked ? channelsInBlocks(graph, x, convolutionBlock) : channelsOf(graph, x);
    const count = countOf(x);
    const inverse = inverseDeviation(graph, variance, floatAttribute(attributes, 'epsilon', 1e-5));
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
    return [blocked ? outOfBlocks(graph, dx) : dx, dGamma, dBeta];
  },
};

/** ONNX's op does not know blocks: what is left of x without its mean is scaled and shifted. */
function trainingInBlocks(
  graph: GraphBuilder,
  [image, gamma, beta]: readonly [Value, Value, Value],
  epsilon: number,
  block: number,
): Value[] {
  const x = inBlocks(graph, image);
  const { sum, spread } = channelsInBlocks(graph, x, block);
  const mean = scale(graph, sum(x), 1 / countOf(x));
  const centred = sub(graph, x, spread(mean));
  const variance = scale(graph, sum(square(graph, centred)), 1 / countOf(x));
  const slope = mul(graph, gamma, inverseDeviation(graph, variance, epsilon));
  const y = add(graph, mul(graph, centred, spread(slope)), spread(beta));
  return [outOfBlocks(graph, y), mean, variance];
}

/** Elements of a channel in all images. */
function countOf(x: Value): number {
  const dims = fixedDims(x);
  return elementCount(dims) / dims[1];
}

function inverseDeviation(graph: GraphBuilder, variance: Value, epsilon: number): Value {
  return graph.op('Reciprocal', [graph.op('Sqrt', [shift(graph, variance, epsilon)])]);
}

function channelsOf(graph: GraphBuilder, x: Value): Channels {
  const wide = fixedDims(x).map((size, axis) => (axis === 1 ? size : 1));
  return {
    sum: (image) => reduceSum(graph, image, otherAxes(x), false),
    spread: (vector) => reshape(graph, vector, wide),
  };
}

function channelsInBlocks(graph: GraphBuilder, x: Value, block: number): Channels {
  return {
    sum: (image) => sumInBlocks(graph, image, block),
    spread: (vector) => acrossBlocks(graph, vector, x, block),
  };
}

/** ONNX's own op, with given statistics. WebGPU's kernel is wrong for rows: they go as images of one pixel. */
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
