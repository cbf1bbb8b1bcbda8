import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import type { Dataset } from '../data/dataset.ts';
import { memoryDataset } from '../data/memory.ts';
import { subset } from '../data/subset.ts';
import { evaluatePredictions } from '../evaluation/index.ts';
import { exportModel, trainedNetwork } from '../models/index.ts';
import { decodeModel } from '../onnx/index.ts';
import { cifar10 } from '../platform/node/datasets/cifar10.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { shippedModel } from '../platform/node/runs/shipped-model.ts';
import { predictionsOf } from '../runs/predictions-of.ts';
import { fit } from '../training/index.ts';
import { fineTuning, fineTuningLength, fineTuningMethod, withSettings } from './index.ts';

/** So many images of each of these classes, from a place on, as a data set of these classes alone. */
function partOf(all: Dataset, classes: readonly number[], count: number, from: number): Dataset {
  const indices = classes.flatMap((label) =>
    Array.from(all.labels.keys())
      .filter((index) => all.labels[index] === label)
      .slice(from, from + count),
  );
  const { imageShape } = all;
  const part = subset(all, indices, 'part');
  const pixels = new Uint8Array(indices.length * imageShape.height * imageShape.width * 3);
  part.gather(Array.from(indices.keys()), pixels);
  return memoryDataset({
    name: 'few',
    classNames: classes.map((label) => all.classNames[label]),
    imageShape,
    labels: Array.from(part.labels, (label) => classes.indexOf(label)),
    pixels,
  });
}

test.each(['head', 'all'] as const)(
  'the shipped model learns three classes from ten images each (%s)',
  async (trainable) => {
    const file = (await shippedModel())!;
    const from = trainedNetwork(decodeModel(await readFile(file), file), file);
    const { test: images } = await cifar10();
    const [train, evaluated] = [partOf(images, [3, 5, 7], 10, 0), partOf(images, [3, 5, 7], 30, 10)];
    const runtime = nodeRuntime();
    const tuning = fineTuning({ from, classes: 3, images: train.size, trainable, epochs: 6, seed: 1 });
    expect(tuning.batchSize).toBe(8);
    const { weights } = await fit({ ...tuning, runtime, train, seed: 1, clock: () => 0 });
    if (trainable === 'head') {
      expect(weights.get('conv2d_1/kernel')).toEqual(from.weights.get('conv2d_1/kernel'));
    }
    // Batch normalisation stands in both.
    expect(weights.get('batch_normalization/moving_mean')).toEqual(
      from.weights.get('batch_normalization/moving_mean'),
    );
    const predictions = await predictionsOf(
      runtime,
      exportModel(tuning.network, weights),
      evaluated,
      'evaluating',
    );
    expect(evaluatePredictions(predictions).accuracy).toBeGreaterThan(0.8);
  },
);

test('the batch follows the number of images, and so do the epochs', async () => {
  const file = (await shippedModel())!;
  const from = trainedNetwork(decodeModel(await readFile(file), file), file);
  const lengths = [10, 60, 200, 400, 5000, 100_000].map((images) => {
    const { batchSize, epochs } = fineTuning({ from, classes: 2, images, seed: 1 });
    return [images, batchSize, epochs];
  });
  expect(lengths).toEqual([
    [10, 8, 75],
    [60, 8, 19],
    [200, 25, 19],
    [400, 32, 12],
    [5000, 32, 2],
    [100_000, 32, 2],
  ]);
});

test('a chosen batch size decides how many epochs have as many steps', async () => {
  const file = (await shippedModel())!;
  const { network } = trainedNetwork(decodeModel(await readFile(file), file), file);
  expect(fineTuningLength(network, 200, 'all')).toEqual({ batchSize: 25, epochs: 19 });
  expect(fineTuningLength(network, 200, 'all', 50)).toEqual({ batchSize: 50, epochs: 38 });
  expect(fineTuningLength(network, 200, 'head', 50)).toEqual({ batchSize: 50, epochs: 20 });
});

test('a chosen learning rate is that of the layers before the head, whose rate keeps its ratio to it', async () => {
  const file = (await shippedModel())!;
  const { network } = trainedNetwork(decodeModel(await readFile(file), file), file);
  const { optimizer } = withSettings(fineTuningMethod(network, 'all'), { learningRate: 4e-4 });
  expect(optimizer).toMatchObject({
    learningRate: { initialLearningRate: 4e-4 },
    groups: [{ parameters: 'dense/*', optimizer: { learningRate: { initialLearningRate: 0.006 } } }],
  });
});
