import { describe, expect, it } from 'vitest';
import { drawWeights } from '../../test/layers/check-layer.ts';
import { activation, dense, flatten, tensorOf } from '../../test/layers/keras.ts';
import { batchOf, images } from '../../test/training/problem.ts';
import { watching } from '../../test/training/watching.ts';
import { HarrierError } from '../errors.ts';
import { BatchNormalization, Dense, Dropout, Flatten } from '../layers/index.ts';
import { Classifier, exportModel, Network } from '../models/index.ts';
import { Adam, SGD } from '../optimizers/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import type { Tensors } from '../runtime/index.ts';
import { Trainer } from './trainer.ts';

const runtime = nodeRuntime({ threads: 1 });
const data = images(12, 3, 2);
const network = new Network({
  name: 'small',
  inputShape: [3, 2, 3],
  layers: [new Flatten(), new Dense({ units: 3, activation: 'softmax' })],
});
const weights = drawWeights(network.parameters);

describe('a step', () => {
  it.each([0, 0.1, 0.9])(
    'reports the mean loss and the number right, labels smoothed by %d',
    async (labelSmoothing) => {
      const { pixels, labels, targets } = batchOf(data, [0, 1, 2, 5, 7]);
      const trainer = new Trainer({
        network,
        optimizer: new SGD(),
        loss: { labelSmoothing },
        runtime,
        seed: 1,
        weights,
      });
      const result = await trainer.step(pixels, targets, 0, 0.01);
      await trainer.dispose();

      const rows = flatten(
        tensorOf(
          [5, 3, 2, 3],
          Float64Array.from(pixels, (pixel) => pixel / 255),
        ),
      );
      const kernel = tensorOf([18, 3], weights.get('dense/kernel'));
      const { data: probabilities } = activation(
        'softmax',
        dense(rows, kernel, tensorOf([3], weights.get('dense/bias'))),
      );
      let loss = 0;
      let correct = 0;
      labels.forEach((label, n) => {
        const row = probabilities.subarray(n * 3, n * 3 + 3);
        correct += Number(row.indexOf(Math.max(...row)) === label);
        row.forEach((probability, c) => {
          loss -= ((1 - labelSmoothing) * Number(c === label) + labelSmoothing / 3) * Math.log(probability);
        });
      });
      expect(result.loss).toBeCloseTo(loss / 5, 6);
      expect(result.correct).toBe(correct);
    },
  );

  it('stays finite where softmax itself would underflow', async () => {
    const large = new Map([...weights].map(([name, values]) => [name, values.map((value) => value * 5000)]));
    const trainer = new Trainer({ network, optimizer: new SGD(), runtime, seed: 1, weights: large });
    const { pixels, targets } = batchOf(data, [0, 1, 2, 3]);
    const { loss } = await trainer.step(pixels, targets, 0, 1e-9);
    await trainer.dispose();
    expect(loss).toBeGreaterThan(100);
    expect(Number.isFinite(loss)).toBe(true);
  });

  it.each([
    [
      'too few pixels',
      new Uint8Array(17),
      new Float32Array(3),
      '18 pixels and 3 targets per image, received 17 and 3',
    ],
    ['pixels of another batch', new Uint8Array(36), new Float32Array(3), 'received 36 and 3'],
    ['part of a target', new Uint8Array(18), new Float32Array(4), 'received 18 and 4'],
    ['nothing', new Uint8Array(), new Float32Array(), 'received 0 and 0'],
  ])('refuses %s', async (_, pixels, targets, message) => {
    const trainer = new Trainer({ network, optimizer: new SGD(), runtime, seed: 1, weights });
    const error = await trainer.step(pixels, targets, 0, 0.1).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(HarrierError);
    expect(error.code).toBe('bad-shape');
    expect(error.message).toContain(message);
    await trainer.dispose();
  });
});

describe('weights and slots', () => {
  const trainer = new Trainer({ network, optimizer: new Adam(), runtime, seed: 1, weights });
  const errorOf = (work: () => unknown): HarrierError => {
    try {
      work();
    } catch (error) {
      return error as HarrierError;
    }
    return expect.fail('nothing was thrown');
  };

  it('come back as they went in', async () => {
    const { slots } = await trainer.read();
    const full = new Map([...slots].map(([name, values]) => [name, values.map((_, i) => i / 7)]));
    trainer.write({ weights, slots: full });
    expect(await trainer.read()).toEqual({ weights, slots: full });
  });

  it('of another model are refused', () => {
    const error = errorOf(() => trainer.write({ weights: new Map([['dense/kernel', new Float32Array(4)]]) }));
    expect(error.code).toBe('bad-checkpoint');
    expect(error.message).toContain(
      'small: these weights belong to another model: dense/kernel: expected (18, 3)',
    );
  });

  it('of another optimizer are refused', async () => {
    const momentum = new Trainer({
      network,
      optimizer: new SGD({ momentum: 0.9 }),
      runtime,
      seed: 1,
      weights,
    });
    const plain = new Trainer({ network, optimizer: new SGD(), runtime, seed: 1, weights });
    for (const [from, message] of [
      [momentum, 'expected firstMoment, secondMoment (Adam), received velocity'],
      [plain, 'expected firstMoment, secondMoment (Adam), received nothing'],
    ] as const) {
      const { slots } = await from.read();
      const error = errorOf(() => trainer.write({ weights, slots }));
      expect(error.code).toBe('bad-checkpoint');
      expect(error.message).toContain(message);
    }
    const { slots } = await trainer.read();
    expect(errorOf(() => plain.write({ weights, slots })).message).toContain('expected nothing (SGD)');
    const short = new Map([...slots, ['dense/bias/firstMoment', new Float32Array(1)] as const]);
    expect(errorOf(() => trainer.write({ weights, slots: short })).code).toBe('bad-checkpoint');
  });
});

