import { describe, expect, it } from 'vitest';
import { drawWeights, expectClose } from '../../test/layers/check-layer.ts';
import { random } from '../data/random.ts';
import { dissect } from '../explanation/anatomy.ts';
import { Conv2D, Dense, Flatten } from '../layers/index.ts';
import { decodeModel, encodeModel } from '../onnx/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { logitsModel } from '../publishing/logits-model.ts';
import { Model as Trainable } from '../training/index.ts';
import {
  Classifier,
  type ExportOptions,
  exportModel,
  foreignness,
  Network,
  type Rejection,
  rejectionOf,
  withoutRejection,
  withStoredWeights,
} from './index.ts';

const [SIDE, FILTERS, CLASSES] = [4, 3, 3];
const SIZE = SIDE * SIDE * FILTERS;
const runtime = nodeRuntime({ threads: 1 });
const network = new Network({
  inputShape: [SIDE, SIDE, 3],
  layers: [
    new Conv2D({ filters: FILTERS, kernelSize: 3, padding: 'same', activation: 'relu' }),
    new Flatten(),
    new Dense({ units: CLASSES, activation: 'softmax' }),
  ],
});
const weights = drawWeights(network.parameters);
const stream = random(3, 'test-rejection');
const directions = Array.from({ length: CLASSES }, () =>
  Float64Array.from({ length: SIZE }, () => stream.normal()),
);
const means = new Float32Array(SIZE * CLASSES);
directions.forEach((direction, label) => {
  direction.forEach((value, i) => {
    means[i * CLASSES + label] = value / Math.hypot(...direction);
  });
});
const rejection: Rejection = {
  layer: 'dense',
  means,
  distance: { median: 0.7, high: 0.9 },
  doubt: { median: 0.2, high: 0.45 },
  threshold: 1.5,
  keep: 0.95,
  images: 100,
};
const pixels = Uint8Array.from({ length: 5 * SIDE * SIDE * 3 }, () => stream.integer(256));
const model = (options: ExportOptions = {}) => exportModel(network, weights, {}, { rejection, ...options });

/** What the last layer takes, in Keras's order, computed without any graph of ours that rejects. */
async function features(images: Uint8Array): Promise<Float32Array> {
  const known = new Network({
    inputShape: [SIDE, SIDE, 3],
    layers: [network.layers[0].layer, new Flatten()] as never,
  });
  const graph = exportModel(
    new Network({
      inputShape: [SIDE, SIDE, 3],
      layers: [
        ...known.layers.map(({ layer }) => layer),
        new Dense({ units: SIZE, useBias: false }),
      ] as never,
    }),
    new Map([
      ['conv2d/kernel', weights.get('conv2d/kernel')!],
      ['conv2d/bias', weights.get('conv2d/bias')!],
      ['dense/kernel', Float32Array.from({ length: SIZE * SIZE }, (_, i) => Number(i % (SIZE + 1) === 0))],
    ]),
  );
  const logits = await runtime.compile(logitsModel(graph, 'features'));
  const planes = new Float32Array(images.length);
  images.forEach((value, i) => {
    const [image, place] = [Math.floor(i / (SIDE * SIDE * 3)), i % (SIDE * SIDE * 3)];
    planes[image * SIDE * SIDE * 3 + (place % 3) * SIDE * SIDE + Math.floor(place / 3)] = value / 255;
  });
  const dims = [images.length / (SIDE * SIDE * 3), 3, SIDE, SIDE];
  const { logits: rows } = await logits.step({ pixel_values: { type: 'float32', dims, data: planes } });
  await logits.dispose();
  return rows.data as Float32Array;
}

function distance(row: Float32Array): number {
  const cosines = directions.map(
    (direction) =>
      direction.reduce((sum, value, i) => sum + value * row[i], 0) /
      Math.hypot(...direction) /
      Math.hypot(...row),
  );
  return 1 - Math.max(...cosines);
}

const answers = async (of: ReturnType<typeof model>) => {
  const classifier = await Classifier.load(runtime, encodeModel(of));
  const answer = await classifier.answer(pixels);
  await classifier.dispose();
  return answer;
};

