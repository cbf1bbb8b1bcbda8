import { describe, expect, it } from 'vitest';
import { asInput, difference, drawPixels, imported, original } from '../../../test/foreign/compare.ts';
import {
  CLASSES,
  classifier,
  HEADS,
  HEIGHT,
  imageModel,
  NETWORKS,
  residualNet,
  WIDTH,
} from '../../../test/foreign/graphs.ts';
import { int64, type Model } from '../../onnx/index.ts';
import { readForeignModel } from '../index.ts';

const COUNT = 3;
const pixels = drawPixels(COUNT, HEIGHT, WIDTH);
const scale = { mean: [0.5], std: [0.25] };
const pixel = (value: number) => (value / 255 - 0.5) / 0.25;

/** What the original gives for each image alone, one after another. */
async function oneByOne(model: Model): Promise<Float32Array> {
  const size = pixels.length / COUNT;
  const rows: number[] = [];
  for (let i = 0; i < COUNT; i++) {
    const one = pixels.subarray(i * size, (i + 1) * size);
    rows.push(...(await original(model, asInput(one, 1, { height: HEIGHT, width: WIDTH, pixel }))));
  }
  return Float32Array.from(rows);
}

describe('a model that was exported for one image takes any number:', () => {
  it.each(Object.entries(NETWORKS))('%s', async (_, build) => {
    const model = imageModel(build, { batch: 1 });
    const scores = await oneByOne(model);
    expect(difference(await imported(readForeignModel(model, scale), pixels), scores, CLASSES)).toBeLessThan(
      2e-5,
    );
  });

  it('also where the shape of the features is stated', async () => {
    const model = imageModel(
      (graph, image) => {
        const pooled = graph.op('GlobalAveragePool', [image]);
        const flat = graph.op('Reshape', [pooled, graph.constant(int64([1, 3]))]);
        const wide = graph.op(
          'Concat',
          [flat, flat, graph.constant({ type: 'float32', dims: [1, 2], data: new Float32Array([1, 2]) })],
          { axis: 1 },
        );
        return HEADS['MatMul alone'](graph, wide);
      },
      { batch: 1 },
    );
    const scores = await oneByOne(model);
    expect(difference(await imported(readForeignModel(model, scale), pixels), scores, CLASSES)).toBeLessThan(
      1e-5,
    );
  });

  it('but not one that takes an image out of a batch', () => {
    const model = imageModel(
      (graph, image) => {
        const first = graph.op('Slice', [image, ...[0, 1, 0].map((at) => graph.constant(int64([at])))]);
        return HEADS['Gemm, transposed'](graph, residualNet(graph, first));
      },
      { batch: 2 },
    );
    expect(() => readForeignModel(model)).toThrow(
      /the model was exported for one number of images, and that cannot be undone: one of the images is taken out\. Export it again with a free batch/,
    );
  });

  it('of several images too', async () => {
    const read = readForeignModel(classifier('Gemm, transposed', { batch: 4 }), scale);
    const scores = await oneByOne(classifier('Gemm, transposed'));
    expect(difference(await imported(read, pixels), scores, CLASSES)).toBeLessThan(1e-5);
  });
});
