import { describe, expect, it } from 'vitest';
import { random } from '../data/random.ts';
import { planeOf } from './plane.ts';

describe('the plane that images lie in', () => {
  /** Points that vary by 5 along one direction of eight, by 2 along another, and hardly along the rest. */
  const images = 400;
  const draws = random(3, 'points');
  const drawn = Array.from({ length: images }, () => [5 * draws.normal(), 2 * draws.normal()]);
  // Without chance's own slant, so that the directions are these two.
  const mean = [0, 1].map((axis) => drawn.reduce((sum, each) => sum + each[axis], 0) / images);
  const centered = drawn.map(([a, b]) => [a - mean[0], b - mean[1]]);
  const sum = (of: (each: number[]) => number) => centered.reduce((total, each) => total + of(each), 0);
  const slant = sum(([a, b]) => a * b) / sum(([a]) => a * a);
  const along = centered.map(([a, b]) => [a, b - slant * a]);
  const features = new Float32Array(images * 8);
  along.forEach(([a, b], i) => {
    const own = [0.6 * a, 0.8 * a, b, 0, 0, 0, 0, 0];
    own.forEach((value, j) => {
      features[8 * i + j] = 7 + value + 0.05 * draws.normal();
    });
  });

  it('holds the two directions in which they vary most, the larger first', () => {
    const points = planeOf(features, 8, 1);
    for (const axis of [0, 1]) {
      const own = along.map((each) => each[axis]);
      const found = own.map((_, i) => points[2 * i + axis]);
      expect(Math.abs(correlation(own, found))).toBeGreaterThan(0.999);
      expect(Math.max(...found)).toBeCloseTo(1, 5);
      expect(Math.min(...found)).toBeGreaterThanOrEqual(-1);
    }
  });

  it('is the same however it is begun', () => {
    const [one, other] = [planeOf(features, 8, 1), planeOf(features, 8, 2)];
    // The axes stand within the tolerance of a step.
    for (const [i, value] of one.entries()) expect(Math.abs(value - other[i])).toBeLessThan(0.03);
  });

  it('holds images that do not vary at all', () => {
    expect([...planeOf(new Float32Array(12).fill(3), 4, 1)]).toEqual([0, 0, 0, 0, 0, 0]);
    expect([...planeOf(new Float32Array(4), 4, 1)]).toEqual([0, 0]);
    const one = planeOf(Float32Array.of(0, 0, 0, 1, 0, 0), 3, 1);
    expect(one.every(Number.isFinite)).toBe(true);
  });
});

function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, each) => sum + each, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((value, i) => {
    ab += (value - ma) * (b[i] - mb);
    aa += (value - ma) ** 2;
    bb += (b[i] - mb) ** 2;
  });
  return ab / Math.sqrt(aa * bb);
}
