import { expect, it } from 'vitest';
import { random } from '../data/random.ts';
import { wilsonInterval } from '../evaluation/index.ts';
import { nodeRuntime } from '../platform/node/engine/runtime.ts';
import { fitProposals } from './proposals.ts';

const SIZE = 8;
const runtime = nodeRuntime({ threads: 1 });

/** Images of classes that lie in directions of their own, with noise. */
function images(labels: readonly number[], seed: number) {
  const draws = random(seed, 'images');
  const features = new Float32Array(labels.length * SIZE);
  labels.forEach((label, image) => {
    for (let i = 0; i < SIZE; i++) features[image * SIZE + i] = (i === label ? 2 : 0) + 0.3 * draws.normal();
  });
  return { features, labels };
}
const best = (probabilities: Float32Array, classes: number) =>
  Array.from({ length: probabilities.length / classes }, (_, image) => {
    const row = probabilities.subarray(image * classes, (image + 1) * classes);
    return row.indexOf(Math.max(...row));
  });

it('proposes nothing before two classes have images', async () => {
  expect(await fitProposals(runtime, images([], 1), { size: SIZE, classes: 3 })).toBeUndefined();
  expect(await fitProposals(runtime, images([1, 1], 1), { size: SIZE, classes: 3 })).toBeUndefined();
});

it('knows the classes that have images, and gives others the probability 0', async () => {
  const confirmed = images(
    Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? 0 : 2)),
    1,
  );
  const head = (await fitProposals(runtime, confirmed, { size: SIZE, classes: 4 }))!;
  const wanted = [2, 0, 2, 0, 0];
  const probabilities = head.probabilities(images(wanted, 2).features);
  expect(best(probabilities, 4)).toEqual(wanted);
  for (let i = 0; i < wanted.length; i++) {
    expect([probabilities[4 * i + 1], probabilities[4 * i + 3]]).toEqual([0, 0]);
  }
  expect(head.heldOut).toEqual({ images: 16, right: 16, interval: wilsonInterval(16, 16) });
});

it('learns from the training before, and estimates by the confirmed images alone', async () => {
  const training = images([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1], 3);
  const head = (await fitProposals(runtime, images([2, 2, 2, 2, 2, 2], 4), {
    size: SIZE,
    classes: 3,
    training,
  }))!;
  expect(best(head.probabilities(images([0, 1, 2], 5).features), 3)).toEqual([0, 1, 2]);
  expect(head.heldOut).toMatchObject({ images: 6, right: 6 });
});

it('estimates with copies held out together: what was learned from one says nothing of the other', async () => {
  // Nothing can be learned of them: only one whose copy was learned from can be right more often than by chance.
  const numbers = Array.from({ length: 160 }, (_, image) => Math.floor(image / 4));
  const draws = random(9, 'copies');
  const once = Float32Array.from({ length: 40 * SIZE }, () => draws.normal());
  const photos = {
    features: Float32Array.from(
      { length: 160 * SIZE },
      (_, i) => once[Math.floor(i / (4 * SIZE)) * SIZE + (i % SIZE)],
    ),
    labels: numbers.map((number) => number % 2),
  };
  const options = { size: SIZE, classes: 2 };
  const single = (await fitProposals(runtime, photos, options))!.heldOut!;
  const { images, right, interval } = (await fitProposals(runtime, { ...photos, copies: numbers }, options))!
    .heldOut!;
  expect(images).toBe(160);
  expect(right).toBeLessThan(single.right);
  expect(interval[0]).toBeLessThan(0.5);
  expect(interval[1] - interval[0]).toBeGreaterThan(1.5 * (single.interval[1] - single.interval[0]));
});

it('counts an image of the training that is confirmed once more as confirmed alone', async () => {
  const files = Array.from({ length: 24 }, (_, i) => `/photos/${i}.jpg`);
  // Nothing can be learned of them: only one that was learned from can be right.
  const random = {
    ...images(
      Array.from({ length: 24 }, () => 7),
      8,
    ),
    labels: files.map((_, i) => i % 2),
    files,
  };
  const options = { size: SIZE, classes: 2 };
  const alone = await fitProposals(runtime, random, options);
  const twice = await fitProposals(runtime, random, { ...options, training: random });
  expect(twice!.heldOut).toEqual(alone!.heldOut);
  const elsewhere = { ...random, files: files.map((file) => `/other${file}`) };
  const known = await fitProposals(runtime, random, { ...options, training: elsewhere });
  expect(known!.heldOut!.right).toBeGreaterThan(alone!.heldOut!.right);
});

it('knows classes from one image each, and estimates nothing from so few', async () => {
  const head = (await fitProposals(runtime, images([0, 1, 2], 6), { size: SIZE, classes: 3 }))!;
  expect(best(head.probabilities(images([2, 0, 1], 7).features), 3)).toEqual([2, 0, 1]);
  expect(head.heldOut).toBeUndefined();
});
