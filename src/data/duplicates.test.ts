import { expect, test } from 'vitest';
import type { Dataset } from './dataset.ts';
import { type DuplicateImages, findDuplicates } from './duplicates.ts';
import { memoryDataset } from './memory.ts';
import { random } from './random.ts';

const SIDE = 32;

/** An image of soft blobs, another for every seed. */
function image(seed: number, change: (value: number, x: number, y: number) => number = (value) => value) {
  const stream = random(seed, 'blobs', 0);
  const blobs = Array.from({ length: 24 }, () => ({
    x: stream.integer(SIDE),
    y: stream.integer(SIDE),
    size: 2 + stream.integer(4),
    colour: [stream.integer(256), stream.integer(256), stream.integer(256)],
  }));
  const pixels = new Uint8Array(SIDE * SIDE * 3);
  for (let y = 0, i = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      for (let channel = 0; channel < 3; channel++, i++) {
        const light = blobs.map((blob) => {
          const near = Math.exp(-((x - blob.x) ** 2 + (y - blob.y) ** 2) / blob.size ** 2);
          return near * blob.colour[channel];
        });
        const value = light.reduce((sum, each) => sum + each, 0) / 1.5;
        pixels[i] = Math.max(0, Math.min(255, Math.round(change(value, x, y))));
      }
    }
  }
  return pixels;
}

function datasetOf(name: string, images: readonly Uint8Array[]): Dataset {
  return memoryDataset({
    name,
    classNames: ['a', 'b'],
    imageShape: { height: SIDE, width: SIDE, channels: 3 },
    labels: images.map((_, i) => i % 2),
    pixels: Uint8Array.from(images.flatMap((each) => [...each])),
  });
}

function duplicatesIn(...datasets: Dataset[]): DuplicateImages[] {
  const search = findDuplicates(datasets);
  for (;;) {
    const step = search.next();
    if (step.done) return step.value;
  }
}

test('finds equal pixels within and between data sets, and images that hardly differ', () => {
  const noise = random(1, 'noise', 0);
  const train = datasetOf('train', [
    ...Array.from({ length: 20 }, (_, seed) => image(seed)),
    image(3),
    image(5, (value) => 1.08 * value + 4),
  ]);
  const test = datasetOf('test', [image(100), image(3), image(8, (value) => value + noise.integer(9) - 4)]);
  expect(duplicatesIn(train, test)).toEqual([
    {
      kind: 'exact',
      images: [
        { dataset: 0, index: 3 },
        { dataset: 0, index: 20 },
        { dataset: 1, index: 1 },
      ],
    },
    {
      kind: 'near',
      images: [
        { dataset: 0, index: 5 },
        { dataset: 0, index: 21 },
      ],
    },
    {
      kind: 'near',
      images: [
        { dataset: 0, index: 8 },
        { dataset: 1, index: 2 },
      ],
    },
  ]);
});

test('finds none among different images', () => {
  expect(
    duplicatesIn(
      datasetOf(
        'all',
        Array.from({ length: 60 }, (_, seed) => image(seed)),
      ),
    ),
  ).toEqual([]);
});

test('images of one colour are alike when their colour is', () => {
  const flat = (value: number) => new Uint8Array(SIDE * SIDE * 3).fill(value);
  const groups = duplicatesIn(datasetOf('flat', [flat(10), flat(200), flat(10), flat(11)]));
  expect(groups).toEqual([{ kind: 'near', images: [0, 2, 3].map((index) => ({ dataset: 0, index })) }]);
});

test('says how far it is, and can be left in the middle', () => {
  const search = findDuplicates([
    datasetOf(
      'all',
      Array.from({ length: 130 }, (_, seed) => image(seed % 9)),
    ),
  ]);
  const first = [search.next().value, search.next().value, search.next().value];
  expect(first).toEqual(
    [0, 32, 64].map((done) => ({ what: 'looking at every image', done, total: 130, unit: 'images' })),
  );
});
