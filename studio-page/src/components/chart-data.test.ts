import { expect, test } from 'vitest';
import { aligned, lastAt } from './chart-data.ts';

test('lines of different lengths come onto one axis; a value that is no number is a gap', () => {
  const data = aligned([
    { x: [1, 2, 4], y: [0.5, Number.NaN, 0.7] },
    { x: [1, 3], y: [0.1, 0.2] },
  ]);
  expect(data).toEqual([
    [1, 2, 3, 4],
    [0.5, null, undefined, 0.7],
    [0.1, undefined, 0.2, undefined],
  ]);
});

test('the value at a place is the last one that is known there', () => {
  const line = [undefined, 0.5, null, undefined, 0.7];
  expect([0, 1, 3, 4, 99].map((place) => lastAt(line, place))).toEqual([undefined, 0.5, 0.5, 0.7, 0.7]);
});
