/** Twenty training steps against the same steps written out by hand in float64 (`naive.ts`). */
import { describe, expect, it } from 'vitest';
import {
  Activation,
  BatchNormalization,
  Conv2D,
  Dense,
  Dropout,
  Flatten,
  l1l2,
  l2,
  MaxPooling2D,
} from '../../src/layers/index.ts';
import { Network } from '../../src/models/index.ts';
import { Adam, AdamW, type Optimizer, RMSprop, SGD } from '../../src/optimizers/index.ts';
import { nodeRuntime } from '../../src/platform/node/engine/runtime.ts';
import { Trainer } from '../../src/training/index.ts';
import { drawWeights } from '../layers/check-layer.ts';
import { tensorOf } from '../layers/keras.ts';
import {
  type Draw,
  type NaiveLayer,
  type NaiveOptimizer,
  naiveBatchNormalization,
  naiveConvolution,
  naiveDense,
  naiveDropout,
  naiveFlatten,
  naiveMaxPooling,
  naiveRelu,
  naiveStep,
  naiveUpdate,
} from './naive.ts';
import { batchOf, images, relativeDistance } from './problem.ts';

const SEED = 3;
const STEPS = 20;
/** Float32 against float64 over 20 steps. */
const TOLERANCE = 2e-5;
const runtime = nodeRuntime({ threads: 1 });

/** Batches of 8, 8 and 5 in turn, as epochs of 21 images have. */
const BATCHES = [0, 8, 16].map((start) => Array.from({ length: start === 16 ? 5 : 8 }, (_, i) => start + i));

