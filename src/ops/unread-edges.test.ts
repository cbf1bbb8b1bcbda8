import { describe, expect, it } from 'vitest';
import { normal } from '../../test/gradients/check.ts';
import { differentiate } from '../autodiff/index.ts';
import {
  type Attributes,
  elementCount,
  float32,
  type GraphBuilder,
  modelOf,
  numbersOf,
  type Value,
} from '../onnx/index.ts';
import { lower } from '../passes/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { createGraph, leaveOutUnreadEdges, mul, reduceSum } from './index.ts';

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
  /** Places of the convolution that are left. */
  readonly places: readonly [height: number, width: number];
}

const same = { pads: [1, 1, 1, 1] };
const two = { kernel_shape: [2, 2], strides: [2, 2] };
const relu = (graph: GraphBuilder, y: Value) => graph.op('Relu', [y]);

const cases: Readonly<Record<string, Case>> = {
  'the remainder of windows': { size: [7, 5], convolution: same, pooling: two, places: [6, 4] },
  'along one axis alone': { size: [7, 6], convolution: same, pooling: two, places: [6, 6] },
  'through activations': {
    size: [7, 7],
    convolution: same,
    between: (graph, y) => graph.op('Tanh', [relu(graph, y)]),
    pooling: two,
    places: [6, 6],
  },
  'of averages': { size: [5, 5], convolution: same, pool: 'AveragePool', pooling: two, places: [4, 4] },
  'of dilated windows with padding before them': {
    size: [9, 9],
    convolution: same,
    pooling: { kernel_shape: [2, 2], strides: [3, 3], dilations: [2, 2], pads: [1, 1, 0, 0] },
    places: [8, 8],
  },
  'only as far as it comes from padding': {
    size: [9, 9],
    convolution: same,
    pooling: { kernel_shape: [2, 2], strides: [4, 4] },
    places: [8, 8],
  },
  'of a convolution that strides': {
    size: [9, 10],
    kernel: [5, 5],
    convolution: { pads: [2, 2, 2, 2], strides: [2, 2] },
    pooling: two,
    places: [4, 4],
  },
  'with padding that is automatic': {
    size: [7, 7],
    convolution: { auto_pad: 'SAME_UPPER' },
    pooling: two,
    places: [6, 6],
  },
  'not where all is read': { size: [6, 6], convolution: same, pooling: two, places: [6, 6] },
  'not where windows overlap': {
    size: [7, 7],
    convolution: same,
    pooling: { kernel_shape: [3, 3], strides: [2, 2] },
    places: [7, 7],
  },
  'not where windows are cut': {
    size: [7, 7],
    convolution: same,
    pooling: { ...two, ceil_mode: 1 },
    places: [7, 7],
  },
  'not where nothing is padded': { size: [9, 9], convolution: {}, pooling: two, places: [7, 7] },
  'not where something else reads them': {
    size: [7, 7],
    convolution: same,
    between: (graph, y) => {
      graph.output(y, 'features');
      return y;
    },
    pooling: two,
    places: [7, 7],
  },
  'not where they count among others': {
    size: [7, 7],
    convolution: same,
    between: (graph, y) => mul(graph, y, reduceSum(graph, y, [2, 3])),
    pooling: two,
    places: [7, 7],
  },
};

function build({ size, kernel = [3, 3], convolution, between, pool = 'MaxPool', pooling }: Case) {
  const graph = createGraph('edges');
  const x = graph.input('x', 'float32', [BATCH, CHANNELS, ...size]);
  const weight = graph.input('weight', 'float32', [CHANNELS, CHANNELS, ...kernel]);
  const y = graph.op('Conv', [x, weight], convolution, { name: 'y' });
  const pooled = graph.op(pool, [between ? between(graph, y) : y], pooling);
  const factors = graph.input('factors', 'float32', pooled.shape);
  return { graph, x, weight, loss: reduceSum(graph, mul(graph, pooled, factors), [0, 1, 2, 3], false) };
}

/** The loss and its gradients. */
async function run(given: Case, isNarrowed: boolean) {
  const { graph, x, weight, loss } = build(given);
  graph.output(loss, 'loss');
  if (isNarrowed) leaveOutUnreadEdges(graph);
  const [dx, dWeight] = differentiate(graph, loss, [x, weight]);
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

describe('edges that pooling does not read are left out:', () => {
  it.each(Object.entries(cases))('%s', async (_, given) => {
    const { graph, loss } = build(given);
    graph.output(loss, 'loss');
    leaveOutUnreadEdges(graph);
    const convolution = graph.nodes.find(({ opType }) => opType === 'Conv')!;
    expect(convolution.outputs[0].shape).toEqual([BATCH, CHANNELS, ...given.places]);

    const [whole, narrowed] = [await run(given, false), await run(given, true)];
    for (const name of ['loss', 'dx', 'dWeight'] as const) {
      expect(narrowed[name]).toHaveLength(whole[name].length);
      whole[name].forEach((number, i) => {
        expect(narrowed[name][i]).toBeCloseTo(number, 4);
      });
    }
  });
});
