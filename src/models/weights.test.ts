import { describe, expect, it } from 'vitest';
import { HarrierError } from '../errors.ts';
import { Conv2D, Dense, Flatten, type Initializer, type ParameterSpec } from '../layers/index.ts';
import { elementCount } from '../onnx/index.ts';
import { checkWeights, initialWeights, Network, toGraphLayout, toKerasLayout } from './index.ts';

const spec = (initializer: Initializer, shape: number[], name = 'layer/kernel'): ParameterSpec => ({
  name,
  shape,
  layout: { dims: shape, perm: shape.map((_, i) => i) },
  graphShape: shape,
  initializer,
  trainable: true,
  decay: true,
});
const drawn = (initializer: Initializer, shape: number[], seed = 1) =>
  initialWeights([spec(initializer, shape)], seed).get('layer/kernel')!;

function moments(values: Float32Array): { mean: number; deviation: number; largest: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return {
    mean,
    deviation: Math.sqrt(variance),
    largest: values.reduce((a, b) => Math.max(a, Math.abs(b)), 0),
  };
}

/** Keras's definitions: https://keras.io/api/layers/initializers/ */
describe('initializers', () => {
  // (3, 3, 16, 32): fan-in 144, fan-out 288. (200, 100): 200 and 100.
  it.each<[Initializer, number[], number, number]>([
    ['glorotUniform', [3, 3, 16, 32], Math.sqrt(6 / (144 + 288)) / Math.sqrt(3), Math.sqrt(6 / (144 + 288))],
    ['glorotUniform', [200, 100], Math.sqrt(6 / 300) / Math.sqrt(3), Math.sqrt(6 / 300)],
    ['heUniform', [3, 3, 16, 32], Math.sqrt(6 / 144) / Math.sqrt(3), Math.sqrt(6 / 144)],
    ['heNormal', [3, 3, 16, 32], Math.sqrt(2 / 144), (2 * Math.sqrt(2 / 144)) / 0.87962566103423978],
    ['heNormal', [200, 100], Math.sqrt(2 / 200), (2 * Math.sqrt(2 / 200)) / 0.87962566103423978],
    ['lecunNormal', [200, 100], Math.sqrt(1 / 200), (2 * Math.sqrt(1 / 200)) / 0.87962566103423978],
  ])('%s of %j', (initializer, shape, deviation, bound) => {
    const values = drawn(initializer, shape);
    const seen = moments(values);
    const error = deviation / Math.sqrt(values.length);
    expect(Math.abs(seen.mean)).toBeLessThan(4 * error);
    expect(Math.abs(seen.deviation - deviation)).toBeLessThan(4 * error);
    expect(seen.largest).toBeLessThanOrEqual(bound * (1 + 1e-6));
    expect(seen.largest).toBeGreaterThan(0.97 * bound);
  });

  it('zeros, ones and any other number', () => {
    const spec4 = { ...spec('ones', [2]), initializer: { constant: 0.25 } };
    expect(initialWeights([spec4], 1).get('layer/kernel')).toEqual(Float32Array.of(0.25, 0.25));
    expect(drawn('zeros', [3])).toEqual(Float32Array.of(0, 0, 0));
    expect(drawn('ones', [3])).toEqual(Float32Array.of(1, 1, 1));
  });

  it('depend on the seed and the name alone', () => {
    expect(drawn('glorotUniform', [8, 8], 5)).toEqual(drawn('glorotUniform', [8, 8], 5));
    expect(drawn('glorotUniform', [8, 8], 5)).not.toEqual(drawn('glorotUniform', [8, 8], 6));
    const specs = [spec('heNormal', [8, 8], 'a/kernel'), spec('heNormal', [8, 8], 'b/kernel')];
    const both = initialWeights(specs, 5);
    expect(both.get('a/kernel')).not.toEqual(both.get('b/kernel'));
    expect(initialWeights(specs.toReversed(), 5).get('a/kernel')).toEqual(both.get('a/kernel'));
  });
});

describe('layouts', () => {
  const network = new Network({
    inputShape: [6, 5, 3],
    layers: [
      new Conv2D({ filters: 4, kernelSize: [3, 2] }),
      new Flatten(),
      new Dense({ units: 7 }),
      new Dense({ units: 2 }),
    ],
  });

  it.each(network.parameters.map((each) => [each.name, each] as const))('%s there and back', (_, each) => {
    const keras = Float32Array.from({ length: elementCount(each.shape) }, (_, i) => i);
    const graph = new Float32Array(keras.length);
    const again = new Float32Array(keras.length);
    toGraphLayout(each, keras, graph);
    toKerasLayout(each, graph, again);
    expect(again).toEqual(keras);
    expect(new Set(graph).size).toBe(keras.length);
  });

  it('put (height, width, in, out) as (out, in, height, width)', () => {
    const each = network.parameters[0];
    expect(each.shape).toEqual([3, 2, 3, 4]);
    expect(each.graphShape).toEqual([4, 3, 3, 2]);
    const keras = Float32Array.from({ length: 72 }, (_, i) => i);
    const graph = new Float32Array(72);
    toGraphLayout(each, keras, graph);
    for (let o = 0; o < 4; o++)
      for (let c = 0; c < 3; c++)
        for (let y = 0; y < 3; y++)
          for (let x = 0; x < 2; x++) {
            expect(graph[((o * 3 + c) * 3 + y) * 2 + x]).toBe(keras[((y * 2 + x) * 3 + c) * 4 + o]);
          }
  });

  it('put the rows of a Dense after Flatten from (height, width, channels) to (channels, height, width)', () => {
    const each = network.parameters[2];
    expect(each.shape).toEqual([4 * 4 * 4, 7]);
    const keras = Float32Array.from({ length: 64 * 7 }, (_, i) => i);
    const graph = new Float32Array(keras.length);
    toGraphLayout(each, keras, graph);
    for (let cell = 0; cell < 16; cell++)
      for (let c = 0; c < 4; c++)
        for (let unit = 0; unit < 7; unit++) {
          expect(graph[(c * 16 + cell) * 7 + unit]).toBe(keras[(cell * 4 + c) * 7 + unit]);
        }
  });
});

describe('checkWeights', () => {
  it.each([
    ['nothing', undefined, 'expected (3, 2), received nothing'],
    ['another size', new Float32Array(5), 'expected (3, 2), received 5 numbers'],
  ])('names the parameter that has %s', (_, values, message) => {
    const weights = new Map(values ? [['layer/kernel', values]] : []);
    const check = () => checkWeights([spec('zeros', [3, 2])], weights, 'old.safetensors');
    expect(check).toThrow(HarrierError);
    expect(check).toThrow('old.safetensors: these weights belong to another model: layer/kernel');
    expect(check).toThrow(message);
  });
});
