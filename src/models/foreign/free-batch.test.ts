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
import { type GraphBuilder, int64, type Model, type Value } from '../../onnx/index.ts';
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

/** As PyTorch's exporter writes it for any batch: the first sizes are the value's own. */
function resizedAsIs(graph: GraphBuilder, image: Value): Value {
  const small = graph.op('AveragePool', [image], { kernel_shape: [2, 2], strides: [2, 2] });
  const shape = graph.op('Shape', [small]);
  const kept = graph.op('Slice', [shape, graph.constant(int64([0])), graph.constant(int64([2]))]);
  const sizes = graph.op('Concat', [kept, graph.constant(int64([HEIGHT, WIDTH]))], { axis: 0 });
  const back = graph.op('Resize', [small, undefined, undefined, sizes], { mode: 'nearest' });
  return HEADS['MatMul and Add'](graph, residualNet(graph, graph.op('Add', [image, back])));
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

  it('also where an image is scaled to stated sizes, alone and beside another', async () => {
    const build = (graph: GraphBuilder, image: Value) => {
      const sizes = (...size: number[]) => [
        undefined,
        undefined,
        graph.constant(int64([1, Number(image.shape[1]), ...size])),
      ];
      const small = graph.op('AveragePool', [image], { kernel_shape: [2, 2], strides: [2, 2] });
      const back = graph.op('Resize', [small, ...sizes(HEIGHT, WIDTH)], { mode: 'nearest' });
      return HEADS['MatMul and Add'](graph, residualNet(graph, graph.op('Add', [image, back])));
    };
    const scores = await oneByOne(imageModel(build, { batch: 1 }));
    for (const free of [false, true]) {
      const model = free ? imageModel(resizedAsIs, {}) : imageModel(build, { batch: 1 });
      const given = await imported(readForeignModel(model, scale), pixels);
      expect(difference(given, scores, CLASSES)).toBeLessThan(2e-5);
    }
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
