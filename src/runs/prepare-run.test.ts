import { expect, it } from 'vitest';
import { images } from '../../test/training/problem.ts';
import { STRETCHED } from '../data/preprocessing.ts';
import { Conv2D, Dense, GlobalAveragePooling2D } from '../layers/index.ts';
import { Network } from '../models/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { fineTuningMethod } from '../recipes/index.ts';
import { firstWeights } from '../training/fit.ts';
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
