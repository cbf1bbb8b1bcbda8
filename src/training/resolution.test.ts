import { describe, expect, it } from 'vitest';
import { images } from '../../test/training/problem.ts';
import { watching } from '../../test/training/watching.ts';
import { memoryDataset } from '../data/memory.ts';
import { areaResampler } from '../data/resample.ts';
import { HarrierError } from '../errors.ts';
import {
  BatchNormalization,
  Conv2D,
  Dense,
  Flatten,
  GlobalAveragePooling2D,
  MaxPooling2D,
} from '../layers/index.ts';
import { Classifier, exportModel, Network } from '../models/index.ts';
import { SGD } from '../optimizers/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import { fit } from './fit.ts';
import type { FitOptions } from './fit-options.ts';

const SIDE = 8;
const runtime = nodeRuntime({ threads: 1 });
const train = images(20, SIDE, SIDE);
const validation = images(9, SIDE, SIDE, 2);

const networkFor = (side: number) =>
  new Network({
    name: 'pooled',
    inputShape: [side, side, 3],
    layers: [
      new Conv2D({ filters: 4, kernelSize: 3, padding: 'same', activation: 'relu' }),
      new BatchNormalization(),
      new MaxPooling2D(),
      new GlobalAveragePooling2D(),
      new Dense({ units: 3, activation: 'softmax' }),
    ],
  });
const network = networkFor(SIDE);

const options = (more: Partial<FitOptions> = {}): FitOptions => ({
  network,
  optimizer: new SGD({ learningRate: 0.05, momentum: 0.9 }),
  runtime,
  train,
  epochs: 4,
  batchSize: 8,
  seed: 5,
  clock: () => 0,
  resolution: [
    { fromEpoch: 1, size: 4 },
    { fromEpoch: 2, size: 5 },
    { fromEpoch: 4, size: SIDE },
  ],
  ...more,
});

describe('training at growing resolutions', () => {
  it('shows the sizes that it is told to, and evaluates at the whole one', async () => {
    const sizes: number[] = [];
    const watched = watching(runtime, (feeds) => {
      sizes.push(feeds.image.dims[1], feeds.image.dims[2]);
    });
    const { weights, history } = await fit(options({ runtime: watched, validation }));
    const epoch = (size: number) => [...Array(6).fill(size), SIDE, SIDE];
    expect(sizes).toEqual([...epoch(4), ...epoch(5), ...epoch(5), ...epoch(SIDE)]);
    const classifier = await Classifier.load(runtime, exportModel(network, weights));
    expect((await classifier.predictImages(validation)).length).toBe(27);
    await classifier.dispose();
    expect(history.every(({ validationLoss }) => Number.isFinite(validationLoss))).toBe(true);
  });

  it('is training on images that were scaled down before', async () => {
    const small = memoryDataset({
      ...train,
      imageShape: { height: 4, width: 4, channels: 3 },
      pixels: scaled(4),
      hash: '',
    });
    const within = await fit(options({ resolution: [{ fromEpoch: 1, size: 4 }], epochs: 2 }));
    const before = await fit(options({ network: networkFor(4), train: small, resolution: [], epochs: 2 }));
    expect([...within.weights]).toEqual([...before.weights]);
    expect(within.history).toEqual(before.history);
  });

  it('resumed from any step ends bit for bit as if it had never stopped', async () => {
    const augmentation = [{ name: 'RandomTranslation', pixels: 1 }] as const;
    const whole = await fit(options({ augmentation }));
    for (let stop = 1; stop < 12; stop++) {
      let taken = 0;
      let kept: Checkpoint | undefined;
      await fit(
        options({
          augmentation,
          onStep: () => taken++,
          interrupted: () => taken >= stop,
          save: async (checkpoint) => {
            kept = checkpoint;
          },
        }),
      );
      const resume = decodeCheckpoint(encodeCheckpoint(kept!), 'file');
      const rest = await fit(options({ augmentation, resume }));
      expect([...rest.weights]).toEqual([...whole.weights]);
      expect(rest.history).toEqual(whole.history);
    }
  });

  const flat = new Network({
    name: 'flat',
    inputShape: [SIDE, SIDE, 3],
    layers: [new Flatten(), new Dense({ units: 3, activation: 'softmax' })],
  });
  const wide = images(6, 8, 9);
  it.each<[string, Partial<FitOptions>, string]>([
    [
      'a network with weights for one size',
      { network: flat },
      'flat, layer "dense" (Dense): it has weights for one size of images: expected 8 × 8, received 4 × 4. ' +
        'Let GlobalAveragePooling2D come before it, or keep one resolution.',
    ],
    ['images too small for a layer', { resolution: [{ fromEpoch: 1, size: 1 }] }, 'layer "max_pooling2d"'],
    ['larger images', { resolution: [{ fromEpoch: 1, size: 9 }] }, 'size: a whole number from 1 to 8'],
    ['half a pixel', { resolution: [{ fromEpoch: 1, size: 4.5 }] }, 'received 4.5'],
    [
      'an epoch 0',
      { resolution: [{ fromEpoch: 0, size: 4 }] },
      'fromEpoch: a whole number of at least 1, received 0',
    ],
    [
      'epochs that go back',
      {
        resolution: [
          { fromEpoch: 3, size: 4 },
          { fromEpoch: 2, size: 8 },
        ],
      },
      'fromEpoch: a whole number of at least 4, received 2',
    ],
    ['a number', { resolution: 4 as never }, 'resolution: expected [{ fromEpoch, size }, …], received 4'],
    [
      'images that are not square',
      {
        train: wide,
        network: new Network({
          name: 'wide',
          inputShape: [8, 9, 3],
          layers: [new Flatten(), new Dense({ units: 3 })],
        }),
      },
      'expected square images',
    ],
    [
      'an augmentation that is too much for a size',
      { augmentation: [{ name: 'RandomTranslation', pixels: 2 }] },
      'less than half the side of the images, 4, received 2',
    ],
  ])('is refused with %s', async (_, more, message) => {
    const error = await fit(options(more)).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(HarrierError);
    expect(error.message).toContain(message);
  });
});

function scaled(size: number): Uint8Array {
  const all = new Uint8Array(train.size * SIDE * SIDE * 3);
  train.gather(
    Array.from({ length: train.size }, (_, i) => i),
    all,
  );
  const out = new Uint8Array(train.size * size * size * 3);
  areaResampler(SIDE, size, 3)(all, out);
  return out;
}
