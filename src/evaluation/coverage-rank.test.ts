import { describe, expect, it } from 'vitest';
import { random } from '../data/random.ts';
import { coverageRank } from './coverage-rank.ts';

describe('coverageRank', () => {
  // Wilks's sample sizes: 45 values are the fewest whose largest is a limit for 95% with 90% confidence, 22 for 90%.
  it.each([
    [45, 0.95, 45],
    [44, 0.95, 44],
    [76, 0.95, 76],
    [77, 0.95, 76],
    [22, 0.9, 22],
    [37, 0.9, 37],
    [38, 0.9, 37],
    [244, 0.95, 237],
    [1674, 0.95, 1603],
    [1, 0.95, 1],
  ])('of %i values for %f takes rank %i', (count, fraction, rank) => {
    expect(coverageRank(count, fraction)).toBe(rank);
  });

  it('keeps its promise in nine of ten samples, where the plain quantile does in half', () => {
    const kept = Array.from({ length: 2000 }, (_, sample) => {
      const stream = random(sample, 'coverage');
      // Of uniform values, the fraction below a threshold is the threshold.
      const values = Float64Array.from({ length: 100 }, () => stream.uniform()).sort();
      return [values[coverageRank(100, 0.9) - 1] >= 0.9, values[89] >= 0.9];
    });
    const promised = (which: number) => kept.filter((each) => each[which]).length / kept.length;
    expect(promised(0)).toBeGreaterThan(0.88);
    expect(promised(0)).toBeLessThan(0.96);
    expect(promised(1)).toBeLessThan(0.6);
  });
});
