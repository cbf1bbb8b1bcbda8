import { describe, expect, it } from 'vitest';
import { chiSquaredTest } from './chi-squared.ts';

describe('chiSquaredTest', () => {
  // SciPy 1.17.1: chi2_contingency([first, second], correction=False).
  it.each([
    [[30, 20, 50], [45, 15, 40], 4.825396825396825, 2, 0.08957326253887996],
    [[100, 100], [70, 130], 9.207161125319693, 1, 0.002410702375075622],
    [Array(10).fill(50), [55, 45, 50, 52, 48, 60, 40, 51, 49, 50], 2.6214891660392428, 9, 0.9774357100041501],
    [[500, 300], [10, 30], 22.459893048128343, 1, 2.1457745266988034e-6],
    [[400, 300, 200, 100], [100, 200, 300, 400], 400, 3, 2.2138865931011112e-86],
  ])('of %j and %j is that of SciPy', (first, second, statistic, degreesOfFreedom, pValue) => {
    const test = chiSquaredTest(first, second)!;
    expect(test.statistic).toBeCloseTo(statistic, 9);
    expect(test.degreesOfFreedom).toBe(degreesOfFreedom);
    expect(test.pValue / pValue).toBeCloseTo(1, 9);
  });

  it('takes rare categories together', () => {
    expect(chiSquaredTest([96, 1, 2, 1, 100], [104, 3, 1, 2, 90])).toEqual(
      chiSquaredTest([96, 100, 4], [104, 90, 6]),
    );
  });

  it('makes several categories of many rare ones, and none that is too rare', () => {
    // Nothing but the first of ten classes, each of which is too rare for itself.
    const shifted = chiSquaredTest(Array(10).fill(1000), [40, ...Array(9).fill(0)])!;
    expect([shifted.degreesOfFreedom, shifted.pValue < 1e-20]).toEqual([4, true]);
    // One of a class that is hardly ever seen says nothing.
    expect(chiSquaredTest([999, 1], [29, 1])).toBeUndefined();
    expect(chiSquaredTest([600, 399, 1], [15, 14, 1])!.degreesOfFreedom).toBe(1);
  });

  it('says nothing where there is nothing to compare', () => {
    expect(chiSquaredTest([0, 0], [10, 10])).toBeUndefined();
    expect(chiSquaredTest([10], [20])).toBeUndefined();
    expect(chiSquaredTest([100, 0], [100, 0])).toBeUndefined();
  });
});
