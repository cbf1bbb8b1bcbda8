import {
  type Attributes,
  float,
  floatAttribute,
  type GraphBuilder,
  int64,
  intAttribute,
  type Value,
} from '../onnx/index.ts';
import { add, div, mul, neg, SELU_ALPHA, SELU_GAMMA, scale, shift, sub, where } from '../ops/index.ts';
import { heavisideStep } from './composites/step.ts';
import type { TargetPass } from './pass.ts';
import { rewrite } from './rewrite.ts';

/** Writes a node in others; undefined leaves it as it is. */
type Legalization = (
  graph: GraphBuilder,
  inputs: readonly Value[],
  attributes: Attributes,
) => Value | undefined;

/** Ops of ONNX's own that have no WebGPU kernel, and would send their values to the CPU and back, or a wrong one. */
const FOR_WEBGPU: Readonly<Record<string, Legalization>> = {
  // x − max − ln Σ e^(x − max)
  LogSoftmax: (graph, [x], attributes) => {
    const axis = graph.constant(int64([intAttribute(attributes, 'axis', -1)]));
    const shifted = sub(graph, x, graph.op('ReduceMax', [x, axis], { keepdims: 1 }));
    return sub(graph, shifted, graph.op('ReduceLogSumExp', [shifted, axis], { keepdims: 1 }));
  },
  // The kernel is wrong for rows: they go as images of one pixel.
  BatchNormalization: (graph, [x, ...statistics], attributes) => {
    if (x.shape.length !== 2 || intAttribute(attributes, 'training_mode', 0) === 1) return undefined;
    const axes = graph.constant(int64([2, 3]));
    const images = graph.op('Unsqueeze', [x, axes]);
    return graph.op('Squeeze', [graph.op('BatchNormalization', [images, ...statistics], attributes), axes]);
  },
  // max(x, 0) + ln(1 + e^−|x|)
  Softplus: (graph, [x]) => {
    const small = graph.op('Exp', [neg(graph, graph.op('Abs', [x]))]);
    return add(graph, graph.op('Relu', [x]), graph.op('Log', [shift(graph, small, 1)]));
  },
  // γ · elu(x), with its α
  Selu: (graph, [x], attributes) => {
    const alpha = float(floatAttribute(attributes, 'alpha', SELU_ALPHA));
    return scale(graph, graph.op('Elu', [x], { alpha }), floatAttribute(attributes, 'gamma', SELU_GAMMA));
  },
  // x · max(0, min(1, x/6 + 1/2))
  HardSwish: (graph, [x]) =>
    mul(graph, x, graph.op('HardSigmoid', [x], { alpha: float(1 / 6), beta: float(0.5) })),
  // [x > 0] − [−x > 0]
  Sign: (graph, [x]) => sub(graph, heavisideStep(graph, x), heavisideStep(graph, neg(graph, x))),
  Sum: (graph, inputs) => inputs.reduce((sum, x) => add(graph, sum, x)),
  Mean: (graph, inputs) =>
    scale(
      graph,
      inputs.reduce((sum, x) => add(graph, sum, x)),
      1 / inputs.length,
    ),
  // max(x, 0) + α · min(0, e^(x/α) − 1); the exponent is cut at 0, where it would overflow
  Celu: (graph, [x], attributes) => {
    const alpha = floatAttribute(attributes, 'alpha', 1);
    const below = neg(graph, graph.op('Relu', [neg(graph, x)]));
    const bent = shift(graph, graph.op('Exp', [scale(graph, below, 1 / alpha)]), -1);
    return add(graph, graph.op('Relu', [x]), scale(graph, bent, alpha));
  },
  // x / (1 + |x|)
  Softsign: (graph, [x]) => div(graph, x, shift(graph, graph.op('Abs', [x]), 1)),
  // max(x, 0) − slope · max(−x, 0)
  PRelu: (graph, [x, slope]) =>
    sub(graph, graph.op('Relu', [x]), mul(graph, slope, graph.op('Relu', [neg(graph, x)]))),
  // x · tanh(ln(1 + e^x))
  Mish: (graph, [x]) => mul(graph, x, graph.op('Tanh', [FOR_WEBGPU.Softplus(graph, [x], {})!])),
  Max: (graph, inputs) => choose(graph, inputs, 'Greater'),
  Min: (graph, inputs) => choose(graph, inputs, 'Less'),
};

/** Writes stock ops that the target has no kernel for, or a wrong one, in others. */
export const legalize: TargetPass = (graph, { target }) => {
  if (target !== 'webgpu') return graph;
  return rewrite(graph, (builder) => (node) => {
    const { opType, domain, inputs, attributes } = node;
    if (domain !== '' || !Object.hasOwn(FOR_WEBGPU, opType)) return undefined;
    const write = () => FOR_WEBGPU[opType](builder, inputs as readonly Value[], attributes);
    const written = builder.in(node.name, write);
    return written && [written];
  });
};

function choose(graph: GraphBuilder, inputs: readonly Value[], better: 'Greater' | 'Less'): Value {
  return inputs.reduce((best, x) => where(graph, graph.op(better, [best, x]), best, x));
}
