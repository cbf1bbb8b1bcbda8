import { describe, expect, it } from 'vitest';
import { wilsonInterval } from './wilson.ts';

describe('wilsonInterval', () => {
  // R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17
  // (1998), table I, method 3: four decimals.
  it.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('gives the published interval of %i in %i', (successes, trials, lower, upper) => {
    const interval = wilsonInterval(successes, trials);
    expect(interval[0]).toBeCloseTo(lower, 4);
    expect(interval[1]).toBeCloseTo(upper, 4);
  });

  it('agrees with the roots of the defining equation, solved in 40 digits', () => {
    const [lower, upper] = wilsonInterval(6939, 10000);
    expect(lower).toBeCloseTo(0.684794049529619, 12);
    expect(upper).toBeCloseTo(0.702857035902233, 12);
  });

  it('touches 0 and 1 exactly where nothing or everything succeeded', () => {
    expect(wilsonInterval(0, 20)[0]).toBe(0);
    expect(wilsonInterval(29, 29)[1]).toBe(1);
    expect(wilsonInterval(29, 29)[0]).toBeCloseTo(0.8830302015, 10);
  });

  it.each([
    [0, 0],
    [3, 2],
    [-1, 2],
    [Number.NaN, 2],
  ])('refuses %d of %d', (successes, trials) => {
    expect(() => wilsonInterval(successes, trials)).toThrow('no interval exists');
  });
});
