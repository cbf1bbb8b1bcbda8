import { expect, it } from 'vitest';
import { random } from '../data/random.ts';
import { rowSpaceOf } from './row-space.ts';

const [COUNT, SIZE, UNITS] = [9, 40, 2];

/** Rows of a given rank, the last two alike. */
function rowsOf(rank: number): Float32Array {
  const stream = random(1, 'rows', rank);
  const draw = () => stream.integer(2001) / 1000 - 1;
  const basis = Array.from({ length: rank * SIZE }, draw);
  const rows = new Float32Array(COUNT * SIZE);
  for (let row = 0; row < COUNT - 1; row++) {
    const parts = Array.from({ length: rank }, draw);
    for (let i = 0; i < SIZE; i++) {
      rows[row * SIZE + i] = parts.reduce((sum, part, k) => sum + part * basis[k * SIZE + i], 0);
    }
  }
  rows.copyWithin((COUNT - 1) * SIZE, (COUNT - 2) * SIZE, (COUNT - 1) * SIZE);
  return rows;
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

it.each([3, 7])('finds the space of rows of rank %d, in which inner products stay', (rank) => {
  const rows = rowsOf(rank);
  const space = rowSpaceOf(rows, SIZE)!;
  expect(space.rank).toBe(rank);
  for (let a = 0; a < COUNT; a++) {
    for (let b = 0; b < COUNT; b++) {
      const own = dot(rows.subarray(a * SIZE, (a + 1) * SIZE), rows.subarray(b * SIZE, (b + 1) * SIZE));
      const { coordinates } = space;
      const there = dot(
        coordinates.subarray(a * rank, (a + 1) * rank),
        coordinates.subarray(b * rank, (b + 1) * rank),
      );
      expect(there).toBeCloseTo(own, 4);
    }
  }
});

it('lifts a kernel to one that gives the same scores and has the same length', () => {
  const rows = rowsOf(5);
  const { coordinates, rank, lift } = rowSpaceOf(rows, SIZE)!;
  const kernel = Float32Array.from({ length: rank * UNITS }, (_, i) => Math.sin(i + 1));
  const own = lift(kernel, UNITS);
  const column = (from: Float32Array, unit: number) => from.filter((_, i) => i % UNITS === unit);
  for (let unit = 0; unit < UNITS; unit++) {
    const [there, here] = [column(kernel, unit), column(own, unit)];
    expect(dot(here, here)).toBeCloseTo(dot(there, there), 3);
    for (let row = 0; row < COUNT; row++) {
      const score = dot(rows.subarray(row * SIZE, (row + 1) * SIZE), here);
      expect(score).toBeCloseTo(dot(coordinates.subarray(row * rank, (row + 1) * rank), there), 3);
    }
  }
});

it('is not looked for where rows are many, or all zero', () => {
  expect(rowSpaceOf(new Float32Array(30 * 40).fill(1), 40)).toBeUndefined();
  expect(rowSpaceOf(new Float32Array(4 * 40), 40)).toBeUndefined();
});
