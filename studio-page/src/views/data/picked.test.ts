import { expect, test } from 'vitest';
import { toggled } from './picked.ts';

const LIST = [4, 9, 11, 12, 20];

test('a click picks an image or lets go of it', () => {
  expect([...toggled(new Set([4]), LIST, 2)]).toEqual([4, 11]);
  expect([...toggled(new Set([4, 11]), LIST, 2)]).toEqual([4]);
  expect([...toggled(new Set([4]), LIST, 7)]).toEqual([4]);
});

test('a range is picked in either direction', () => {
  expect([...toggled(new Set([9]), LIST, 3, 1)]).toEqual([9, 11, 12]);
  expect([...toggled(new Set(), LIST, 1, 3)]).toEqual([9, 11, 12]);
});
