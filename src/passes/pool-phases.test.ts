import { describe, expect, it } from 'vitest';
import { buildPooled, gradientsOf, type PooledConvolution } from '../../test/gradients/pooled-convolution.ts';
import { poolPhases } from './pool-phases.ts';

const same = { pads: [1, 1, 1, 1] };
const two = { kernel_shape: [2, 2], strides: [2, 2] };

interface Case extends PooledConvolution {
  readonly isChanged: boolean;
}

const cases: Readonly<Record<string, Case>> = {
  'windows that tile the map': { size: [8, 6], convolution: same, pooling: two, isChanged: true },
  'with a bias': { size: [6, 6], bias: true, convolution: same, pooling: two, isChanged: true },
  'with padding on one side': {
    size: [7, 7],
    convolution: { pads: [1, 1, 0, 0] },
    pooling: two,
    isChanged: true,
  },
  'with larger kernels': {
    size: [8, 8],
    kernel: [5, 3],
    convolution: { pads: [2, 1, 2, 1] },
    pooling: two,
    isChanged: true,
  },
  'in windows of two by three': {
    size: [8, 9],
    kernel: [5, 5],
    convolution: { pads: [2, 2, 2, 2] },
    pooling: { kernel_shape: [2, 3], strides: [2, 3] },
    isChanged: true,
  },
  'without padding': { size: [10, 8], convolution: {}, pooling: two, isChanged: true },
  'not where positions are left over': { size: [9, 9], convolution: {}, pooling: two, isChanged: false },
  'not where windows overlap': {
    size: [6, 6],
    convolution: same,
    pooling: { kernel_shape: [3, 3], strides: [2, 2] },
    isChanged: false,
  },
  'not where kernels would grow too much': {
    size: [8, 8],
    kernel: [1, 1],
    convolution: {},
    pooling: two,
    isChanged: false,
  },
  'not where a convolution strides': {
    size: [16, 16],
    convolution: { ...same, strides: [2, 2] },
    pooling: two,
    isChanged: false,
  },
  'not where windows are cut': {
    size: [7, 7],
    convolution: same,
    pooling: { ...two, ceil_mode: 1 },
    isChanged: false,
  },
  'not where something else reads the map': {
    size: [6, 6],
    convolution: same,
    between: (graph, y) => {
      graph.output(y, 'features');
      return y;
    },
    pooling: two,
    isChanged: false,
  },
  'not of averages': { size: [6, 6], convolution: same, pool: 'AveragePool', pooling: two, isChanged: false },
};

describe('a convolution is pooled by its phases:', () => {
  it.each(Object.entries(cases))('%s', async (_, { isChanged, ...given }) => {
    const forward = buildPooled(given);
    const changed = poolPhases(forward);
    expect(changed.nodes.some(({ opType }) => opType === 'ReduceMax')).toBe(isChanged);
    const pools = changed.nodes.filter(({ opType }) => opType === 'MaxPool' || opType === 'AveragePool');
    expect(pools).toHaveLength(isChanged ? 0 : 1);

    const [whole, phases] = [await gradientsOf(forward), await gradientsOf(changed)];
    expect(Object.keys(phases)).toEqual(Object.keys(whole));
    for (const [name, numbers] of Object.entries(whole)) {
      expect(phases[name]).toHaveLength(numbers.length);
      numbers.forEach((number, i) => {
        expect(phases[name][i], name).toBeCloseTo(number, 4);
      });
    }
  });

  it('positions that tie share the gradient, as they did', async () => {
    const forward = buildPooled({ size: [8, 8], convolution: {}, pooling: { ...two }, bias: true });
    const flat = (count: number, name: string) =>
      Array.from({ length: count }, (_, i) => (name === 'x' ? 1 : ((i * 7) % 5) - 2));
    const [whole, phases] = [await gradientsOf(forward, flat), await gradientsOf(poolPhases(forward), flat)];
    for (const [name, numbers] of Object.entries(whole)) {
      numbers.forEach((number, i) => {
        expect(phases[name][i], name).toBeCloseTo(number, 4);
      });
    }
  });
});
