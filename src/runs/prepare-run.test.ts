import { describe, expect, it } from 'vitest';
import { images } from '../../test/training/problem.ts';
import { STRETCHED } from '../data/preprocessing.ts';
import { Conv2D, Dense, GlobalAveragePooling2D } from '../layers/index.ts';
import { Network } from '../models/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { fineTuningMethod } from '../recipes/index.ts';
import { firstWeights } from '../training/fit.ts';
import { fineTuningAfter } from './fine-tuning-after.ts';
import { isWarmedUp } from './head-memory.ts';
import { prepareRun } from './prepare-run.ts';
import { runOptions } from './run-options.ts';
import type { StartingModel } from './starting-model.ts';

const SIDE = 66;
const network = new Network({
  name: 'for-photos',
  inputShape: [SIDE, SIDE, 3],
  layers: [
    new Conv2D({ filters: 2, kernelSize: 3, strides: 4 }),
    new GlobalAveragePooling2D(),
    new Dense({ units: 5, activation: 'softmax' }),
  ],
});
const from: StartingModel = {
  network,
  weights: firstWeights(network, 1),
  name: 'first',
  hash: '00',
  testTimeAugmentation: 'none',
  preprocessing: STRETCHED,
};

/** How a fine-tuning of so many images divides them, and what it says of that. */
async function divided(count: number, trainable: 'head' | 'all', chosen: string[] = []) {
  const options = runOptions(fineTuningMethod(network, trainable), { threads: 1, data: 'photos' }, from);
  const sources = {
    openData: async () => ({ train: images(count, SIDE, SIDE), test: images(3, SIDE, SIDE), skipped: 0 }),
    openRuntime: async () => nodeRuntime({ threads: 1 }),
  };
  const tuned = { name: 'first', hash: '00', trainable };
  const run = await prepareRun({ ...options, from: tuned }, sources, { from, chosen });
  return [run.train.size, run.validation?.size, run.options.validationSplit, ...run.notes];
}

it('sets a tenth of the images aside where more than the head of a network for photos is trained', async () => {
  const note = expect.stringMatching(
    /^2\d training images are set aside .* \(--validation-split 0: none\)\.$/,
  );
  const [train, validation, ...others] = await divided(201, 'all');
  expect([Number(train) + Number(validation), ...others]).toEqual([201, 0.1, note]);
  expect(await divided(199, 'all')).toEqual([199, undefined, 0]);
  expect(await divided(201, 'head')).toEqual([201, undefined, 0]);
  expect(await divided(201, 'all', ['validationSplit'])).toEqual([201, undefined, 0]);
});

describe('where memory does not suffice to fit a linear head on features of all images', () => {
  const small = new Network({
    name: 'small',
    inputShape: [6, 6, 3],
    layers: [new GlobalAveragePooling2D(), new Dense({ units: 5, activation: 'softmax' })],
  });
  const model = { ...from, network: small, weights: firstWeights(small, 1) };
  // A batch of them takes little; what is learned of all images at once takes 19 MB.
  const train = { ...images(400, 6, 6), classNames: Array.from({ length: 400 }, (_, i) => `class ${i}`) };
  const runtime = (free: number) => ({ ...nodeRuntime({ threads: 1 }), freeMemory: () => free });
  const prepared = async (free: number, trainable: 'head' | 'all', head?: 'mlp') => {
    const sources = {
      openData: async () => ({ train, test: train, skipped: 0 }),
      openRuntime: async () => runtime(free),
    };
    const options = runOptions(fineTuningMethod(small, trainable), { threads: 1, data: 'photos' }, model);
    const tuned = { name: 'first', hash: '00', trainable };
    const method = { from: model, chosen: ['validationSplit'] };
    return prepareRun({ ...options, from: tuned, ...(head && { head }) }, sources, method);
  };

  it('a fine-tuning leaves its new last layer as it is, and says so', async () => {
    const run = await prepared(5e7, 'all');
    expect([isWarmedUp(run), run.notes]).toEqual([true, []]);
    const cold = await prepared(5e6, 'all');
    const note =
      /^the new last layer is not fitted on features first: .* \(expected at least 0\.0 GB, received/;
    expect([isWarmedUp(cold), cold.notes]).toEqual([false, [expect.stringMatching(note)]]);
  });

  it('no fine-tuning comes after another head, which a linear one would be compared with', async () => {
    const head = await prepared(5e7, 'head', 'mlp');
    expect((await fineTuningAfter(head, model)).train.size).toBe(300);
    await expect(fineTuningAfter({ ...head, runtime: runtime(5e6) }, model)).rejects.toThrow(
      /fitting a linear head on 300 images of 400 classes at once needs more memory .* Take fewer images/,
    );
  });
});
