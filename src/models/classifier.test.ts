import { describe, expect, it } from 'vitest';
import { memoryDataset } from '../data/memory.ts';
import { elementTypeCode, type Model, modelOf, type Shape } from '../onnx/index.ts';
import { createGraph, reduceMean } from '../ops/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import type { Runtime } from '../runtime/index.ts';
import { Classifier } from './classifier.ts';

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
