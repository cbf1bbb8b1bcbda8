import { describe, expect, it } from 'vitest';
import { clusters } from '../../test/inspection/planted.ts';
import { classShifts, distancesFrom, twoSampleTest } from './drift.ts';

const size = 12;
/** Features around the same points, or shifted ones; other seeds draw other images of the same points. */
const images = (perClass: number, from: number) =>
  clusters({ perClass: 120, size, apart: 6 }).features.slice(from * 4 * size, (from + perClass) * 4 * size);

describe('twoSampleTest', () => {
  it('finds no difference between images of one kind', () => {
    const pValues = [0, 1, 2].map(
      (lot) => twoSampleTest(images(20, 0), images(20, 20 + 20 * lot), size, lot).pValue,
    );
    expect(Math.min(...pValues)).toBeGreaterThan(0.01);
  });

  it('finds that a class is missing, and images of another kind', () => {
    const before = images(30, 0);
    const others = images(30, 30);
    const without = others.filter((_, i) => Math.floor(i / size) % 4 !== 0);
    expect(twoSampleTest(before, without, size).pValue).toBeLessThan(0.02);
    const shifted = others.map((value, i) => value + (i % size === 0 ? 4 : 0));
    const { pValue, discrepancy, images: compared } = twoSampleTest(before, shifted, size);
    expect([pValue, compared]).toEqual([0.001, [120, 120]]);
    expect(discrepancy).toBeGreaterThan(twoSampleTest(before, others, size).discrepancy);
  });

  it('needs ten images of each lot', () => {
    expect(() => twoSampleTest(images(3, 0), images(2, 3), size)).toThrow(
      'too few images to compare: expected at least 10 of each lot, received 12 and 8. Give more images.',
    );
  });
});

it('tells which answers grew, and whether by chance', () => {
  const before = Array.from({ length: 100 }, (_, i) => Number(i < 30));
  const after = Array.from({ length: 100 }, (_, i) => Number(i < 50));
  const [grown, shrunk] = classShifts(before, after, ['a', 'b']);
  expect([grown.class, grown.before, grown.after, shrunk.class]).toEqual(['b', 0.3, 0.5, 'a']);
  // By exact fractions; scipy.stats.fisher_exact([[30, 70], [50, 50]]) says the same.
  expect(grown.pValue).toBeCloseTo(0.005937341166, 10);
  expect(classShifts([0, 0], [0], ['a', 'b']).map(({ pValue }) => pValue)).toEqual([1, 1]);
  // 2 of 1,000 images and 2 of 100: p = 0.04348212 alone, and three times as much as one of three classes.
  const rare = (count: number) => Array.from({ length: count }, (_, i) => (i < 2 ? 2 : i % 2));
  const [first] = classShifts(rare(1000), rare(100), ['a', 'b', 'c']);
  expect([first.class, first.pValue]).toEqual(['c', expect.closeTo(3 * 0.04348212498464988, 8)]);
});

it('measures how far an image is from the class means', () => {
  const before = { rows: Float32Array.of(2, 0, 0, 3), labels: Uint16Array.of(0, 1), classNames: ['a', 'b'] };
  const distances = distancesFrom(before, Float32Array.of(5, 0, 1, 1, -1, 0), 2);
  expect([...distances].map((value) => Number(value.toFixed(6)))).toEqual([0, 0.292893, 1]);
});
