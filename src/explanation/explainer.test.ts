import { beforeAll, describe, expect, it } from 'vitest';
import { CLASS_NAMES, OBJECT, planted, SIDE } from '../../test/explanation/planted.ts';
import { Conv2D, Dense, Flatten, GlobalMaxPooling2D, MaxPooling2D } from '../layers/index.ts';
import { Classifier, exportModel, initialWeights, Network } from '../models/index.ts';
import { Adam } from '../optimizers/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import type { Runtime } from '../runtime/index.ts';
import { Sequential } from '../training/index.ts';
import { Embedder, Explainer, nearest, resizeMap } from './index.ts';

const runtime = nodeRuntime({ threads: 1 });
const test = planted(60, 2);
let model: Uint8Array;

beforeAll(async () => {
  const network = new Sequential({
    inputShape: [SIDE, SIDE, 3],
    layers: [
      new Conv2D({ filters: 8, kernelSize: 3, padding: 'same', activation: 'relu' }),
      new MaxPooling2D(),
      new Conv2D({ filters: 12, kernelSize: 3, padding: 'same', activation: 'relu', name: 'last' }),
      new GlobalMaxPooling2D(),
      new Dense({ units: CLASS_NAMES.length, activation: 'softmax' }),
    ],
  });
  network.compile({ optimizer: new Adam({ learningRate: 0.01 }), runtime, seed: 1 });
  await network.fit(planted(300, 1), { epochs: 10, batchSize: 16 });
  expect((await network.evaluate(test)).accuracy).toBeGreaterThan(0.95);
  model = network.toOnnx();
});

const image = (index: number): Uint8Array => {
  const pixels = new Uint8Array(SIDE * SIDE * 3);
  test.gather([index], pixels);
  return pixels;
};

/** How much of a map lies on the image's object, give or take the pixels that a filter sees around it. */
function shareOnObject(map: Float32Array, index: number, margin = 2): number {
  const [top, left] = test.places[index];
  let inside = 0;
  let all = 0;
  map.forEach((value, i) => {
    const [row, column] = [Math.floor(i / SIDE), i % SIDE];
    const near = (at: number, start: number) => at >= start - margin && at < start + OBJECT + margin;
    if (near(row, top) && near(column, left)) inside += value;
    all += value;
  });
  return inside / all;
}

/** What a map that knows nothing would have there, at most: a quarter. */
const CHANCE = (OBJECT + 4) ** 2 / SIDE ** 2;

describe('the map of a trained network falls on the object that was planted in the image:', () => {
  it.each(['grad-cam', 'saliency'] as const)('%s', async (method) => {
    const explainer = await Explainer.load(runtime, model, { method });
    const fractions: number[] = [];
    for (let index = 0; index < test.size; index++) {
      const explanation = await explainer.explain(image(index));
      expect(explanation.classIndex).toBe(
        explanation.probabilities.indexOf(Math.max(...explanation.probabilities)),
      );
      expect(explanation.peak).toBeGreaterThan(0);
      fractions.push(shareOnObject(resizeMap(explanation, { height: SIDE, width: SIDE }), index));
    }
    await explainer.dispose();
    expect(fractions.reduce((a, b) => a + b) / fractions.length).toBeGreaterThan(2.5 * CHANCE);
    expect(fractions.filter((fraction) => fraction > CHANCE).length).toBeGreaterThan(0.9 * test.size);
  });

  it('and with two objects in it, on that of the class which is asked about', async () => {
    // Stripes across at the top left, stripes down at the bottom right.
    const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => {
      const [row, column] = [Math.floor(i / 3 / SIDE), Math.floor(i / 3) % SIDE];
      if (row >= 1 && row < 9 && column >= 1 && column < 9) return ((row - 1) >> 1) % 2 === 1 ? 255 : 0;
      if (row >= 15 && row < 23 && column >= 15 && column < 23) {
        return ((column - 15) >> 1) % 2 === 1 ? 255 : 0;
      }
      return 128;
    });
    const explainer = await Explainer.load(runtime, model);
    const atTopLeft = async (name: string): Promise<number> => {
      const explanation = await explainer.explain(pixels, CLASS_NAMES.indexOf(name));
      const map = resizeMap(explanation, { height: SIDE, width: SIDE });
      const half = map.filter((_, i) => Math.floor(i / SIDE) < 12 && i % SIDE < 12);
      return half.reduce((a, b) => a + b) / map.reduce((a, b) => a + b);
    };
    expect(await atTopLeft('across')).toBeGreaterThan(0.7);
    expect(await atTopLeft('down')).toBeLessThan(0.3);
    await explainer.dispose();
  });
});