const NETWORKS: Readonly<Record<string, { network: () => Network; naive: (draw: Draw) => NaiveLayer[] }>> = {
  'convolution, pool, dense, dropout, softmax': {
    network: () =>
      new Network({
        inputShape: [7, 6, 3],
        layers: [
          new Conv2D({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' }),
          new MaxPooling2D(),
          new Flatten(),
          new Dense({ units: 6, activation: 'relu' }),
          new Dropout({ rate: 0.3 }),
          new Dense({ units: 3, activation: 'softmax' }),
        ],
      }),
    naive: (draw) => [
      naiveConvolution('conv2d', draw, [3, 3, 3, 4], { padding: 'same' }),
      naiveRelu(),
      naiveMaxPooling([2, 2]),
      naiveFlatten(),
      naiveDense('dense', draw, 3 * 3 * 4, 6),
      naiveRelu(),
      naiveDropout('dropout', 0.3, SEED),
      naiveDense('dense_1', draw, 6, 3),
    ],
  },
  'strides, batch normalization, overlapping pool, dropout on images': {
    network: () =>
      new Network({
        inputShape: [9, 8, 3],
        layers: [
          new Conv2D({ filters: 4, kernelSize: [3, 2], strides: [1, 2], padding: 'same', useBias: false }),
          new BatchNormalization({ momentum: 0.8 }),
          new Activation('relu'),
          new Dropout({ rate: 0.2 }),
          new MaxPooling2D({ poolSize: 3, strides: 2, padding: 'same' }),
          new Flatten(),
          new Dense({ units: 3, activation: 'softmax' }),
        ],
      }),
    naive: (draw) => [
      naiveConvolution('conv2d', draw, [3, 2, 3, 4], { strides: [1, 2], padding: 'same', useBias: false }),
      naiveBatchNormalization('batch_normalization', draw, 4, 0.8),
      naiveRelu(),
      naiveDropout('dropout', 0.2, SEED),
      naiveMaxPooling([3, 3], { strides: [2, 2], padding: 'same' }),
      naiveFlatten(),
      naiveDense('dense', draw, 5 * 2 * 4, 3),
    ],
  },
};

const OPTIMIZERS: Readonly<
  Record<
    string,
    { optimizer: Optimizer; naive: NaiveOptimizer; learningRate: number; labelSmoothing?: number }
  >
> = {
  SGD: { optimizer: new SGD(), naive: { rule: 'sgd' }, learningRate: 0.1 },
  momentum: {
    optimizer: new SGD({ momentum: 0.9 }),
    naive: { rule: 'sgd', momentum: 0.9 },
    learningRate: 0.02,
    labelSmoothing: 0.1,
  },
  'Nesterov, weight decay, clipped by value': {
    optimizer: new SGD({ momentum: 0.8, nesterov: true, weightDecay: 0.5, clipValue: 0.02 }),
    naive: { rule: 'sgd', momentum: 0.8, nesterov: true, weightDecay: 0.5, clipValue: 0.02 },
    learningRate: 0.05,
  },
  'momentum, all weights decay as in Keras': {
    optimizer: new SGD({ momentum: 0.8, weightDecay: 0.5, weightDecayFor: 'all' }),
    naive: { rule: 'sgd', momentum: 0.8, weightDecay: 0.5, decaysAll: true },
    learningRate: 0.05,
  },
  'RMSprop, centered': {
    optimizer: new RMSprop({ centered: true, epsilon: 1e-3 }),
    naive: { rule: 'rmsprop' },
    learningRate: 0.003,
  },
  Adam: { optimizer: new Adam(), naive: { rule: 'adam' }, learningRate: 0.003 },
  'Adam, clipped by norm': {
    optimizer: new Adam({ clipNorm: 0.05 }),
    naive: { rule: 'adam', clipNorm: 0.05 },
    learningRate: 0.003,
  },
  'AdamW, clipped by the norm of all': {
    optimizer: new AdamW({ weightDecay: 2, globalClipNorm: 0.3 }),
    naive: { rule: 'adam', weightDecay: 2, globalClipNorm: 0.3 },
    learningRate: 0.003,
    labelSmoothing: 0.2,
  },
};

describe.each(Object.entries(NETWORKS))('%s', (_, { network: build, naive: layersOf }) => {
  it.each(Object.entries(OPTIMIZERS))('%s', async (_, { optimizer, naive, learningRate, labelSmoothing }) => {
    const network = build();
    const weights = drawWeights(network.parameters);
    const layers = layersOf((name, shape) => tensorOf(shape, weights.get(name)));
    const parameters = Object.assign({}, ...layers.map((layer) => layer.parameters));
    const update = naiveUpdate(naive, parameters);
    const [height, width] = network.inputShape;
    const data = images(21, height, width);

    const trainer = new Trainer({
      network,
      optimizer,
      loss: { labelSmoothing },
      runtime,
      seed: SEED,
      weights,
    });
    try {
      for (let step = 0; step < STEPS; step++) {
        const indices = BATCHES[step % 3];
        const { pixels, labels, targets } = batchOf(data, indices);
        const rate = learningRate * (1 - step / 40);
        const actual = await trainer.step(pixels, targets, step, rate);

        const images = tensorOf(
          [indices.length, height, width, 3],
          Float64Array.from(pixels, (pixel) => pixel / 255),
        );
        const expected = naiveStep(layers, images, labels, step, labelSmoothing);
        update(expected.gradients, step + 1, rate);
        expect(Math.abs(actual.loss - expected.loss) / expected.loss, `loss of step ${step}`).toBeLessThan(
          TOLERANCE,
        );
        expect(actual.correct, `right ones of step ${step}`).toBe(expected.correct);
      }
      const trained = await trainer.read();
      const all = Object.assign({}, parameters, ...layers.map((layer) => layer.statistics));
      expect([...trained.weights.keys()].sort()).toEqual(Object.keys(all).sort());
      for (const [name, values] of trained.weights) {
        expect(relativeDistance(values, all[name].data), name).toBeLessThan(TOLERANCE);
        // All of this says nothing about weights that stand still.
        expect(relativeDistance(weights.get(name)!, all[name].data), name).toBeGreaterThan(100 * TOLERANCE);
      }
    } finally {
      await trainer.dispose();
    }
  });
});

describe('regularizers', () => {
  const PENALTIES: Readonly<Record<string, { readonly l1?: number; readonly l2?: number }>> = {
    'conv2d/kernel': { l1: 0.02, l2: 0.05 },
    'batch_normalization/gamma': { l2: 0.1 },
    'dense/kernel': { l2: 0.03 },
    'dense/bias': { l1: 0.01 },
  };

  it.each([undefined, 3])(
    'add their gradients to those of the loss, micro-batches of %s',
    async (microBatch) => {
      const build = (regularized: boolean) => {
        const only = <T extends object>(options: T): Partial<T> => (regularized ? options : {});
        return new Network({
          inputShape: [5, 4, 3],
          layers: [
            new Conv2D({
              filters: 3,
              kernelSize: 3,
              useBias: false,
              ...only({ kernelRegularizer: l1l2({ l1: 0.02, l2: 0.05 }) }),
            }),
            new BatchNormalization({ trainable: true, ...only({ gammaRegularizer: l2(0.1) }) }),
            new Flatten(),
            new Dense({ units: 3, ...only({ kernelRegularizer: l2(0.03), biasRegularizer: { l1: 0.01 } }) }),
          ],
        });
      };
      const data = images(8, 5, 4);
      const { pixels, targets } = batchOf(data, [0, 1, 2, 3, 4, 5, 6, 7]);
      const weights = drawWeights(build(true).parameters);
      const trainerOf = (regularized: boolean, from: ReadonlyMap<string, Float32Array>) =>
        new Trainer({
          network: build(regularized),
          optimizer: new SGD(),
          runtime,
          seed: SEED,
          weights: from,
          microBatch,
        });
      const rate = 0.1;
      const own = trainerOf(true, weights);
      try {
        let before: ReadonlyMap<string, Float32Array> = weights;
        for (let step = 0; step < 6; step++) {
          // The same step without penalties, and theirs by hand.
          const plain = trainerOf(false, before);
          const expected = await plain.step(pixels, targets, step, rate);
          const { weights: unpenalized } = await plain.read();
          await plain.dispose();
          const { loss } = await own.step(pixels, targets, step, rate);
          expect(loss, 'the loss is the cross-entropy alone').toBeCloseTo(expected.loss, 6);
          const { weights: after } = await own.read();
          for (const [name, values] of after) {
            const { l1: first = 0, l2: second = 0 } = PENALTIES[name] ?? {};
            const byHand = before
              .get(name)!
              .map((w, i) => unpenalized.get(name)![i] - rate * (2 * second * w + first * Math.sign(w)));
            expect(relativeDistance(values, byHand), `${name}, step ${step}`).toBeLessThan(1e-5);
          }
          before = after;
        }
        for (const name of Object.keys(PENALTIES)) {
          expect(relativeDistance(before.get(name)!, weights.get(name)!)).toBeGreaterThan(1e-3);
        }
      } finally {
        await own.dispose();
      }
    },
  );
});
