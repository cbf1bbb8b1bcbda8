/** What stays in blocks from one op to the next: the same numbers as without them, and nothing put in order in between. */
import { describe, expect, it } from 'vitest';
import { differentiate } from '../../src/autodiff/index.ts';
import {
  BLOCKED_DOMAIN,
  elementCount,
  float,
  float32,
  type GraphBuilder,
  modelOf,
  numbersOf,
  type Value,
} from '../../src/onnx/index.ts';
import { add, createGraph, mul, reduceSum, scale } from '../../src/ops/index.ts';
import { lower } from '../../src/passes/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { largest, largestDifference, normal } from '../gradients/check.ts';

const TOLERANCE = 1e-5;
/** Whole blocks of 8 and of 16. */
const [BATCH, CHANNELS, SIDE] = [16, 32, 8];

const runtime = nodeRuntime({ threads: 1 });
const block = await runtime.convolutionBlock?.();

const windows = { kernel_shape: [2, 2], strides: [2, 2] };

class Net {
  readonly graph: GraphBuilder = createGraph('in-blocks');
  readonly parameters: Value[] = [];

  parameter(name: string, shape: readonly number[]): Value {
    const value = this.graph.input(name, 'float32', shape);
    this.parameters.push(value);
    return value;
  }
  convolution(x: Value): Value {
    const kernel = this.parameter(`kernel${this.parameters.length}`, [CHANNELS, CHANNELS, 3, 3]);
    return this.graph.op('Conv', [x, scale(this.graph, kernel, 0.1)], { pads: [1, 1, 1, 1] });
  }
  normalized(x: Value): Value {
    const [gamma, beta] = ['gamma', 'beta'].map((name) =>
      this.parameter(`${name}${this.parameters.length}`, [CHANNELS]),
    );
    const attributes = { epsilon: float(1e-3) };
    return this.graph.ops('BatchNormalizationTraining', [x, gamma, beta], attributes, {
      domain: 'harrier',
      outputs: 3,
    })[0];
  }
}

interface Case {
  readonly build: (net: Net, x: Value) => Value;
  /** Times that a value is put back in order: for kernels' gradients, and at the end. */
  readonly ordered: number;
}

const cases: Readonly<Record<string, Case>> = {
  'maximum, normalization, GELU, convolution': {
    build: (net, x) => {
      const pooled = net.graph.op('MaxPool', [net.convolution(x)], windows);
      return net.convolution(net.graph.op('Gelu', [net.normalized(pooled)]));
    },
    ordered: 4,
  },
  'ReLU before a maximum: windows of zeros, which tie': {
    build: (net, x) => net.graph.op('MaxPool', [net.graph.op('Relu', [net.convolution(x)])], windows),
    ordered: 3,
  },
  'means of windows': {
    build: (net, x) => net.graph.op('AveragePool', [net.graph.op('Tanh', [net.convolution(x)])], windows),
    ordered: 4,
  },
  'windows that overlap, over padding': {
    build: (net, x) => {
      const overlapping = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
      return net.graph.op('MaxPool', [net.convolution(x)], overlapping);
    },
    ordered: 4,
  },
  'windows that are cut or dilated, and means that leave padding out': {
    build: (net, x) => {
      const { graph } = net;
      const cut = { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 };
      const dilated = { kernel_shape: [2, 2], strides: [1, 1], dilations: [2, 2] };
      const means = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], count_include_pad: 0 };
      const y = net.convolution(x);
      return add(
        graph,
        graph.op('AveragePool', [graph.op('MaxPool', [y], dilated)], {
          ...cut,
          ceil_mode: 0,
          strides: [1, 1],
        }),
        add(graph, graph.op('MaxPool', [y], cut), graph.op('AveragePool', [y], means)),
      );
    },
    ordered: 4,
  },
  'a shortcut, and what reads a value both in blocks and in order': {
    build: (net, x) => {
      const { graph } = net;
      const y = graph.op('Relu', [net.convolution(x)]);
      const sum = graph.op('Relu', [add(graph, net.normalized(net.convolution(y)), y)]);
      return mul(graph, sum, graph.op('GlobalAveragePool', [sum]));
    },
    ordered: 9,
  },
};

describe.skipIf(block === undefined)(`values stay in blocks of ${block} channels:`, () => {
  it.each(Object.entries(cases))('%s', async (_, { build, ordered }) => {
    const net = new Net();
    const { graph } = net;
    const x = net.parameter('x', [BATCH, CHANNELS, SIDE, SIDE]);
    const y = build(net, x);
    const factors = graph.input('factors', 'float32', y.shape);
    graph.output(y, 'y');
    const loss = reduceSum(graph, mul(graph, y, factors), [0, 1, 2, 3], false);
    const gradients = differentiate(graph, loss, net.parameters);
    gradients.forEach((gradient, i) => {
      graph.output(gradient, `gradient of ${net.parameters[i].name}`);
    });
    const built = graph.build();
    const feeds = Object.fromEntries(
      built.inputs.map(({ name, shape }) => {
        const dims = shape.map(Number);
        return [name, float32(dims, Float32Array.from(normal(elementCount(dims), `in-blocks/${name}`)))];
      }),
    );
    const run = async (convolutionBlock: number | undefined) => {
      const lowered = lower(built, 'cpu', { convolutionBlock });
      const executable = await runtime.compile(modelOf(lowered));
      const outputs = await executable.step(feeds);
      await executable.dispose();
      return { outputs, nodes: lowered.nodes };
    };
    const plain = await run(undefined);
    const blocked = await run(block);
    for (const [name, { dims, ...tensor }] of Object.entries(plain.outputs)) {
      expect(blocked.outputs[name].dims).toEqual(dims);
      const numbers = numbersOf({ dims, ...tensor });
      const difference = largestDifference(numbersOf(blocked.outputs[name]), numbers);
      expect(difference / largest(numbers), name).toBeLessThan(TOLERANCE);
    }
    const inOrder = blocked.nodes.filter(
      ({ opType, domain }) => opType === 'ReorderOutput' && domain === BLOCKED_DOMAIN,
    );
    expect(inOrder.map(({ name }) => name)).toHaveLength(ordered);
  });
});