describe('Explainer', () => {
  it('gives the probabilities that the classifier gives, and the layer that it looks at', async () => {
    const [explainer, classifier] = [
      await Explainer.load(runtime, model),
      await Classifier.load(runtime, model),
    ];
    const { probabilities, height, width } = await explainer.explain(image(4));
    expect(probabilities).toEqual(await classifier.predict(image(4)));
    expect([explainer.layer, height, width]).toEqual(['last', SIDE / 2, SIDE / 2]);
    expect(explainer.classNames).toEqual(CLASS_NAMES);
    await explainer.dispose();
    await classifier.dispose();
  });

  const load = (options: object, source: Uint8Array = model) =>
    Explainer.load(runtime, source, { ...options, where: 'model.onnx' });

  it.each([
    [
      { layer: 'lost' },
      'bad-option',
      'unknown layer "lost". Did you mean "last"? There are: preprocessing, ',
    ],
    [{ layer: 'dense' }, 'bad-option', 'layer "dense" does not have an image as output: expected'],
    [{ method: 'guess' }, 'bad-option', 'unknown method "guess". There are: grad-cam, saliency.'],
    [{ method: 'saliency', layer: 'last' }, 'bad-option', 'saliency has no layer, only pixels'],
  ])('refuses %j in a sentence', async (options, code, sentence) => {
    await expect(load(options)).rejects.toMatchObject({ code, message: expect.stringContaining(sentence) });
  });

  it('refuses pixels of another size, and classes that there are not', async () => {
    const explainer = await load({});
    await expect(explainer.explain(new Uint8Array(10))).rejects.toThrow(
      'expected 24 × 24 × 3 values, received 10',
    );
    await expect(explainer.explain(image(0), 3)).rejects.toThrow(
      'classIndex: expected a whole number from 0 to 2, received 3',
    );
    await explainer.dispose();
  });

  it('says of a network without convolutions what explains it', async () => {
    const dense = new Network({
      inputShape: [4, 4, 3],
      layers: [new Flatten(), new Dense({ units: 2, activation: 'softmax' })],
    });
    const source = exportModel(dense, initialWeights(dense.parameters, 1));
    await expect(Explainer.load(runtime, source)).rejects.toMatchObject({
      code: 'not-supported',
      message: expect.stringContaining('no layer of this model has an image as output'),
    });
    const explainer = await Explainer.load(runtime, source, { method: 'saliency' });
    expect((await explainer.explain(new Uint8Array(48))).map.length).toBe(16);
    await explainer.dispose();
  });
});

describe('embeddings', () => {
  it('lie close together for images of one class', async () => {
    const embedder = await Embedder.load(runtime, model);
    expect(embedder.size).toBe(12);
    const all = new Uint8Array(test.size * SIDE * SIDE * 3);
    test.gather(
      Array.from({ length: test.size }, (_, i) => i),
      all,
    );
    const rows = await embedder.embed(all);
    await embedder.dispose();
    let same = 0;
    for (let i = 0; i < test.size; i++) {
      const [first, ...others] = nearest(rows.subarray(12 * i, 12 * (i + 1)), rows, 6);
      expect(first.index).toBe(i);
      expect(first.similarity).toBeCloseTo(1, 5);
      same += others.filter(({ index }) => test.labels[index] === test.labels[i]).length;
    }
    expect(same / (5 * test.size)).toBeGreaterThan(0.9);
  });

  it('are computed of a few images at a time, the same as of each alone', async () => {
    const together: number[] = [];
    const watched: Runtime = {
      ...runtime,
      async compile(source, options) {
        const executable = await runtime.compile(source, options);
        return {
          step: (inputs) => {
            together.push(inputs.image.dims[0]);
            return executable.step(inputs);
          },
          readState: () => executable.readState(),
          writeState: (tensors) => executable.writeState(tensors),
          dispose: () => executable.dispose(),
        };
      },
    };
    const embedder = await Embedder.load(watched, model);
    const bytes = SIDE * SIDE * 3;
    const pixels = Uint8Array.from({ length: 35 * bytes }, (_, i) => (i * 31) % 256);
    const rows = await embedder.embed(pixels);
    expect(together).toEqual([16, 16, 3]);
    expect(rows).toHaveLength(35 * embedder.size);
    for (const image of [0, 15, 16, 34]) {
      const alone = await embedder.embed(pixels.subarray(image * bytes, (image + 1) * bytes));
      const [{ index, similarity }] = nearest(alone, rows.subarray(image * 12, (image + 1) * 12), 1);
      expect(index).toBe(0);
      expect(similarity).toBeCloseTo(1, 5);
    }
    await expect(embedder.embed(pixels.subarray(1))).rejects.toMatchObject({ code: 'bad-shape' });
    await embedder.dispose();
  });

  it('are compared by the cosine, however long the rows are', () => {
    const rows = Float32Array.of(30, -40, 0.5, 1, 0, 0, 100, 0);
    const found = nearest(Float32Array.of(3, 6), rows, 4);
    expect(found.map(({ index }) => index)).toEqual([1, 3, 2, 0]);
    [1, 1 / Math.sqrt(5), 0, -1 / Math.sqrt(5)].forEach((expected, i) => {
      expect(found[i].similarity).toBeCloseTo(expected, 6);
    });
    expect(nearest(new Float32Array(2), rows, 1)).toEqual([{ index: 0, similarity: 0 }]);
    expect(() => nearest(Float32Array.of(1, 2, 3), rows, 1)).toThrow(
      'nearest: the rows have another size than the embedding: expected whole rows of 3 numbers, received 8 numbers.',
    );
  });
});
