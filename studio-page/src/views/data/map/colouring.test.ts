import type { ImageMap } from 'harrier/src/studio-server/api.ts';
import { expect, test } from 'vitest';
import { colouringOf } from './colouring.ts';

const MAP: ImageMap = {
  split: ['train', 'train', 'test', 'test'],
  index: [0, 1, 0, 1],
  x: [0, 0, 0, 0],
  y: [0, 0, 0, 0],
  label: [0, 1, 1, 0],
  predicted: [0, 0, null, 0],
};
const facts = { classNames: ['cat', 'dog', 'ship'] };
const counts = (by: 'class' | 'error' | 'part', labelOf = (i: number) => MAP.label[i]) =>
  Object.fromEntries(colouringOf(by, MAP, facts, labelOf).groups.map(({ name, count }) => [name, count]));

test('points are coloured by class, by error and by part', () => {
  expect(counts('class')).toEqual({ cat: 2, dog: 2, ship: 0 });
  expect(counts('part')).toEqual({ train: 2, test: 2 });
  expect(counts('error')).toEqual({ recognised: 2, 'taken for another class': 1, 'not held out': 1 });
});

test('a corrected label counts', () => {
  const corrected = (i: number) => (i === 1 ? 0 : MAP.label[i]);
  expect(counts('class', corrected)).toEqual({ cat: 3, dog: 1, ship: 0 });
  expect(counts('error', corrected)).toMatchObject({ recognised: 3, 'taken for another class': 0 });
});

test('many classes have a colour each', () => {
  const many = { classNames: Array.from({ length: 30 }, (_, i) => `class ${i}`) };
  const { groups } = colouringOf('class', MAP, many, (i) => MAP.label[i]);
  expect(new Set(groups.map(({ colour }) => colour)).size).toBe(30);
});
