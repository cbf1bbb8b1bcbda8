import { describe, expect, it } from 'vitest';
import { normal } from '../../test/gradients/check.ts';
import { differentiate } from '../autodiff/index.ts';
import {
  type Attributes,
  elementCount,
  float32,
  type Graph,
  type GraphBuilder,
  modelOf,
  numbersOf,
  type Value,
} from '../onnx/index.ts';
import { createGraph, importGraph, mul, reduceSum } from '../ops/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { lower } from './index.ts';
import { trimUnreadEdges } from './trim-unread-edges.ts';

const BATCH = 2;
const CHANNELS = 3;

interface Case {
  readonly size: readonly [height: number, width: number];
  readonly kernel?: readonly [number, number];
  readonly convolution: Attributes;
  /** Between convolution and pooling. */
  readonly between?: (graph: GraphBuilder, y: Value) => Value;
  readonly pool?: 'MaxPool' | 'AveragePool';
  readonly pooling: Attributes;
  /** Positions of the convolution that are left. */
  readonly positions: readonly [height: number, width: number];
}

const same = { pads: [1, 1, 1, 1] };
const two = { kernel_shape: [2, 2], strides: [2, 2] };
const relu = (graph: GraphBuilder, y: Value) => graph.op('Relu', [y]);

const cases: Readonly<Record<string, Case>> = {
  'the remainder of windows': { size: [7, 5], convolution: same, pooling: two, positions: [6, 4] },
  'along one axis alone': { size: [7, 6], convolution: same, pooling: two, positions: [6, 6] },
  'through activations': {
    size: [7, 7],
    convolution: same,
    between: (graph, y) => graph.op('Tanh', [relu(graph, y)]),
    pooling: two,
    positions: [6, 6],
  },
  'of averages': { size: [5, 5], convolution: same, pool: 'AveragePool', pooling: two, positions: [4, 4] },
  'of dilated windows with padding before them': {
    size: [9, 9],
    convolution: same,
    pooling: { kernel_shape: [2, 2], strides: [3, 3], dilations: [2, 2], pads: [1, 1, 0, 0] },
    positions: [8, 8],
  },
  'only as far as it comes from padding': {
    size: [9, 9],
    convolution: same,
    pooling: { kernel_shape: [2, 2], strides: [4, 4] },
    positions: [8, 8],
  },
  'of a convolution that strides': {
    size: [9, 10],
    kernel: [5, 5],
    convolution: { pads: [2, 2, 2, 2], strides: [2, 2] },
    pooling: two,
    positions: [4, 4],
  },
  'with padding that is automatic': {
    size: [7, 7],
    convolution: { auto_pad: 'SAME_UPPER' },
    pooling: two,
    positions: [6, 6],
  },
  'not where all is read': { size: [6, 6], convolution: same, pooling: two, positions: [6, 6] },
  'not where windows overlap': {
    size: [7, 7],
    convolution: same,
    pooling: { kernel_shape: [3, 3], strides: [2, 2] },
    positions: [7, 7],
  },
  'not where windows are cut': {
    size: [7, 7],
    convolution: same,
    pooling: { ...two, ceil_mode: 1 },
    positions: [7, 7],
  },
  'not where nothing is padded': { size: [9, 9], convolution: {}, pooling: two, positions: [7, 7] },
  'not where something else reads them': {
    size: [7, 7],
    convolution: same,
    between: (graph, y) => {
      graph.output(y, 'features');
      return y;
    },
    pooling: two,
    positions: [7, 7],
  },
  'not where they count among others': {
    size: [7, 7],
    convolution: same,
    between: (graph, y) => mul(graph, y, reduceSum(graph, y, [2, 3])),
    pooling: two,
    positions: [7, 7],
  },
};

/** The forward pass: output `loss`. */
function build({ size, kernel = [3, 3], convolution, between, pool = 'MaxPool', pooling }: Case): Graph {
  const graph = createGraph('edges');
  const x = graph.input('x', 'float32', [BATCH, CHANNELS, ...size]);
  const weight = graph.input('weight', 'float32', [CHANNELS, CHANNELS, ...kernel]);
  const y = graph.op('Conv', [x, weight], convolution, { name: 'y' });
  const pooled = graph.op(pool, [between ? between(graph, y) : y], pooling);
  const factors = graph.input('factors', 'float32', pooled.shape);
  graph.output(reduceSum(graph, mul(graph, pooled, factors), [0, 1, 2, 3], false), 'loss');
  return graph.build();
}

/** The loss and its gradients. */
async function run(forward: Graph) {
  const graph = createGraph('edges');
  const values = importGraph(graph, forward);
  const [loss, x, weight] = ['loss', 'x', 'weight'].map((name) => values.get(name)!);
  const [dx, dWeight] = differentiate(graph, loss, [x, weight]);
  graph.output(loss, 'loss');
  graph.output(dx, 'dx');
  graph.output(dWeight, 'dWeight');
  const built = graph.build();
  const executable = await nodeRuntime({ threads: 1 }).compile(modelOf(lower(built, 'cpu')));
  const feeds = built.inputs.map(({ name, shape }) => {
    const dims = shape.map(Number);
    return [name, float32(dims, Float32Array.from(normal(elementCount(dims), name)))];
  });
  const outputs = await executable.step(Object.fromEntries(feeds));
  await executable.dispose();
  return { loss: numbersOf(outputs.loss), dx: numbersOf(outputs.dx), dWeight: numbersOf(outputs.dWeight) };
}

describe('edges that no pooling layer reads are trimmed:', () => {
  it.each(Object.entries(cases))('%s', async (_, given) => {
    const forward = build(given);
    const trimmed = trimUnreadEdges(forward);
    const values = importGraph(createGraph('edges'), trimmed);
    const convolution = trimmed.nodes.find(({ opType }) => opType === 'Conv')!;
    expect(values.get(convolution.outputs[0])!.shape).toEqual([BATCH, CHANNELS, ...given.positions]);

    const [whole, narrowed] = [await run(forward), await run(trimmed)];
    for (const name of ['loss', 'dx', 'dWeight'] as const) {
      expect(narrowed[name]).toHaveLength(whole[name].length);
      whole[name].forEach((number, i) => {
        expect(narrowed[name][i]).toBeCloseTo(number, 4);
      });
    }
  });
});
