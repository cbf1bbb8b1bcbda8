import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { images } from '../../test/training/problem.ts';
import { memoryDataset } from '../data/memory.ts';
import { rarestTags } from '../data/tags.ts';
import { Conv2D, Dense, Flatten } from '../layers/index.ts';
import { Classifier } from '../models/index.ts';
import { decodeModel } from '../onnx/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { loadModel } from '../platform/node/load-model.ts';
import type { Runtime } from '../runtime/index.ts';
import { Model, Sequential } from './model.ts';

const runtime = nodeRuntime({ threads: 1 });
const train = images(24, 4, 4);
const test = images(12, 4, 4, 2);

/** All pixels of a data set. */
function pixelsOf(data: typeof train): Uint8Array {
  const pixels = new Uint8Array(data.size * 48);
  data.gather([...data.labels.keys()], pixels);
  return pixels;
}

/** The runtime, and how many models it was asked to prepare. */
function counting(): Runtime & { compiled: number } {
  const own = {
    ...runtime,
    compiled: 0,
    compile(...given: Parameters<Runtime['compile']>) {
      own.compiled++;
      return runtime.compile(...given);
    },
  };
  return own;
}

function model(own: Runtime = runtime): Sequential {
  const one = new Sequential({ inputShape: [4, 4, 3], layers: [new Flatten(), new Dense({ units: 3 })] });
  one.compile({ optimizer: { name: 'SGD', learningRate: 0.1 }, runtime: own, seed: 1 });
  return one;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-model-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('compile', () => {
  it('keeps weights that were trained or set, and draws them anew for a model that has none', async () => {
    const one = model();
    const drawn = one.weights;
    one.compile({ optimizer: 'adam', runtime, seed: 2 });
    expect(one.weights).not.toEqual(drawn);
    await one.fit(train);
    const trained = one.weights;
    expect(trained).not.toEqual(drawn);
    one.compile({ optimizer: 'adam', runtime, seed: 3 });
    expect(one.weights).toEqual(trained);
    one.weights = drawn;
    one.compile({ optimizer: 'sgd', runtime, seed: 4 });
    expect(one.weights).toEqual(drawn);
  });

  it('takes weights before it is called', async () => {
    const { network, weights } = model();
    const one = new Model(network);
    one.weights = weights;
    one.compile({ optimizer: 'sgd', runtime, seed: 9 });
    expect(one.weights).toEqual(weights);
  });

  it('takes Keras’s loss and metrics, and refuses others', () => {
    const one = model();
    one.compile({
      optimizer: 'rmsprop',
      loss: 'sparse_categorical_crossentropy',
      metrics: ['accuracy'],
      runtime,
    });
    // @ts-expect-error no such loss
    expect(() => one.compile({ optimizer: 'sgd', runtime, loss: 'mse' })).toThrow('unknown loss "mse"');
    // @ts-expect-error no such metric
    expect(() => one.compile({ optimizer: 'sgd', runtime, metrics: ['auc'] })).toThrow(
      'unknown metric "auc"',
    );
  });
});

describe('predict and evaluate', () => {
  it('prepare the model once, until its weights change', async () => {
    const own = counting();
    const one = model(own);
    const [first, second] = await Promise.all([one.predict(test), one.predict(test)]);
    expect(second).toEqual(first);
    await one.evaluate(test);
    expect(own.compiled).toBe(1);
    const { weights } = one;
    one.weights = weights;
    expect(await one.predict(test)).toEqual(first);
    expect(own.compiled).toBe(2);
    await one.fit(train);
    const before = own.compiled;
    expect(await one.predict(test)).not.toEqual(first);
    await one.evaluate(test);
    expect(own.compiled).toBe(before + 1);
    await one.dispose();
    await one.predict(test);
    expect(own.compiled).toBe(before + 2);
    await one.dispose();
  });

  it('know classes by their names, in whatever order', async () => {
    const one = model();
    await one.fit(train);
    const { classNames, imageShape } = test;
    const others = (names: readonly string[], labels: readonly number[]) =>
      memoryDataset({ name: 'others', classNames: names, imageShape, labels, pixels: pixelsOf(test) });
    const { accuracy, matrix } = await one.evaluate(test);
    const turned = others(
      [...classNames].reverse(),
      Array.from(test.labels, (label) => 2 - label),
    );
    const again = await one.evaluate(turned);
    expect([again.accuracy, again.matrix, again.classNames]).toEqual([accuracy, matrix, classNames]);
    await expect(one.evaluate(others(['a', 'b', 'c'], [...test.labels]))).rejects.toThrow(
      'unknown class for this model "a"',
    );
    // Classes that were trained without names are known by their numbers.
    const nameless = model();
    await nameless.fit(pixelsOf(train), [...train.labels]);
    expect((await nameless.evaluate(test)).accuracy).toBe(accuracy);
  });

  it('gives weights as copies', async () => {
    const one = model();
    const before = await one.predict(test);
    one.weights.get('dense/kernel')!.fill(7);
    expect(await one.predict(test)).toEqual(before);
  });
});

describe('fit', () => {
  it('takes pixels and labels, as it takes a data set of them', async () => {
    const [one, other] = [model(), model()];
    const history = await one.fit(pixelsOf(train), train.labels, {
      epochs: 2,
      batchSize: 8,
      validationData: [pixelsOf(test), [...test.labels]],
    });
    await other.fit(train, { epochs: 2, batchSize: 8, validationData: test });
    expect(history).toHaveLength(2);
    expect(one.weights).toEqual(other.weights);
    expect((await one.evaluate(pixelsOf(test), test.labels)).loss).toBe((await other.evaluate(test)).loss);
  });

  it('validationData wins over validationSplit', async () => {
    const [one, other] = [model(), model()];
    const both = await one.fit(train, { validationData: test, validationSplit: 0.5 });
    const data = await other.fit(train, { validationData: test });
    expect(both[0]).toEqual({ ...data[0], seconds: both[0].seconds });
    expect(one.weights).toEqual(other.weights);
  });

  it('keeps the weights of the best epoch, or with keepBest: false of the last', async () => {
    const bad = { epochs: 12, batchSize: 4, validationData: images(12, 4, 4, 3) };
    const one = model();
    one.compile({ optimizer: { name: 'SGD', learningRate: 6 }, runtime, seed: 1 });
    const other = model();
    other.compile({ optimizer: { name: 'SGD', learningRate: 6 }, runtime, seed: 1 });
    const history = await one.fit(train, bad);
    await other.fit(train, { ...bad, keepBest: false });
    const own = history.map(({ validationLoss }) => validationLoss!);
    expect(own.indexOf(Math.min(...own))).toBeLessThan(11);
    expect((await one.evaluate(bad.validationData)).loss).toBeCloseTo(Math.min(...own), 5);
    expect((await other.evaluate(bad.validationData)).loss).toBeCloseTo(own.at(-1)!, 5);
  });
});

describe('save and load', () => {
  it('brings a model back with its weights and class names, to use and to train on', async () => {
    const one = model();
    await one.fit(train);
    const file = join(folder, 'saved', 'mine.onnx');
    await one.save(file);
    const loaded = await loadModel(file);
    expect(await loaded.predict(test)).toEqual(await one.predict(test));
    expect(loaded.toOnnx()).toEqual(one.toOnnx());
    for (const each of [one, loaded]) {
      each.compile({ optimizer: 'sgd', runtime, seed: 5 });
      await each.fit(train);
    }
    expect(loaded.weights).toEqual(one.weights);
  });

  it('says what is wrong with a file', async () => {
    await expect(loadModel(join(folder, 'none.onnx'))).rejects.toThrow('there is no such file');
    expect(() => Model.fromOnnx('mine.onnx' as never)).toThrow(
      'For a file: await loadModel(path) of harrier/node.',
    );
  });
});

it('a model says how its training images came to their size, and so does its file', async () => {
  const preprocessing = { resize: 'crop', cropFraction: 0.875, interpolation: 'bicubic' } as const;
  const cropped = { ...train, imageShape: { ...train.imageShape, preprocessing } };
  const make = () => {
    const model = new Sequential({
      inputShape: [4, 4, 3],
      layers: [new Flatten(), new Dense({ units: train.classNames.length, activation: 'softmax' })],
    });
    model.compile({ optimizer: 'sgd', runtime });
    return model;
  };
  const model = make();
  expect(model.imageShape).toEqual({ height: 4, width: 4, channels: 3 });
  await model.fit(cropped);
  expect(model.imageShape).toEqual({ height: 4, width: 4, channels: 3, preprocessing });
  const classifier = await Classifier.load(runtime, model.toOnnx());
  expect(classifier.imageShape).toEqual(model.imageShape);
  await classifier.dispose();
  const again = Model.fromOnnx(model.toOnnx(), { runtime });
  expect(again.imageShape).toEqual(model.imageShape);
  const plain = make();
  await plain.fit(train);
  const { metadata } = decodeModel(plain.toOnnx(), 'plain');
  expect(Object.keys(metadata)).not.toContain('harrier.preprocessing');
  for (const each of [model, again, plain]) await each.dispose();
});

describe('grey images', () => {
  const grey = Uint8Array.from(
    { length: 24 * 16 },
    (_, i) => ((Math.floor(i / 16) % 3) * 80 + (i % 16)) % 256,
  );
  const labels = Array.from({ length: 24 }, (_, i) => i % 3);
  const greyModel = (channels: 1 | 3) => {
    const one = new Sequential({
      inputShape: [4, 4, channels],
      layers: [
        new Conv2D({ filters: 4, kernelSize: 3, activation: 'relu' }),
        new Flatten(),
        new Dense({ units: 3 }),
      ],
    });
    one.compile({ optimizer: { name: 'Adam', learningRate: 0.05 }, runtime, seed: 1 });
    return one;
  };

  it('are told apart by a network of one channel, whose file takes colours by the contract', async () => {
    const one = greyModel(1);
    expect(one.weights.get('conv2d/kernel')).toHaveLength(3 * 3 * 1 * 4);
    await one.fit(grey, labels, { epochs: 40, batchSize: 8 });
    expect((await one.evaluate(grey, labels)).accuracy).toBe(1);
    const probabilities = await one.predict(grey);
    const classifier = await Classifier.load(runtime, one.toOnnx());
    expect(classifier.imageShape).toEqual({ height: 4, width: 4, channels: 3 });
    const colours = Uint8Array.from({ length: 3 * grey.length }, (_, i) => grey[Math.floor(i / 3)]);
    expect(await classifier.predict(colours)).toEqual(probabilities);
    await classifier.dispose();
    await one.dispose();
  });

  it('are counted in their own size', async () => {
    const one = greyModel(1);
    expect(await one.predict(grey.subarray(0, 5 * 16))).toHaveLength(5 * 3);
    await expect(one.predict(grey.subarray(0, 40))).rejects.toThrow(
      'pixels do not make whole images: expected a multiple of 16 bytes (4 × 4 × 1), received 40',
    );
    await expect(one.predict(grey.subarray(0, 0))).rejects.toThrow(/received 0/);
    await one.dispose();
  });

  it('come from colours by their brightness, and as three equal channels into a network of three', async () => {
    const imageShape = { height: 4, width: 4, channels: 1 };
    const data = memoryDataset({
      name: 'grey',
      classNames: ['a', 'b', 'c'],
      imageShape,
      labels,
      pixels: grey,
    });
    expect(data.imageShape.channels).toBe(3);
    const three = greyModel(3);
    await three.fit(data);
    const one = greyModel(1);
    const [red, brightness] = [new Uint8Array(48), new Uint8Array(16).fill(76)];
    for (let i = 0; i < 48; i += 3) red[i] = 255;
    const classifier = await Classifier.load(runtime, one.toOnnx());
    const ofRed = await classifier.predict(red);
    const ofGrey = await one.predict(brightness);
    // 0.299 · 255 = 76.2
    for (const [i, value] of ofRed.entries()) expect(value).toBeCloseTo(ofGrey[i], 2);
    await classifier.dispose();
  });
});

describe('what is no data', () => {
  it.each<[string, (one: Sequential) => Promise<unknown> | unknown, string]>([
    [
      'predict(path)',
      (one) => one.predict('cat.jpg' as never),
      'Read the image first: decodeImage of harrier/node',
    ],
    [
      'predict(Float32Array)',
      (one) => one.predict(new Float32Array(48) as never),
      'Give pixels as they are, 0 to 255',
    ],
    ['predict()', (one) => one.predict(undefined as never), 'received nothing'],
    [
      'fit(Float32Array, y)',
      (one) => one.fit(new Float32Array(48) as never, [0]),
      'Give pixels as they are, 0 to 255',
    ],
    [
      'fit(x)',
      (one) => one.fit(new Uint8Array(48) as never),
      'Give the labels too: one number for each image.',
    ],
    ['fit(x, too few)', (one) => one.fit(new Uint8Array(96), [0]), 'the pixels do not match the labels'],
    [
      'fit(folder)',
      (one) => one.fit('./photos' as never),
      'expected a data set, or pixels (a Uint8Array [count, 4, 4, 3])',
    ],
    [
      'fit(both parts)',
      (one) => one.fit({ train: undefined, test: undefined } as never),
      'Give one of its parts: fit(data.train), evaluate(data.test).',
    ],
    [
      'a label without a class',
      (one) => one.fit(new Uint8Array(48), [3]),
      'expected a whole number from 0 to 2',
    ],
    [
      'Classifier.load(path)',
      () => Classifier.load('mine.onnx' as never, undefined as never),
      'await Classifier.load(nodeRuntime(), await readFile(',
    ],
    [
      'Classifier.load(runtime, path)',
      () => Classifier.load(runtime, 'mine.onnx' as never),
      'received Object and "mine.onnx"',
    ],
  ])('%s is refused in a sentence', async (_, use, message) => {
    await expect(async () => use(model())).rejects.toThrow(message);
  });
});

it('refuses misspelt names of weights', () => {
  const one = model();
  const weights = one.weights;
  const renamed = (from: string, to: string) =>
    new Map([...weights].map(([name, values]) => [name === from ? to : name, values]));
  expect(() => {
    one.weights = renamed('dense/kernel', 'dense/kernl');
  }).toThrow('Did you mean "dense/kernel" by "dense/kernl"?');
  expect(() => {
    one.weights = new Map([...weights, ['dense/bias2', new Float32Array(3)]]);
  }).toThrow('there are no weights called "dense/bias2". Did you mean "dense/bias"?');
});

describe('a model of images with any number of labels', () => {
  // Bright on the left, bright on the right, both or neither.
  const tags = Uint8Array.from({ length: 64 }, (_, i) => (i % 2 === 0 ? (i >> 1) & 1 : (i >> 2) & 1));
  const pixels = Uint8Array.from({ length: 32 * 48 }, (_, i) => {
    const [image, column] = [Math.floor(i / 48), Math.floor((i % 12) / 3)];
    return (tags[2 * image + Number(column > 1)] ? 180 : 20) + ((7 * i) % 40);
  });
  const labelled = memoryDataset({
    name: 'sides',
    classNames: ['left', 'right'],
    imageShape: { height: 4, width: 4, channels: 3 },
    labels: rarestTags(tags, 2),
    tags,
    pixels,
  });
  const sides = () =>
    new Sequential({
      inputShape: [4, 4, 3],
      layers: [new Flatten(), new Dense({ units: 2, activation: 'sigmoid' })],
    });

  it('trains by binary cross-entropy, gives each label a probability, and comes back from its file', async () => {
    const one = sides();
    one.compile({ optimizer: { name: 'Adam', learningRate: 0.02 }, loss: 'binary_crossentropy', runtime });
    const history = await one.fit(labelled, { epochs: 40, batchSize: 8 });
    expect(history.at(-1)!.accuracy).toBeGreaterThan(0.9);
    const { accuracy, multiLabel } = await one.evaluate(labelled);
    expect([accuracy, multiLabel!.meanAveragePrecision]).toEqual([1, 1]);
    const rows = await one.predict(labelled);
    expect(Array.from(rows, (each) => Number(each >= 0.5))).toEqual([...tags]);
    const classifier = await Classifier.load(runtime, one.toOnnx());
    expect(classifier.thresholds).toEqual([0.5, 0.5]);
    const again = Model.fromOnnx(one.toOnnx(), { runtime });
    expect((await again.evaluate(labelled)).multiLabel).toEqual(multiLabel);
    await Promise.all([one.dispose(), again.dispose(), classifier.dispose()]);
  });

  it('refuses a loss that does not suit the labels, and an end that does not suit the loss', async () => {
    const one = model();
    one.compile({ optimizer: 'sgd', loss: 'binary_crossentropy', runtime });
    await expect(one.fit(train)).rejects.toThrow(/the loss does not suit the labels of the images/);
    expect(() => sides().compile({ optimizer: 'sgd', runtime })).toThrow(
      /For several labels: binary_crossentropy/,
    );
  });
});
