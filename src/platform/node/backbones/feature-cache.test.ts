import { mkdtemp, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { imageFeatures } from 'harrier';
import { featureCache } from 'harrier/node';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Backbone } from '../../../backbones/index.ts';
import { memoryDataset } from '../../../data/memory.ts';
import { STRETCHED } from '../../../data/preprocessing.ts';
import { random } from '../../../data/random.ts';
import { Conv2D, Dense, GlobalAveragePooling2D } from '../../../layers/index.ts';
import { initialWeights, Network } from '../../../models/index.ts';
import type { Runtime } from '../../../runtime/index.ts';
import { nodeRuntime } from '../engine/runtime.ts';
import { nativeSha256 } from '../files/sha256.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'harrier-features-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const SIDE = 8;
const COUNT = 40;
const stream = random(1, 'test/features');
const pixels = Uint8Array.from({ length: COUNT * SIDE * SIDE * 3 }, () => stream.integer(256));
const images = (count: number, bytes = pixels) =>
  memoryDataset({
    name: 'images',
    classNames: ['a', 'b'],
    imageShape: { height: SIDE, width: SIDE, channels: 3 },
    labels: Array.from({ length: count }, (_, i) => i % 2),
    pixels: bytes.subarray(0, count * SIDE * SIDE * 3),
    hash: '',
  });

/** Counts the images that go through. */
function counting(): { runtime: Runtime; counted: () => number } {
  const runtime = nodeRuntime({ threads: 1 });
  let count = 0;
  return {
    counted: () => count,
    runtime: {
      ...runtime,
      async compile(model, options) {
        const executable = await runtime.compile(model, options);
        return {
          step: (inputs) => {
            count += inputs.image.dims[0];
            return executable.step(inputs);
          },
          readState: () => executable.readState(),
          writeState: (tensors) => executable.writeState(tensors),
          dispose: () => executable.dispose(),
        };
      },
    },
  };
}

async function backbone(runtime: Runtime, seed = 1): Promise<Backbone> {
  const network = new Network({
    inputShape: [SIDE, SIDE, 3],
    layers: [
      new Conv2D({ filters: 6, kernelSize: 3, activation: 'relu' }),
      new GlobalAveragePooling2D(),
      new Dense({ units: 3, activation: 'softmax' }),
    ],
  });
  const weights = initialWeights(network.parameters, seed);
  return Backbone.load(runtime, { name: 'small', hash: '', network, weights, preprocessing: STRETCHED });
}

it('features are kept by image, network and view, and none is computed twice', async () => {
  const { runtime, counted } = counting();
  const own = await backbone(runtime);
  const options = {
    store: featureCache(own.key(nativeSha256), own.size, { directory }),
    sha256: nativeSha256,
  };
  const some = await imageFeatures(own, images(30), options);
  expect([some.length, counted()]).toEqual([30 * 6, 30]);
  const all = await imageFeatures(own, images(COUNT), options);
  expect(counted()).toBe(COUNT);
  expect(all.subarray(0, some.length)).toEqual(some);
  expect(all).toEqual(await own.features(pixels));
  // Whatever computes the SHA-256: pages have none of Node's.
  const same = featureCache(own.key(), own.size, { directory });
  expect(await imageFeatures(own, images(COUNT), { store: same })).toEqual(all);
  expect(counted()).toBe(2 * COUNT);
  const mirrored = await imageFeatures(own, images(COUNT), { ...options, mirrored: true });
  expect(counted()).toBe(3 * COUNT);
  expect(mirrored).not.toEqual(all);
  const flipped = pixels.map((_, i) => {
    const [channel, place, row] = [i % 3, Math.floor(i / 3) % SIDE, Math.floor(i / (3 * SIDE))];
    return pixels[(row * SIDE + (SIDE - 1 - place)) * 3 + channel];
  });
  expect(mirrored).toEqual(await own.features(flipped));

  const other = await backbone(runtime, 2);
  const store = featureCache(other.key(nativeSha256), other.size, { directory });
  expect(await imageFeatures(other, images(COUNT), { ...options, store })).not.toEqual(all);
  await own.dispose();
  await other.dispose();
});

it('a file that is damaged is removed, and its features are computed again', async () => {
  const { runtime, counted } = counting();
  const own = await backbone(runtime);
  const options = {
    store: featureCache(own.key(nativeSha256), own.size, { directory }),
    sha256: nativeSha256,
  };
  const before = await imageFeatures(own, images(COUNT), options);
  const [name] = (await readdir(directory, { recursive: true })).filter((each) =>
    each.endsWith('.safetensors'),
  );
  await truncate(join(directory, name), 300);
  expect(await imageFeatures(own, images(COUNT), options)).toEqual(before);
  expect(counted()).toBe(2 * COUNT);
  expect((await readdir(directory, { recursive: true })).includes(name)).toBe(false);
  await own.dispose();
});

it('what was computed before the work was ended is kept', async () => {
  const { runtime, counted } = counting();
  const own = await backbone(runtime);
  const options = {
    store: featureCache(own.key(nativeSha256), own.size, { directory }),
    sha256: nativeSha256,
  };
  const onProgress = () => {
    throw new Error('enough');
  };
  await expect(imageFeatures(own, images(COUNT), { ...options, onProgress })).rejects.toThrow('enough');
  const done = counted();
  expect(done).toBeLessThan(COUNT);
  await imageFeatures(own, images(COUNT), options);
  expect(counted()).toBe(COUNT);
  await own.dispose();
});

it('the oldest files go where all take more room than they may', async () => {
  const own = await backbone(nodeRuntime({ threads: 1 }));
  const store = featureCache(own.key(nativeSha256), own.size, { directory, mostBytes: 3_000 });
  for (let i = 0; i < 5; i++) {
    await store.write(
      new Map(Array.from({ length: 40 }, (_, k) => [`${i}-${k}`, new Float32Array(6).fill(i)])),
    );
  }
  const kept = await store.read(Array.from({ length: 5 }, (_, i) => `${i}-0`));
  expect(kept.has('4-0')).toBe(true);
  expect(kept.size).toBeLessThan(5);
  await own.dispose();
});

it('a cache that cannot be written to costs nothing but time', async () => {
  const own = await backbone(nodeRuntime({ threads: 1 }));
  const store = featureCache(own.key(nativeSha256), own.size, { directory: '/proc/nowhere' });
  const features = await imageFeatures(own, images(4), { store, sha256: nativeSha256 });
  expect(features).toHaveLength(24);
  await own.dispose();
});
