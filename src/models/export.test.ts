import { describe, expect, it } from 'vitest';
import { drawWeights, expectClose } from '../../test/layers/check-layer.ts';
import { random } from '../data/random.ts';
import type { TestTimeAugmentation } from '../data/views.ts';
import { withTemperature } from '../evaluation/index.ts';
import { BatchNormalization, Conv2D, Dense, Flatten, type Layer } from '../layers/index.ts';
import { decodeModel, encodeModel } from '../onnx/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { networkOf, RECIPES } from '../recipes/index.ts';
import { Classifier, exportModel, exportOptionsOf, initialWeights, Network, weightsOf } from './index.ts';

const HEIGHT = 6;
const WIDTH = 5;
const CLASSES = 4;
const runtime = nodeRuntime({ threads: 1 });

const network = (last: Layer[]) =>
  new Network({
    inputShape: [HEIGHT, WIDTH, 3],
    layers: [new Conv2D({ filters: 5, kernelSize: 3 }), new BatchNormalization(), new Flatten(), ...last],
  });
const withSoftmax = network([new Dense({ units: CLASSES, activation: 'softmax' })]);
const withLogits = network([new Dense({ units: CLASSES })]);

type Look = (image: Uint8Array) => Uint8Array;

/** An image whose pixel (row, column) is that of the given place; places outside are mirrored at the edge's pixel. */
const look =
  (place: (row: number, column: number) => [number, number]): Look =>
  (image) => {
    const inside = (at: number, size: number) => (at < 0 ? -at : at >= size ? 2 * size - 2 - at : at);
    return image.map((_, i) => {
      const [row, column] = place(Math.floor(i / 3 / WIDTH), Math.floor(i / 3) % WIDTH);
      return image[(inside(row, HEIGHT) * WIDTH + inside(column, WIDTH)) * 3 + (i % 3)];
    });
  };
const same = look((row, column) => [row, column]);
const mirrored = look((row, column) => [row, WIDTH - 1 - column]);
const down = look((row, column) => [row - 1, column - 1]);
const up = look((row, column) => [row + 1, column + 1]);
const both =
  (first: Look, second: Look): Look =>
  (image) =>
    second(first(image));

const VIEWS: Readonly<Record<TestTimeAugmentation, readonly [Look, number][]>> = {
  none: [[same, 1]],
  flip: [
    [same, 1 / 2],
    [mirrored, 1 / 2],
  ],
  'flip-shift': [
    [same, 1 / 4],
    [mirrored, 1 / 4],
    [down, 1 / 8],
    [both(down, mirrored), 1 / 8],
    [up, 1 / 8],
    [both(up, mirrored), 1 / 8],
  ],
};

async function predict(model: ReturnType<typeof exportModel>, pixels: Uint8Array): Promise<Float32Array> {
  const classifier = await Classifier.load(runtime, model);
  try {
    return await classifier.predict(pixels);
  } finally {
    await classifier.dispose();
  }
}

/** Probabilities of one image from those of its views, each asked for alone: their logarithms are averaged. */
async function averaged(kind: TestTimeAugmentation, image: Uint8Array): Promise<number[]> {
  const model = exportModel(withSoftmax, drawWeights(withSoftmax.parameters));
  const scores = new Array<number>(CLASSES).fill(0);
  for (const [view, weight] of VIEWS[kind]) {
    const probabilities = await predict(model, view(image));
    probabilities.forEach((probability, c) => {
      scores[c] += weight * Math.log(probability);
    });
  }
  const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
  return scores.map((score) => Math.exp(score) / total);
}

const images = [0, 1, 2].map((number) => {
  const stream = random(7, 'picture', number);
  return Uint8Array.from({ length: HEIGHT * WIDTH * 3 }, () => stream.integer(256));
});

describe.each(['none', 'flip', 'flip-shift'] as const)('test-time augmentation %s in the graph', (kind) => {
  const options = { testTimeAugmentation: kind };

  it.each([
    ['ends in softmax', withSoftmax],
    ['gives logits', withLogits],
  ])('averages the logits of the views of each image, where the network %s', async (_, net) => {
    const model = exportModel(net, drawWeights(net.parameters), {}, options);
    for (const image of images) {
      expectClose(await predict(model, image), await averaged(kind, image), 1e-5);
    }
  });

  it('takes any number of images', async () => {
    const model = exportModel(withLogits, drawWeights(withLogits.parameters), {}, options);
    expect(model.graph.inputs[0].shape).toEqual(['N', HEIGHT, WIDTH, 3]);
    expect(model.graph.outputs[0].shape).toEqual(['N', CLASSES]);
    const all = await predict(model, Uint8Array.from(images.flatMap((image) => [...image])));
    const alone = [];
    for (const image of images) alone.push(...(await predict(model, image)));
    expectClose(all, alone, 1e-6);
  });

  it('is known by the file, and its weights can be taken out again', () => {
    const weights = drawWeights(withLogits.parameters);
    const model = exportModel(withLogits, weights, { mine: 'kept' }, options);
    const read = decodeModel(encodeModel(model));
    expect(exportOptionsOf(read)).toEqual({ testTimeAugmentation: kind, temperature: 1 });
    expect(read.metadata.mine).toBe('kept');
    expect(weightsOf(withLogits, read, 'model')).toEqual(weights);
  });
});

it('images of one pixel cannot be moved', () => {
  const small = new Network({ inputShape: [4, 1, 3], layers: [new Flatten(), new Dense({ units: 2 })] });
  expect(() =>
    exportModel(small, drawWeights(small.parameters), {}, { testTimeAugmentation: 'flip-shift' }),
  ).toThrow(/too small to be moved by a pixel: expected at least 2 × 2 pixels, received 1 × 4/);
});

it('the weights of another network are not taken from a model', () => {
  const model = exportModel(withLogits, drawWeights(withLogits.parameters));
  const other = network([new Dense({ units: 2 })]);
  expect(() => weightsOf(other, model, 'it')).toThrow(
    /it: the weights dense\/kernel are not in this model: expected float32 \(60, 2\), received float32 \(60, 4\)/,
  );
});

it('a temperature divides the logits, and is known by the file', async () => {
  const weights = drawWeights(withSoftmax.parameters);
  const predictions = {
    probabilities: await predict(exportModel(withSoftmax, weights), images[0]),
    labels: [0],
    classNames: ['a', 'b', 'c', 'd'],
  };
  const model = exportModel(withSoftmax, weights, {}, { temperature: 2.5 });
  expectClose(await predict(model, images[0]), withTemperature(predictions, 2.5).probabilities, 1e-5);
  expect(exportOptionsOf(model)).toEqual({ testTimeAugmentation: 'none', temperature: 2.5 });
  expect(exportOptionsOf(exportModel(withSoftmax, weights, model.metadata)).temperature).toBe(1);
});

it.each(Object.values(RECIPES))(
  'the weights of recipe $name can be taken out of its model again',
  (recipe) => {
    const net = networkOf(recipe, { inputShape: [32, 32, 3], classes: 3 });
    const weights = initialWeights(net.parameters, 1);
    const model = exportModel(net, weights, {}, { testTimeAugmentation: 'flip', temperature: 2 });
    const taken = weightsOf(net, model, 'it');
    expect([...taken.keys()]).toEqual([...weights.keys()]);
    // Millions of numbers: their bytes are compared in an instant, which toEqual does not.
    const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array) =>
      Buffer.from(buffer, byteOffset, byteLength);
    for (const [name, values] of weights) {
      expect(bytesOf(taken.get(name)!).equals(bytesOf(values)), name).toBe(true);
    }
  },
);
