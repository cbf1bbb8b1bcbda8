import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writeImages } from '../../../test/cli/harrier.ts';
import { Reporter } from '../reporter.ts';
import { withOwnChoice } from './by-itself.ts';
import type { SweepOptions } from './options.ts';

let place: string;

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'sweep-by-itself-'));
  await writeImages(join(place, 'photos'), { perClass: 3, side: 90 });
});
afterAll(() => rm(place, { recursive: true }));

const reporter = new Reporter({ machine: true });
/** Where no network can be fetched, the choice shows in what is taken instead. */
const offline = () => ({ environment: { HARRIER_CACHE: join(place, 'empty'), HF_HUB_OFFLINE: '1' } });
const chosen = (options: SweepOptions) =>
  withOwnChoice({ data: join(place, 'photos'), ...options }, reporter, offline());

it('begins trials on photos as train does', async () => {
  for (const vary of [['learningRate=0.001..0.01'], ['labelSmoothing=0,0.1'], ['imageSize=128,160']]) {
    expect(await chosen({ vary, seed: 3 })).toEqual({
      data: join(place, 'photos'),
      vary,
      seed: 3,
      recipe: 'quick',
    });
  }
  // Only a pretrained network has heads, and layers that stay.
  for (const vary of [['head=linear,centroid'], ['trainable=head,all']]) {
    await expect(chosen({ vary })).rejects.toThrow('efficientnet-lite0');
  }
});

it.each<[string, SweepOptions]>([
  ['models that vary', { vary: ['from=a.onnx,b.onnx'] }],
  ['settings of the default recipe', { vary: ['filters=16,32', 'learningRate=0.01,0.1'] }],
  ['a recipe that was named', { vary: ['epochs=1,2'], recipe: 'standard' }],
  ['other data', { vary: ['epochs=1,2'], data: 'cifar10' }],
])('leaves %s alone', async (_, options) => {
  expect(await chosen(options)).toEqual({ data: join(place, 'photos'), ...options });
});
