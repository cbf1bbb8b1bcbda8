import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { images } from '../../../../test/training/problem.ts';
import type { AugmentationConfig } from '../../../data/augmentation/index.ts';
import type { BatchPlan } from '../../../data/batch-plan.ts';
import { openBatches } from '../../../data/batches.ts';
import type { Dataset } from '../../../data/dataset.ts';
import { memoryDataset } from '../../../data/memory.ts';
import { subset } from '../../../data/subset.ts';
import { HarrierError } from '../../../errors.ts';
import { Dense, Flatten } from '../../../layers/index.ts';
import { Network } from '../../../models/index.ts';
import { SGD } from '../../../optimizers/index.ts';
import { fit } from '../../../training/index.ts';
import { nodeRuntime } from '../engine/runtime.ts';
import { nodeBatches, openThreadedBatches } from './threaded-batches.ts';

const [HEIGHT, WIDTH] = [8, 8];
const AUGMENTATION: readonly AugmentationConfig[] = [
  { name: 'RandomFlip', mode: 'alternating' },
  { name: 'RandomTranslation', pixels: 2 },
  { name: 'RandomColorJitter', brightness: 0.3, hue: 0.1 },
  { name: 'RandAugment' },
  { name: 'RandomErasing', size: 3 },
  { name: 'MixUp' },
  { name: 'CutMix' },
];

/** The same images with their pixels in shared memory. */
function shared(dataset: Dataset): Dataset {
  const size = dataset.size * HEIGHT * WIDTH * 3;
  const pixels = new Uint8Array(new SharedArrayBuffer(size));
  dataset.gather(
    Array.from({ length: dataset.size }, (_, i) => i),
    pixels,
  );
  return memoryDataset({ ...dataset, imageShape: dataset.imageShape, pixels });
}

const inMemory = shared(images(26, HEIGHT, WIDTH));
let folder: string;
let inFile: Dataset;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-batches-'));
  const path = join(folder, 'pixels');
  await writeFile(path, inMemory.pixelSource!.place as Uint8Array);
  inFile = { ...inMemory, pixelSource: { place: path } };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const plan = (more: Partial<BatchPlan> = {}): BatchPlan => ({
  dataset: inMemory,
  batchSize: 8,
  seed: 3,
  augmentation: AUGMENTATION,
  ...more,
});

async function taken(source: ReturnType<typeof openBatches>, places: readonly (readonly number[])[]) {
  try {
    const batches = [];
    for (const [epoch, step] of places) {
      const { pixels, targets, imageShape } = await source.batch(epoch, step);
      batches.push({ pixels: pixels.slice(), targets: targets.slice(), imageShape });
    }
    return batches;
  } finally {
    await source.close();
  }
}

const EPOCHS = [0, 1, 2].flatMap((epoch) => [0, 1, 2, 3].map((step) => [epoch, step]));

describe('batches from a thread', () => {
  it.each<[string, () => Dataset]>([
    ['images in memory', () => inMemory],
    ['images in a file', () => inFile],
    ['a part of a part of them', () => subset(subset(inFile, [20, 3, 7, 8, 1, 0, 25, 9, 4]), [8, 0, 2, 5])],
  ])('are the bytes that are computed without one: %s', async (_, dataset) => {
    const given = plan({ dataset: dataset(), batchSize: dataset().size === 4 ? 1 : 8 });
    const direct = await taken(openBatches(given), EPOCHS);
    expect(await taken(openThreadedBatches(given), EPOCHS)).toEqual(direct);
    expect(new Set(direct.map(({ pixels }) => pixels.join())).size).toBe(direct.length);
  });

  it('are the same with smaller images, balanced sampling and class weights', async () => {
    const resolution = [{ fromEpoch: 2, size: 5 }];
    for (const more of [
      { resolution },
      { sampling: 'balanced' },
      { classWeight: { red: 2, blue: 0.5 } },
    ] as const) {
      const given = plan({
        dataset: subset(inMemory, [0, 1, 2, 3, 6, 9, 12, 15, 18, 21, 24]),
        ...more,
        batchSize: 3,
      });
      expect(await taken(openThreadedBatches(given), EPOCHS)).toEqual(
        await taken(openBatches(given), EPOCHS),
      );
    }
  });

  it('begin at any step, and may leap', async () => {
    const all = await taken(openBatches(plan()), EPOCHS);
    const places = [6, 7, 8, 2, 3, 11].map((i) => EPOCHS[i]);
    const expected = [6, 7, 8, 2, 3, 11].map((i) => all[i]);
    expect(await taken(openThreadedBatches(plan()), places)).toEqual(expected);
  });

  it('train a model to the same bytes', async () => {
    const network = new Network({
      inputShape: [HEIGHT, WIDTH, 3],
      layers: [new Flatten(), new Dense({ units: 3, activation: 'softmax' })],
    });
    const trained = (open: typeof openBatches) =>
      fit({
        network,
        optimizer: new SGD({ learningRate: 0.1 }),
        runtime: nodeRuntime({ threads: 1 }),
        train: inMemory,
        epochs: 3,
        batchSize: 8,
        seed: 1,
        clock: () => 0,
        augmentation: AUGMENTATION,
        openBatches: open,
      });
    const [direct, threaded] = [await trained(openBatches), await trained(openThreadedBatches)];
    expect([...threaded.weights]).toEqual([...direct.weights]);
    expect(threaded.history).toEqual(direct.history);
  });

  it('are refused at once where they would be without a thread', () => {
    const wrong = plan({ augmentation: [{ name: 'RandomTranslation', pixels: 4 }] });
    for (const open of [openBatches, openThreadedBatches]) {
      expect(() => open(wrong)).toThrow('less than half the side of the images, 8, received 4');
    }
  });

  it('report a file that is gone or cut short', async () => {
    const gone = { ...inFile, pixelSource: { place: join(folder, 'nowhere') } };
    const short = join(folder, 'short');
    await writeFile(short, new Uint8Array(1000));
    await truncate(short, 10);
    for (const dataset of [gone, { ...inFile, pixelSource: { place: short } }]) {
      const error = await taken(openThreadedBatches(plan({ dataset })), EPOCHS).catch((thrown) => thrown);
      expect(error).toBeInstanceOf(HarrierError);
      expect(error.code).toBe('storage');
      expect(error.message).toBe(
        `${dataset.pixelSource.place}: the cache of decoded images cannot be read. ` +
          'Delete that file and run the command again.',
      );
      expect(error.details.where).toBe(dataset.pixelSource.place);
    }
  });

  it('are refused once closed', async () => {
    const source = openThreadedBatches(plan());
    await source.batch(0, 0);
    await source.close();
    await expect(source.batch(0, 1)).rejects.toThrow(HarrierError);
  });

  it('need pixels that a thread can read in place', () => {
    expect(() => openThreadedBatches(plan({ dataset: images(8, HEIGHT, WIDTH) }))).toThrow(
      'images 1: the pixels of this data set cannot be read by a thread.',
    );
  });
});

describe('nodeBatches', () => {
  it('uses no thread where it cannot or need not', async () => {
    const plain = plan({ dataset: images(26, HEIGHT, WIDTH) });
    const direct = await taken(openBatches(plain), EPOCHS);
    expect(await taken(nodeBatches()(plain), EPOCHS)).toEqual(direct);
    expect(await taken(nodeBatches({ threads: 1 })(plan()), EPOCHS)).toEqual(direct);
  });
});
