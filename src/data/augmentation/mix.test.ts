import { describe, expect, it } from 'vitest';
import { copyOf, occasion, smallBatch } from '../../../test/training/batch.ts';
import { random } from '../random.ts';
import { augmentationFrom, type Batch } from './index.ts';
import { symmetricBeta } from './mix.ts';

const COUNT = 48;
const CLASSES = 3;
const before = smallBatch(COUNT, 8, 8);
const bytes = before.pixels.length / COUNT;
const imageOf = ({ pixels }: Batch, i: number) => pixels.subarray(i * bytes, (i + 1) * bytes);
const rowOf = ({ targets }: Batch, i: number) => [...targets.subarray(i * CLASSES, (i + 1) * CLASSES)];

function mixed(name: 'MixUp' | 'CutMix', alpha: number, step = 0): Batch {
  const batch = copyOf(before);
  augmentationFrom({ name, alpha }).apply(batch, occasion(COUNT, { step }));
  return batch;
}

describe.each(['MixUp', 'CutMix'] as const)('%s', (name) => {
  const batch = mixed(name, 1);

  it('keeps targets distributions, and gives most images two classes', () => {
    let two = 0;
    for (let i = 0; i < COUNT; i++) {
      const row = rowOf(batch, i);
      expect(row.reduce((a, b) => a + b)).toBeCloseTo(1, 6);
      expect(Math.min(...row)).toBeGreaterThanOrEqual(0);
      if (row.filter((fraction) => fraction > 0.01).length === 2) two++;
    }
    expect(two).toBeGreaterThan(COUNT / 3);
  });

  it('keeps the weights of images: they are mixed too', () => {
    const weighted = { ...copyOf(before), targets: before.targets.map((target) => 3 * target) };
    augmentationFrom({ name, alpha: 1 }).apply(weighted, occasion(COUNT));
    weighted.targets.forEach((target, i) => {
      expect(target).toBeCloseTo(3 * batch.targets[i], 5);
    });
  });

  it('draws by the step', () => {
    expect(mixed(name, 1)).toEqual(batch);
    expect(mixed(name, 1, 1).pixels).not.toEqual(batch.pixels);
  });
});

describe('MixUp', () => {
  it('blends pixels in the fractions of the targets', () => {
    const batch = mixed('MixUp', 1);
    for (let i = 0; i < COUNT; i++) {
      // Each image is one part of itself and another of one partner: find the partner that explains all pixels.
      const explains = (partner: number): boolean => {
        const own = before.targets.indexOf(1, i * CLASSES) - i * CLASSES;
        const other = before.targets.indexOf(1, partner * CLASSES) - partner * CLASSES;
        if (own === other) return false;
        const fraction = rowOf(batch, i)[own];
        return imageOf(batch, i).every((value, p) => {
          const blend = fraction * imageOf(before, i)[p] + (1 - fraction) * imageOf(before, partner)[p];
          return Math.abs(value - blend) <= 0.51;
        });
      };
      const single = rowOf(batch, i).some((fraction) => fraction > 0.9999);
      if (!single) expect(Array.from({ length: COUNT }, (_, p) => p).some(explains)).toBe(true);
    }
  });
});

describe('CutMix', () => {
  it('gives targets the fractions of the areas', () => {
    const batch = mixed('CutMix', 1);
    for (let i = 0; i < COUNT; i++) {
      const same = (source: number) => (pixel: number) =>
        [0, 1, 2].every((c) => imageOf(batch, i)[pixel * 3 + c] === imageOf(before, source)[pixel * 3 + c]);
      const all = Array.from({ length: 64 }, (_, pixel) => pixel);
      const changed = all.filter((pixel) => !same(i)(pixel));
      const partner = Array.from({ length: COUNT }, (_, p) => p).find((p) => changed.every(same(p)));
      expect(partner).toBeDefined();
      const own = before.targets.indexOf(1, i * CLASSES) - i * CLASSES;
      const other = before.targets.indexOf(1, partner! * CLASSES) - partner! * CLASSES;
      if (changed.length === 0 || own === other) continue;
      expect(rowOf(batch, i)[other] * 64).toBeCloseTo(changed.length, 4);
    }
  });
});

describe('Beta(alpha, alpha)', () => {
  it.each([0.2, 1, 4])('has the mean and variance that it must: alpha %d', (alpha) => {
    const draws = random(1, 'beta');
    const values = Array.from({ length: 20_000 }, () => symmetricBeta(alpha, draws));
    const mean = values.reduce((a, b) => a + b) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThanOrEqual(1);
    expect(mean).toBeCloseTo(0.5, 1);
    expect(variance / (1 / (4 * (2 * alpha + 1)))).toBeCloseTo(1, 1);
  });

  it('is a number even where both of its gamma draws underflow', () => {
    const draws = random(1, 'beta');
    for (let i = 0; i < 100; i++) expect([0, 1]).toContain(Math.round(symmetricBeta(1e-4, draws)));
  });
});
