import { describe, expect, it } from 'vitest';
import {
  BATCH,
  buildPooled,
  CHANNELS,
  gradientsOf,
  type PooledConvolution,
} from '../../test/gradients/pooled-convolution.ts';
import type { GraphBuilder, Value } from '../onnx/index.ts';
import { createGraph, importGraph, mul, reduceSum } from '../ops/index.ts';
import { trimUnreadEdges } from './trim-unread-edges.ts';

interface Case extends PooledConvolution {
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

describe('edges that no pooling layer reads are trimmed:', () => {
  it.each(Object.entries(cases))('%s', async (_, given) => {
    const forward = buildPooled(given);
    const trimmed = trimUnreadEdges(forward);
    const values = importGraph(createGraph('edges'), trimmed);
    const convolution = trimmed.nodes.find(({ opType }) => opType === 'Conv')!;
    expect(values.get(convolution.outputs[0])!.shape).toEqual([BATCH, CHANNELS, ...given.positions]);

    const [whole, narrowed] = [await gradientsOf(forward), await gradientsOf(trimmed)];
    expect(Object.keys(narrowed)).toEqual(Object.keys(whole));
    for (const [name, numbers] of Object.entries(whole)) {
      expect(narrowed[name]).toHaveLength(numbers.length);
      numbers.forEach((number, i) => {
        expect(narrowed[name][i]).toBeCloseTo(number, 4);
      });
    }
  });
});
