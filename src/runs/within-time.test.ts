import { expect, it } from 'vitest';
import { images } from '../../test/training/problem.ts';
import { Dense, Flatten, GlobalAveragePooling2D } from '../layers/index.ts';
import { Network } from '../models/index.ts';
import { optimizerFrom } from '../optimizers/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { runOptions } from './run-options.ts';
import { trainingImages } from './training-images.ts';
import { lengthWithin, timeRun } from './within-time.ts';

const network = new Network({
  name: 'tiny',
  inputShape: [6, 6, 3],
  layers: [new Flatten(), new Dense({ units: 3, activation: 'softmax' })],
});
const options = runOptions(
  { name: 'tiny', epochs: 50, batchSize: 4, optimizer: { name: 'Adam' }, validationSplit: 0.25 },
  { threads: 1, data: 'planted' },
);
const run = {
  options,
  network,
  optimizer: optimizerFrom(options.optimizer),
  runtime: nodeRuntime({ threads: 1 }),
  ...trainingImages({ train: images(24, 6, 6) }, options).images,
  test: images(9, 6, 6),
};

/** A clock by which everything takes a second. */
function seconds(): () => number {
  let now = 0;
  return () => 1000 * now++;
}

it('finds how many epochs fit into the time that is left, and changes nothing', async () => {
  // 18 images: 5 steps of 1 s; 6 validation images of 1/18 s, as fast as the 18 that are timed.
  const epoch = 5 + 6 / 18;
  const within = async (left: number) => lengthWithin(run, () => left, { clock: seconds() });
  const { epochs, epochSeconds } = await within(100);
  expect(epochSeconds).toBeCloseTo(epoch, 6);
  // A tenth of the time is spare, and the test images are evaluated in it too.
  expect(epochs).toBe(Math.floor((90 - 9 / 18) / epoch));
  expect((await within(1e6)).epochs).toBe(50);
  expect((await within(5)).epochs).toBe(0);
});

it('counts epochs on smaller images for what they take', async () => {
  const small = [
    { fromEpoch: 1, size: 3 },
    { fromEpoch: 41, size: 6 },
  ];
  const pooled = new Network({
    name: 'pooled',
    inputShape: [6, 6, 3],
    layers: [new GlobalAveragePooling2D(), new Dense({ units: 3, activation: 'softmax' })],
  });
  const resized = { ...run, network: pooled, options: { ...options, resolution: small } };
  // Steps are timed on images of a quarter of the area.
  const step = 4;
  const { seconds: total, epochSeconds } = await timeRun(resized, { clock: seconds() });
  expect(epochSeconds).toBeCloseTo(5 * step + 6 / 18, 6);
  expect(total).toBeCloseTo(40 * ((5 * step) / 4 + 6 / 18) + 10 * (5 * step + 6 / 18), 6);
});
