import { expect, it } from 'vitest';
import { Pauses } from './pauses.ts';

const leftOut = (...times: number[]) => {
  const pauses = new Pauses();
  return times.map((took) => pauses.in(took));
};

it('leaves out a step in which the machine slept, but for the usual time', () => {
  expect(leftOut(200, 210, 190, 3_600_000, 200)).toEqual([0, 0, 0, 3_599_800, 0]);
});

it('counts slow steps, the first ones, and small delays', () => {
  expect(leftOut(60_000, 200, 200, 9_000)).toEqual([0, 0, 0, 0]);
  expect(leftOut(2_000, 2_000, 2_000, 50_000)).toEqual([0, 0, 0, 0]);
});

it('follows steps that become slower for good', () => {
  expect(leftOut(100, 100, 100, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000, 2_000, 30_000)).toEqual(
    new Array(12).fill(0),
  );
});