describe('a model that tells images of other things', () => {
  it('gives the score that its features and probabilities have, as a number from 0 to 1', async () => {
    const { probabilities, unknown } = await answers(model());
    const rows = await features(pixels);
    const expected = Array.from({ length: 5 }, (_, image) => {
      const doubt = 1 - Math.max(...probabilities.subarray(image * CLASSES, (image + 1) * CLASSES));
      const score = foreignness(distance(rows.subarray(image * SIZE, (image + 1) * SIZE)), doubt, rejection);
      return 1 / (1 + Math.exp(rejection.threshold - score));
    });
    expect(new Set(expected).size).toBe(5);
    expectClose(unknown!, expected, 1e-5);
  });

  it('averages the distances of views as it averages their logits', async () => {
    const seen = model({ testTimeAugmentation: 'flip', rejection: { layer: 'dense', means } });
    const executable = await runtime.compile(seen);
    const image = { type: 'uint8' as const, dims: [5, SIDE, SIDE, 3], data: pixels };
    const { distance: averaged } = await executable.step({ image });
    const mirrored = pixels.map((_, i) => {
      const [pixel, channel] = [Math.floor(i / 3), i % 3];
      return pixels[(pixel - (pixel % SIDE) + SIDE - 1 - (pixel % SIDE)) * 3 + channel];
    });
    const [plain, turned] = [await features(pixels), await features(mirrored)];
    const row = (rows: Float32Array, i: number) => rows.subarray(i * SIZE, (i + 1) * SIZE);
    const expected = Array.from(
      { length: 5 },
      (_, i) => (distance(row(plain, i)) + distance(row(turned, i))) / 2,
    );
    expectClose(averaged.data as Float32Array, expected, 1e-5);
    await executable.dispose();
  });

  it('has the probabilities of the same model without that', async () => {
    for (const testTimeAugmentation of ['none', 'flip-shift'] as const) {
      const plain = exportModel(network, weights, {}, { testTimeAugmentation });
      const { probabilities } = await answers(model({ testTimeAugmentation }));
      expect(probabilities).toEqual((await answers(plain)).probabilities);
      const without = withoutRejection(model({ testTimeAugmentation }));
      const ops = ({ graph }: typeof plain) => graph.nodes.map(({ opType }) => opType);
      expect(ops(without)).toEqual(ops(plain));
      expect(without.metadata).toEqual(plain.metadata);
    }
    expect((await answers(withoutRejection(model()))).unknown).toBeUndefined();
  });

  it('is one still when it was loaded to be trained on, until that is done', async () => {
    const loaded = Trainable.fromOnnx(encodeModel(model()), { runtime });
    expect(loaded.weights).toEqual(weights);
    const before = await answers(model());
    expect(await answers(decodeModel(loaded.toOnnx()))).toEqual(before);
    loaded.compile({ optimizer: 'sgd', runtime });
    expect(rejectionOf(decodeModel(loaded.toOnnx()), 'it')).toEqual(rejection);
    const copy = Trainable.fromOnnx(encodeModel(model()), { runtime });
    copy.weights = weights;
    expect(rejectionOf(decodeModel(copy.toOnnx()), 'it')).toBeUndefined();
    loaded.compile({ optimizer: 'sgd', loss: 'binary_crossentropy', runtime });
    expect(rejectionOf(decodeModel(loaded.toOnnx()), 'it')).toBeUndefined();
    await loaded.dispose();
  });

  it('says of itself how it tells them, also with smaller weights, and loses it with other views', async () => {
    const read = rejectionOf(decodeModel(encodeModel(model())), 'it')!;
    expect(read).toEqual(rejection);
    expect(rejectionOf(exportModel(network, weights), 'it')).toBeUndefined();
    expect(exportModel(network, weights, model().metadata).metadata).toEqual(
      exportModel(network, weights).metadata,
    );
    const damaged = {
      ...model(),
      metadata: { ...model().metadata, 'harrier.rejection': '{"layer":"dense"}' },
    };
    expect(() => rejectionOf(damaged, 'it.onnx')).toThrow(
      'it.onnx, harrier.rejection: how it tells unknown images cannot be read',
    );
    const exact = (await answers(model())).unknown!;
    expectClose((await answers(withStoredWeights(model(), 'float16'))).unknown!, [...exact], 1e-2);
  });

  it('is explained and exported for transformers.js as if it told nothing', async () => {
    const { nodes } = dissect(model({ testTimeAugmentation: 'flip' }), 1);
    expect(nodes.some(({ outputs }) => outputs[0].name.startsWith('reject/'))).toBe(false);
    expect(logitsModel(model(), 'it').graph.outputs.map(({ name }) => name)).toEqual(['logits']);
  });
});
