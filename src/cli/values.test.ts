import { describe, expect, it } from 'vitest';
import { duration } from './values.ts';

describe('duration', () => {
  it.each([
    ['90s', 90],
    ['0.5s', 0.5],
    ['1h30m', 5400],
    ['4h', 14_400],
    ['2d', 172_800],
    [' 1d12h ', 129_600],
  ])('%s', (text, seconds) => {
    expect(duration('--time')(text)).toBe(seconds);
  });

  it.each(['', '3600', '0s', '1.2.3h', '30m1h', 'soon'])('refuses "%s"', (text) => {
    expect(() => duration('--time')(text)).toThrow(
      `--time: this value cannot be used: expected a time, such as 90s, 1h30m or 2d, received "${text}"`,
    );
  });
});
