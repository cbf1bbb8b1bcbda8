import { describe, expect, it } from 'vitest';
import { drawWeights } from '../../test/layers/check-layer.ts';
import { memoryDataset } from '../data/memory.ts';
import {
  coverageOfSets,
  evaluatePredictions,
  evaluateRejection,
  PredictionSets,
} from '../evaluation/index.ts';
import { Dense, Flatten } from '../layers/index.ts';
import { elementTypeCode, encodeModel, type Model, modelOf, type Shape } from '../onnx/index.ts';
import { createGraph, reduceMean } from '../ops/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import type { Runtime } from '../runtime/index.ts';
import { Model as Trainable } from '../training/index.ts';
import { CLASS_NAMES_KEY, Classifier, exportModel, Network } from './index.ts';

/** The mean of an image over some of its axes, as if it were probabilities. */
function model(shape: Shape, over: readonly number[]): Model {
  const graph = createGraph('means');
  const image = graph.input('image', 'uint8', shape);
  const floats = graph.op('Cast', [image], { to: elementTypeCode('float32') });
  graph.output(reduceMean(graph, floats, over, false), 'probabilities');
  return modelOf(graph.build());
}

describe('Classifier.load', () => {
  it('takes a row of numbers per image', async () => {
    const classifier = await Classifier.load(nodeRuntime(), model(['N', 4, 5, 3], [1, 2]));
    expect(classifier.classNames).toEqual(['class 0', 'class 1', 'class 2']);
    await classifier.dispose();
  });

  it.each([0, -3, 2.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'refuses batches of %d images',
    async (batchSize) => {
      const classifier = await Classifier.load(nodeRuntime(), model(['N', 4, 5, 3], [1, 2]));
      const { imageShape, classNames } = classifier;
      const pixels = new Uint8Array(imageShape.height * imageShape.width * 3);
      const data = memoryDataset({ name: 'one', classNames, imageShape, labels: [0], pixels });
      await expect(classifier.predictImages(data, { batchSize })).rejects.toThrow(
        'Classifier.predictImages: batchSize: expected a whole number of at least 1',
      );
      await classifier.dispose();
    },
  );

  it('predicts some images at a time, however many are given', async () => {
    const runtime = nodeRuntime();
    const batches: number[] = [];
    const counting: Runtime = {
      ...runtime,
      compile: async (...given) => {
        const executable = await runtime.compile(...given);
        return {
          ...executable,
          dispose: () => executable.dispose(),
          step: (inputs) => {
            batches.push(Number(inputs.image.dims[0]));
            return executable.step(inputs);
          },
        };
      },
    };
    const classifier = await Classifier.load(counting, model(['N', 4, 5, 3], [1, 2]));
    const pixels = Uint8Array.from({ length: 150 * 60 }, (_, i) => Math.floor(i / 60) + (i % 3));
    const probabilities = await classifier.predict(pixels);
    expect(batches).toEqual([64, 64, 22]);
    expect([...probabilities]).toEqual(Array.from({ length: 450 }, (_, i) => Math.floor(i / 3) + (i % 3)));
    await classifier.dispose();
  });

  it.each<[string, Shape, number[]]>([
    ['a map per image', ['N', 4, 5, 3], [3]],
    ['a single number per image', ['N', 4, 5, 3], [1, 2, 3]],
    ['any number of classes', ['N', 'height', 5, 3], [2, 3]],
    ['images of any size', ['N', 'height', 'width', 3], [1, 2]],
    ['images with four channels', ['N', 4, 5, 4], [1, 2]],
  ])('refuses %s', async (_, shape, over) => {
    await expect(Classifier.load(nodeRuntime(), model(shape, over), 'x.onnx')).rejects.toMatchObject({
      code: 'not-supported',
      message: expect.stringMatching(
        /^x\.onnx: this model does not keep to the contract: expected .*received image/,
      ),
    });
  });
});

describe('evaluate', () => {
  const classNames = ['ant', 'bee', 'cat'];
  const network = new Network({
    inputShape: [4, 4, 3],
    layers: [new Flatten(), new Dense({ units: 3, activation: 'softmax' })],
  });
  const sets = new PredictionSets(classNames.map(() => [0, 0.2, 0.5, 0.8]));
  const rejection = {
    layer: 'dense',
    means: Float32Array.from({ length: 48 * 3 }, (_, i) => Number(i % 3 === 0) / Math.sqrt(48)),
    distance: { median: 0.7, high: 0.9 },
    doubt: { median: 0.2, high: 0.45 },
    threshold: 0.5,
    keep: 0.9,
    images: 40,
  };
  const bytes = encodeModel(
    exportModel(
      network,
      drawWeights(network.parameters),
      { [CLASS_NAMES_KEY]: JSON.stringify(classNames), ...sets.metadata },
      { temperature: 2, rejection },
    ),
  );
  // Each image twice, and one class among the labels that the model names.
  const pixels = Uint8Array.from(
    { length: 24 * 48 },
    (_, i) => (Math.floor(i / 96) * 7919 + (i % 48) * 31) % 256,
  );
  const labels = Array.from({ length: 24 }, (_, i) => Math.floor(i / 2) % 3);
  const groups = Uint32Array.from({ length: 24 }, (_, i) => Math.floor(i / 2));
  const imageShape = { height: 4, width: 4, channels: 3 };
  const turned = memoryDataset({
    name: 'turned',
    classNames: [...classNames].reverse(),
    imageShape,
    labels: labels.map((label) => 2 - label),
    pixels,
    copies: groups,
  });

  it('gives all that the file promises, for classes in whatever order and images of which some are copies', async () => {
    const runtime = nodeRuntime({ threads: 1 });
    const classifier = await Classifier.load(runtime, bytes);
    const predictions = { ...(await classifier.answer(pixels)), labels, classNames, groups };
    const { groups: _, ...alone } = predictions;
    const plain = evaluatePredictions(predictions);
    expect(plain.accuracy % 1).toBeGreaterThan(0);
    expect(plain.interval95[0]).toBeLessThan(evaluatePredictions(alone).interval95[0]);
    const rejected = evaluateRejection(predictions, { keep: 0.9, heldOutImages: 40 });

    const evaluation = await classifier.evaluate(turned);
    expect(evaluation).toEqual({
      ...plain,
      testTimeAugmentation: 'none',
      temperatureScaling: { temperature: 2, judged: expect.objectContaining({ images: 24 }) },
      predictionSets: coverageOfSets(sets, predictions),
      rejection: rejected,
    });
    expect(evaluation.predictionSets?.coverages).toHaveLength(1);
    expect(await classifier.predictionsFor(turned)).toEqual({
      ...predictions,
      labels: Uint16Array.from(labels),
    });
    const strangers = memoryDataset({
      ...turned,
      classNames: ['ant', 'bee', 'fly'],
      pixels,
      labels,
      copies: undefined,
    });
    await expect(classifier.evaluate(strangers)).rejects.toThrow('unknown class for this model "fly"');
    const again = Trainable.fromOnnx(bytes, { runtime });
    expect((await again.evaluate(turned)).rejection).toEqual(rejected);
    await Promise.all([classifier.dispose(), again.dispose()]);
  });
});
