import { float, floatAttribute, intAttribute, type Value } from '../onnx/index.ts';
import { add, mul, neg, SELU_ALPHA, SELU_GAMMA, scale, shift, sub, where } from '../ops/index.ts';
import { normalized } from './batch-normalization.ts';
import type { Lowering, LoweringContext } from './lowering.ts';
import { convolveRows, isByRows } from './row-convolution.ts';
import { stepLowerings } from './step.ts';

/**
 * Ops of ONNX's own that have no WebGPU kernel, and would send their values to the CPU and back, or a slow one: written
 * in others.
 */
export const webgpuLowerings: Readonly<Record<string, Lowering>> = {
  // x − max − ln Σ e^(x − max)
  LogSoftmax: ({ graph, inputs: [x], attributes }) => {
    const axis = graph.constant({
      type: 'int64',
      dims: [1],
      data: BigInt64Array.of(BigInt(intAttribute(attributes, 'axis', -1))),
    });
    const shifted = sub(graph, x, graph.op('ReduceMax', [x, axis], { keepdims: 1 }));
    return [sub(graph, shifted, graph.op('ReduceLogSumExp', [shifted, axis], { keepdims: 1 }))];
  },
  Conv: ({ graph, inputs: [x, weight, bias], attributes }) => [
    isByRows(x, weight, attributes)
      ? convolveRows(graph, [x, weight, bias], attributes)
      : graph.op('Conv', [x, weight, bias], attributes),
  ],
  BatchNormalization: ({ graph, inputs, attributes, target }) =>
    intAttribute(attributes, 'training_mode', 0) === 1
      ? graph.ops('BatchNormalization', inputs, attributes, { outputs: 3 })
      : [normalized(graph, inputs, attributes, target)],
  // max(x, 0) + ln(1 + e^−|x|)
  Softplus: ({ graph, inputs: [x] }) => {
    const small = graph.op('Exp', [neg(graph, graph.op('Abs', [x]))]);
    return [add(graph, graph.op('Relu', [x]), graph.op('Log', [shift(graph, small, 1)]))];
  },
  // γ · elu(x), with its α
  Selu: ({ graph, inputs: [x], attributes }) => {
    const alpha = floatAttribute(attributes, 'alpha', SELU_ALPHA);
    return [
      scale(
        graph,
        graph.op('Elu', [x], { alpha: float(alpha) }),
        floatAttribute(attributes, 'gamma', SELU_GAMMA),
      ),
    ];
  },
  // x · max(0, min(1, x/6 + 1/2))
  HardSwish: ({ graph, inputs: [x] }) => [
    mul(graph, x, graph.op('HardSigmoid', [x], { alpha: float(1 / 6), beta: float(0.5) })),
  ],
  // [x > 0] − [−x > 0]
  Sign: (node) => {
    const { graph, inputs } = node;
    const step = (x: Value): Value => stepLowerings.HeavisideStep({ ...node, inputs: [x] })[0];
    return [sub(graph, step(inputs[0]), step(neg(graph, inputs[0])))];
  },
  Sum: ({ graph, inputs }) => [inputs.reduce((sum, x) => add(graph, sum, x))],
  Max: (node) => [choose(node, 'Greater')],
  Min: (node) => [choose(node, 'Less')],
};

function choose({ graph, inputs }: LoweringContext, better: 'Greater' | 'Less'): Value {
  return inputs.reduce((best, x) => where(graph, graph.op(better, [best, x]), best, x));
}
