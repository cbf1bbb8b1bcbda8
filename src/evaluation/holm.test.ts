import { expect, it } from 'vitest';
import { holm } from './holm.ts';

it('raises p-values by the number of tests that are still open, and never below a smaller one', () => {
  // By hand: 0.01 · 4, 0.02 · 3, 0.025 · 2 (raised to the one before), 0.5 · 1.
  const [a, b, c, d] = holm([0.5, 0.01, 0.025, 0.02]);
  expect(a).toBeCloseTo(0.5, 12);
  expect(b).toBeCloseTo(0.04, 12);
  expect(c).toBeCloseTo(0.06, 12);
  expect(d).toBeCloseTo(0.06, 12);
  expect(holm([0.03])).toEqual([0.03]);
  expect(holm([0.7, 0.9])).toEqual([1, 1]);
});
