import { expect, it } from 'vitest';
import { spreadOf } from './spread.ts';

it('is that of a sample, worked out by hand', () => {
  expect(spreadOf([2, 4, 4, 4, 5, 5, 7, 9])).toEqual({
    count: 8,
    mean: 5,
    standardDeviation: Math.sqrt(32 / 7),
    minimum: 2,
    maximum: 9,
  });
});

it('of one value has no deviation', () => {
  expect(spreadOf([0.5])).toEqual({
    count: 1,
    mean: 0.5,
    standardDeviation: null,
    minimum: 0.5,
    maximum: 0.5,
  });
});
