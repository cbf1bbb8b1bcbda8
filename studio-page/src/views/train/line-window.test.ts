import { expect, test } from 'vitest';
import { between, stacked } from './line-window.ts';

const { tops, height } = stacked([50, 60, 60, 50]);

test('lines stand one below the other', () => {
  expect([tops, height]).toEqual([[0, 50, 110, 170], 220]);
});

test('those in sight are found, with the one that begins above', () => {
  expect(between(tops, height, 0, 110)).toEqual([0, 2]);
  expect(between(tops, height, 49, 111)).toEqual([0, 3]);
  expect(between(tops, height, 60, 900)).toEqual([1, 4]);
  expect(between(tops, height, 900, 1800)).toEqual([3, 4]);
  expect(between([], 0, 0, 900)).toEqual([0, 0]);
});