describe('dropout', () => {
  const rate = 0.3;
  const noisy = new Network({
    inputShape: [3, 2, 3],
    layers: [
      new Dropout({ rate, name: 'pixels' }),
      new Flatten(),
      new Dense({ units: 400 }),
      new Dropout({ rate, name: 'units' }),
      new Dense({ units: 3, activation: 'softmax' }),
    ],
  });

  /** The masks of some steps, as they are fed. */
  async function masks(seed: number, steps: readonly number[]): Promise<Tensors[]> {
    const seen: Tensors[] = [];
    const watched = watching(runtime, (feeds) => {
      seen.push(feeds);
    });
    const { pixels, targets } = batchOf(data, [0, 1, 2, 3, 4, 5, 6, 7]);
    const trainer = new Trainer({
      network: noisy,
      optimizer: new SGD(),
      runtime: watched,
      seed,
      weights: drawWeights(noisy.parameters),
    });
    for (const step of steps) await trainer.step(pixels, targets, step, 0.01);
    await trainer.dispose();
    return seen;
  }
  const values = (feeds: Tensors, layer: string) => feeds[`${layer}/mask`].data as Float32Array;

  it('drops the fraction that was asked for, and scales up the rest', async () => {
    const drawn = await masks(5, [0, 1, 2, 3]);
    const all = drawn.flatMap((feeds) => [...values(feeds, 'units')]);
    expect(all.length).toBe(4 * 8 * 400);
    expect(new Set(all)).toEqual(new Set([0, Math.fround(1 / (1 - rate))]));
    const dropped = all.filter((value) => value === 0).length / all.length;
    expect(Math.abs(dropped - rate)).toBeLessThan(4 * Math.sqrt((rate * (1 - rate)) / all.length));
    expect(drawn[0]['pixels/mask'].dims).toEqual([8, 3, 3, 2]);
  });

  it('depends on seed, step and layer alone', async () => {
    const [one, two] = await masks(5, [3, 4]);
    const [again] = await masks(5, [3]);
    const [other] = await masks(6, [3]);
    expect(values(again, 'units')).toEqual(values(one, 'units'));
    expect(values(two, 'units')).not.toEqual(values(one, 'units'));
    expect(values(other, 'units')).not.toEqual(values(one, 'units'));
    expect(values(one, 'units').slice(0, 144)).not.toEqual(values(one, 'pixels'));
    // Images differ from each other, too.
    expect(values(one, 'units').slice(0, 400)).not.toEqual(values(one, 'units').slice(400, 800));
  });
});

describe('batch normalization', () => {
  it('moves its statistics in training and stands on them afterwards', async () => {
    const net = new Network({
      inputShape: [3, 2, 3],
      layers: [
        new BatchNormalization({ momentum: 0.75 }),
        new Flatten(),
        new Dense({ units: 3, activation: 'softmax' }),
      ],
    });
    const trainer = new Trainer({
      network: net,
      optimizer: new SGD(),
      runtime,
      seed: 1,
      weights: drawWeights(net.parameters),
    });
    const { pixels, targets } = batchOf(data, [0, 1, 2, 3]);
    // With a learning rate of 0, nothing else moves.
    const before = await trainer.read();
    await trainer.step(pixels, targets, 0, 0);
    const { weights: after } = await trainer.read();
    await trainer.dispose();
    for (let c = 0; c < 3; c++) {
      const channel = Array.from(pixels, (pixel) => pixel / 255).filter((_, i) => i % 3 === c);
      const mean = channel.reduce((sum, value) => sum + value, 0) / channel.length;
      const variance = channel.reduce((sum, value) => sum + (value - mean) ** 2, 0) / channel.length;
      const moved = (name: string, batch: number) =>
        0.75 * before.weights.get(`batch_normalization/${name}`)![c] + 0.25 * batch;
      expect(after.get('batch_normalization/moving_mean')![c]).toBeCloseTo(moved('moving_mean', mean), 5);
      expect(after.get('batch_normalization/moving_variance')![c]).toBeCloseTo(
        moved('moving_variance', variance),
        5,
      );
    }

    // In inference an image's answer does not depend on its neighbours.
    const classifier = await Classifier.load(runtime, exportModel(net, after));
    const together = await classifier.predict(pixels);
    const alone = await classifier.predict(pixels.subarray(0, 18));
    await classifier.dispose();
    for (let c = 0; c < 3; c++) expect(alone[c]).toBeCloseTo(together[c], 6);
  });
});
