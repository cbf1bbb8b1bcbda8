import { expect, test } from 'vitest';
import { HarrierError } from '../errors.ts';
import { type Correction, correctedDataset, countCorrections } from './corrected.ts';
import { memoryDataset } from './memory.ts';

const pixels = Uint8Array.from({ length: 4 * 3 }, (_, i) => i);
const dataset = memoryDataset({
  name: 'toys',
  classNames: ['ball', 'car'],
  imageShape: { height: 1, width: 1, channels: 3 },
  labels: [0, 0, 1, 1],
  pixels,
});
const marked = (...marks: [number, Correction][]) => correctedDataset(dataset, new Map(marks));

test('without marks it is the data set itself', () => {
  expect(marked()).toBe(dataset);
  expect(marked([1, {}])).toBe(dataset);
});

test('labels change, pixels and places do not', () => {
  const relabelled = marked([1, { label: 1 }], [2, { label: 0 }]);
  expect([...relabelled.labels]).toEqual([0, 1, 0, 1]);
  expect([...dataset.labels]).toEqual([0, 0, 1, 1]);
  expect(relabelled.name).toBe('toys, 2 relabelled');
  const out = new Uint8Array(6);
  relabelled.gather([3, 1], out);
  expect([...out]).toEqual([9, 10, 11, 3, 4, 5]);
});

test('excluded images are left out, relabelled or not', () => {
  const some = marked([0, { excluded: true, label: 1 }], [2, { label: 0 }]);
  expect(some.name).toBe('toys, 1 relabelled, 1 excluded');
  expect([...some.labels]).toEqual([0, 0, 1]);
  expect(some.describe(0)).toBe('toys #1');
  expect(countCorrections(new Map([[0, { excluded: true, label: 1 }]]))).toEqual({
    relabelled: 0,
    excluded: 1,
  });
});

test('every set of marks has a hash of its own, the same each time', () => {
  const sets: [number, Correction][][] = [
    [],
    [[1, { label: 1 }]],
    [[2, { label: 0 }]],
    [[1, { excluded: true }]],
    [[2, { excluded: true }]],
    [
      [1, { label: 1 }],
      [2, { excluded: true }],
    ],
  ];
  const hashes = sets.map((marks) => marked(...marks).hash);
  expect(new Set(hashes).size).toBe(sets.length);
  expect(sets.map((marks) => marked(...marks).hash)).toEqual(hashes);
});

test('says what cannot be', () => {
  expect(() => marked([1, { label: 2 }])).toThrow(
    /toys #1 is corrected to is not a class: expected .* 0 to 1, received 2/,
  );
  const all = [0, 1, 2, 3].map((index): [number, Correction] => [index, { excluded: true }]);
  expect(() => marked(...all)).toThrow(HarrierError);
});
