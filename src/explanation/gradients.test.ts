/** The maps against gradients that differences of the same graph in float64 give. */
import { describe, expect, it } from 'vitest';
import { evaluate, gradients } from '../../test/explanation/evaluate.ts';
import { drawWeights } from '../../test/layers/check-layer.ts';
import { random } from '../data/random.ts';
import {
  Activation,
  AveragePooling2D,
  BatchNormalization,
  Conv2D,
  Dense,
  Flatten,
  GlobalMaxPooling2D,
  type Layer,
  MaxPooling2D,
} from '../layers/index.ts';
import { exportModel, Network, withStoredWeights } from '../models/index.ts';
import type { Model } from '../onnx/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { type Anatomy, dissect } from './anatomy.ts';
import { Explainer, type ExplanationMethod } from './index.ts';
import { layerNamed, placedLayers } from './layers.ts';

const SIDE = 6;
const CLASSES = 3;
const runtime = nodeRuntime({ threads: 1 });
const stream = random(3, 'test/explanation');
const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, () => stream.integer(256));

function network(...layers: Layer[]): Network {
  return new Network({
    inputShape: [SIDE, SIDE, 3],
    normalization: { mean: [120, 110, 100], deviation: [60, 60, 60] },
    layers,
  });
}

const plain = network(
  new Conv2D({ filters: 4, kernelSize: 3, padding: 'same', activation: 'tanh' }),
  new AveragePooling2D(),
  new Conv2D({ filters: 5, kernelSize: 3, padding: 'same' }),
  new BatchNormalization(),
  new Activation('gelu'),
  new Flatten(),
  new Dense({ units: CLASSES, activation: 'softmax' }),
);
const maxima = network(
  new Conv2D({ filters: 4, kernelSize: 3, activation: 'elu' }),
  new MaxPooling2D(),
  new Conv2D({ filters: 16, kernelSize: 2, padding: 'same', activation: 'tanh' }),
  new GlobalMaxPooling2D(),
  new Dense({ units: CLASSES }),
);
const weightsOf = ({ parameters }: Network) => drawWeights(parameters);

const cases: Record<string, Model> = {
  'convolutions, means, batch normalization, softmax': exportModel(plain, weightsOf(plain)),
  'maxima, a temperature': exportModel(maxima, weightsOf(maxima), {}, { temperature: 1.7 }),
  'six views': exportModel(maxima, weightsOf(maxima), {}, { testTimeAugmentation: 'flip-shift' }),
  'weights of 8 bits, two views': withStoredWeights(
    exportModel(maxima, weightsOf(maxima), {}, { testTimeAugmentation: 'flip' }),
    'int8',
  ),
};

/** The largest value is 1. */
const scaled = (map: readonly number[]): number[] => {
  const peak = Math.max(...map);
  return map.map((value) => (peak > 0 ? value / peak : 0));
};

const image = (anatomy: Anatomy) =>
  new Map([[anatomy.image.name, { dims: [1, SIDE, SIDE, 3], data: Float64Array.from(pixels) }]]);

function expectedSaliency(model: Model, classIndex: number): number[] {
  const anatomy = dissect(model, 1);
  const { graph, pixels: from, logits } = anatomy;
  const slopes = gradients(graph.nodes, image(anatomy), from.name, logits.name)[classIndex];
  return Array.from({ length: SIDE * SIDE }, (_, i) =>
    Math.max(...[0, 1, 2].map((c) => Math.abs(slopes[3 * i + c]))),
  );
}

/** For every class. */
function expectedGradCam(model: Model, layer: string): number[][] {
  const anatomy = dissect(model, 1);
  const { graph, logits } = anatomy;
  const { output } = layerNamed(placedLayers(anatomy), layer);
  const { dims, data } = evaluate(graph.nodes, image(anatomy)).get(output.name)!;
  const [, channels, height, width] = dims;
  const cells = height * width;
  return gradients(graph.nodes, image(anatomy), output.name, logits.name).map((slopes) =>
    Array.from({ length: cells }, (_, cell) => {
      let sum = 0;
      for (let k = 0; k < channels; k++) {
        const alpha = slopes.subarray(k * cells, (k + 1) * cells).reduce((a, b) => a + b, 0) / cells;
        sum += alpha * data[k * cells + cell];
      }
      return Math.max(0, sum);
    }),
  );
}

async function actual(model: Model, method: ExplanationMethod, classIndex: number, layer?: string) {
  const explainer = await Explainer.load(runtime, model, { method, layer });
  try {
    return await explainer.explain(pixels, classIndex);
  } finally {
    await explainer.dispose();
  }
}

function expectClose(map: ArrayLike<number>, expected: readonly number[]): void {
  expect(map.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(map[i], `cell ${i}`).toBeCloseTo(value, 3);
  });
}

describe.each(Object.entries(cases))('%s:', (_, model) => {
  it.each([0, 2])('saliency of class %i', async (classIndex) => {
    const { map, height, width, peak } = await actual(model, 'saliency', classIndex);
    const expected = expectedSaliency(model, classIndex);
    expect([height, width]).toEqual([SIDE, SIDE]);
    expect(peak).toBeCloseTo(Math.max(...expected), 4);
    expectClose(map, scaled(expected));
  });

  it.each(['conv2d', 'conv2d_1'])('Grad-CAM at %s', async (layer) => {
    const expected = expectedGradCam(model, layer);
    for (const classIndex of [0, 1, 2]) {
      const { map } = await actual(model, 'grad-cam', classIndex, layer);
      expectClose(map, scaled(expected[classIndex]));
    }
    // What every class gets alike would say nothing.
    expect(new Set(expected.map((map) => `${scaled(map)}`)).size).toBe(3);
  });
});
