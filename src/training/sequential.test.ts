import { describe, expect, it } from 'vitest';
import { images } from '../../test/training/problem.ts';
import { HarrierError } from '../errors.ts';
import { Conv2D, Dense, Dropout, Flatten, MaxPooling2D } from '../layers/index.ts';
import { Classifier } from '../models/index.ts';
import { Adam } from '../optimizers/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { Sequential } from './model.ts';
import type { TrainOptions } from './train-options.ts';

const runtime = nodeRuntime({ threads: 1 });
const train = images(48, 6, 6);
const test = images(30, 6, 6, 2);

function model(seed = 1): Sequential {
  const result = new Sequential({
    inputShape: [6, 6, 3],
    layers: [
      new Conv2D({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' }),
      new MaxPooling2D(),
      new Flatten(),
      new Dropout({ rate: 0.1 }),
      new Dense({ units: 3, activation: 'softmax' }),
    ],
  });
  result.compile({ optimizer: new Adam({ learningRate: 0.02 }), runtime, seed });
  return result;
}

describe('Sequential', () => {
  it('fits, evaluates and predicts', async () => {
    const one = model();
    const before = await one.evaluate(test);
    const history = await one.fit(train, { epochs: 10, batchSize: 8, validationData: test });
    const after = await one.evaluate(test);
    expect(history.length).toBe(10);
    expect(after.accuracy).toBeGreaterThan(0.85);
    expect(after.loss).toBeLessThan(before.loss);

    const probabilities = await one.predict(test);
    expect(probabilities.length).toBe(30 * 3);
    for (let i = 0; i < 30; i++) {
      const row = probabilities.subarray(i * 3, i * 3 + 3);
      expect(row[0] + row[1] + row[2]).toBeCloseTo(1, 6);
    }
    const pixels = new Uint8Array(2 * 108);
    test.gather([0, 1], pixels);
    const two = await one.predict(pixels);
    two.forEach((value, i) => {
      expect(value).toBeCloseTo(probabilities[i], 6);
    });
  });

  it('goes on from its weights at a second fit, and is the same for the same seed', async () => {
    const [a, b] = [model(), model()];
    expect([...a.weights]).toEqual([...b.weights]);
    await a.fit(train, { epochs: 1 });
    await b.fit(train, { epochs: 1 });
    expect([...a.weights]).toEqual([...b.weights]);
    const once = [...a.weights].map(([name, values]) => [name, values.slice()]);
    await a.fit(train);
    expect([...a.weights]).not.toEqual(once);
    expect([...model(2).weights]).not.toEqual([...model(1).weights]);
  });

  it('trains on parts of a batch, and keeps an average of the weights', async () => {
    const weights = async (options: TrainOptions) => {
      const one = model();
      await one.fit(train, { epochs: 1, batchSize: 8, ...options });
      return [...one.weights];
    };
    const plain = await weights({});
    // Each part has its own dropout.
    expect(await weights({ microBatch: 4 })).not.toEqual(plain);
    expect(await weights({ microBatch: 8 })).toEqual(plain);
    expect(await weights({ averageMomentum: 0.9 })).not.toEqual(plain);
    expect(await weights({ averageMomentum: 0 })).toEqual(plain);
    await expect(weights({ microBatch: 0 })).rejects.toThrow(
      'microBatch: expected a whole number of at least 1',
    );
    await expect(weights({ averageMomentum: 2 })).rejects.toThrow('momentum: expected a number');
  });

  it('sets a fraction of the images aside, and stops early', async () => {
    const history = await model().fit(train, { epochs: 3, validationSplit: 0.25, earlyStopping: 3 });
    expect(history[0].validationLoss).toBeGreaterThan(0);
    expect((history[0].accuracy * 36) % 1).toBeCloseTo(0, 10);
  });

  it('takes and gives weights', async () => {
    const [one, other] = [model(1), model(2)];
    other.weights = one.weights;
    expect(await other.predict(test)).toEqual(await one.predict(test));
    expect(() => {
      other.weights = new Map();
    }).toThrow('these weights belong to another model: conv2d/kernel');
  });

  it('gives model.onnx with its class names and whatever is added', async () => {
    const one = model();
    await one.fit(train);
    const classifier = await Classifier.load(runtime, one.toOnnx({ author: 'Ähm' }));
    expect(classifier.classNames).toEqual(['red', 'green', 'blue']);
    expect(classifier.metadata.author).toBe('Ähm');
    expect(await classifier.predictImages(test)).toEqual(await one.predict(test));
    await classifier.dispose();
  });

  it('takes an optimizer by name or configuration', async () => {
    for (const optimizer of ['sgd', { name: 'Adam', learningRate: 0.01 }] as const) {
      const one = model();
      one.compile({ optimizer, runtime });
      expect((await one.fit(train))[0].learningRate).toBe(0.01);
    }
    // @ts-expect-error there is no such optimizer
    expect(() => model().compile({ optimizer: 'adamm', runtime })).toThrow('Did you mean "Adam"?');
  });

  it.each<[string, (one: Sequential) => Promise<unknown>, string]>([
    ['to fit', (one) => one.fit(train), 'Call compile({ optimizer, runtime }) first.'],
    ['to predict', (one) => one.predict(test), 'the model is not compiled yet'],
    ['to evaluate', (one) => one.evaluate(test), 'the model is not compiled yet'],
  ])('refuses %s before it is compiled', async (_, use, message) => {
    const one = new Sequential({ inputShape: [6, 6, 3], layers: [new Flatten(), new Dense({ units: 3 })] });
    expect(one.summary()).toContain('dense (Dense)');
    await expect(use(one)).rejects.toThrow(message);
    await expect(use(one)).rejects.toThrow(HarrierError);
  });

  it('refuses images of another size, and pixels that are no whole images', async () => {
    const smaller = images(6, 5, 5);
    for (const use of ['predict', 'evaluate', 'fit'] as const) {
      await expect(model()[use](smaller)).rejects.toThrow('expected 6 × 6, received 5 × 5');
    }
    await expect(model().predict(new Uint8Array(107))).rejects.toThrow('expected a multiple of 108 bytes');
    await expect(model().predict(new Uint8Array())).rejects.toThrow('pixels do not make whole images');
  });
});
