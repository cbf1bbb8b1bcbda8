import { describe, expect, it } from 'vitest';
import { copyOf, imageOf, occasion, smallBatch } from '../../../test/training/batch.ts';
import { brightness, contrast, hue, product, recolor, saturation } from './color.ts';
import { augmentationFrom } from './index.ts';
import { autoContrast, equalize, posterize, sharpen, solarize } from './tones.ts';
import { warper } from './warp.ts';

const SHAPE = { height: 1, width: 1, channels: 3 };

function changed(color: number[], matrix: readonly number[]): number[] {
  const pixels = Uint8Array.from(color);
  recolor(pixels, 0, SHAPE, matrix);
  return [...pixels];
}

describe('colours', () => {
  it('at rest stay as they are', () => {
    const color = [200, 31, 0];
    for (const matrix of [brightness(1), contrast(1, 99), saturation(1), hue(0)]) {
      expect(changed(color, matrix)).toEqual(color);
    }
  });

  it('become lighter, nearer to a grey, paler', () => {
    expect(changed([100, 50, 250], brightness(1.2))).toEqual([120, 60, 255]);
    expect(changed([100, 50, 250], contrast(0.5, 100))).toEqual([100, 75, 175]);
    // 0.299 · 100 + 0.587 · 50 + 0.114 · 250 = 87.75
    expect(changed([100, 50, 250], saturation(0))).toEqual([88, 88, 88]);
  });

  it('turn around the greys: a whole turn is none, and brightness stays', () => {
    const color = [150, 100, 90];
    expect(changed(color, hue(1))).toEqual(color);
    expect(changed([77, 77, 77], hue(0.3))).toEqual([77, 77, 77]);
    const luma = ([r, g, b]: number[]) => 0.299 * r + 0.587 * g + 0.114 * b;
    for (const turn of [0.1, 0.25, 0.5, -0.25]) {
      expect(Math.abs(luma(changed(color, hue(turn))) - luma(color))).toBeLessThan(1);
      expect(
        changed(changed(color, hue(turn)), hue(-turn)).every((v, i) => Math.abs(v - color[i]) <= 2),
      ).toBe(true);
    }
    // Red turns towards green one way, towards blue the other.
    const [forth, back] = [changed([200, 20, 20], hue(1 / 3)), changed([200, 20, 20], hue(-1 / 3))];
    expect([forth, back].map(([r, g, b]) => [r, g, b].indexOf(Math.max(r, g, b))).sort()).toEqual([1, 2]);
  });

  it('changed one after another are changed by the product', () => {
    const both = product(saturation(0.5), contrast(0.7, 90));
    const once = changed([120, 80, 60], both);
    const twice = changed(changed([120, 80, 60], contrast(0.7, 90)), saturation(0.5));
    once.forEach((value, i) => {
      expect(Math.abs(value - twice[i])).toBeLessThanOrEqual(1);
    });
  });
});

describe('tones', () => {
  const row = (values: number[]) => ({
    pixels: Uint8Array.from(values.flatMap((value) => [value, value, value])),
    shape: { height: 1, width: values.length, channels: 3 },
  });
  const result = (values: number[], change: (p: Uint8Array, start: number, shape: typeof SHAPE) => void) => {
    const { pixels, shape } = row(values);
    change(pixels, 0, shape);
    return [...pixels].filter((_, i) => i % 3 === 0);
  };

  it.each<[string, number[], (p: Uint8Array, start: number, shape: typeof SHAPE) => void, number[]]>([
    ['posterize keeps high bits', [255, 100, 15], (p, s, h) => posterize(p, s, h, 4), [240, 96, 0]],
    ['posterize with all bits', [255, 100, 15], (p, s, h) => posterize(p, s, h, 8), [255, 100, 15]],
    ['solarize from a threshold', [10, 128, 200], (p, s, h) => solarize(p, s, h, 128), [10, 127, 55]],
    ['autoContrast stretches', [50, 75, 150], autoContrast, [0, 64, 255]],
    ['autoContrast leaves one value', [50, 50, 50], autoContrast, [50, 50, 50]],
    ['equalize spreads', [10, 11, 12, 250], equalize, [0, 85, 170, 255]],
    ['equalize leaves one value', [9, 9], equalize, [9, 9]],
  ])('%s', (_, values, change, expected) => {
    expect(result(values, change)).toEqual(expected);
  });

  it('sharpen leaves flat images, strengthens a point, and blurs below 1', () => {
    const shape = { height: 5, width: 5, channels: 3 };
    const flat = new Uint8Array(75).fill(80);
    sharpen(flat, 0, shape, 1.9);
    expect(flat).toEqual(new Uint8Array(75).fill(80));
    const centre = (factor: number) => {
      const point = new Uint8Array(75).fill(80);
      point.fill(120, 36, 39);
      sharpen(point, 0, shape, factor);
      return point[36];
    };
    expect(centre(1.5)).toBeGreaterThan(120);
    expect(centre(1)).toBe(120);
    expect(centre(0.5)).toBeLessThan(120);
  });
});

describe('shapes', () => {
  const before = smallBatch(1, 7, 7);
  const warped = (warp: Parameters<ReturnType<typeof warper>>[3]) => {
    const batch = copyOf(before);
    warper()(batch.pixels, 0, batch.imageShape, warp);
    return imageOf(batch, 0);
  };
  const then = imageOf(before, 0);

  it('stay as they are, turn by quarters, and move by whole pixels exactly', () => {
    expect(warped({ a: 1, b: 0, c: 0, d: 1 })).toEqual(then);
    expect(warped({ a: 0, b: -1, c: 1, d: 0 })).toEqual(
      then.map((row, y) => row.map((_, x) => then[x][6 - y])),
    );
    expect(warped({ a: 1, b: 0, c: 0, d: 1, right: 2 })).toEqual(
      then.map((row) => row.map((_, x) => row[x + 2 > 6 ? 12 - x - 2 : x + 2])),
    );
  });

  it('between pixels are their mean', () => {
    const half = warped({ a: 1, b: 0, c: 0, d: 1, right: 0.5 });
    expect(half[3][2]).toEqual(then[3][2].map((value, c) => Math.floor((value + then[3][3][c]) / 2 + 0.5)));
  });
});

describe('RandomErasing', () => {
  it('paints one square of the mean colour, or a part of it, over every image', () => {
    const before = smallBatch(40, 8, 8);
    const batch = copyOf(before);
    augmentationFrom({ name: 'RandomErasing', size: 4 }).apply(batch, occasion(40));
    for (let i = 0; i < 40; i++) {
      const [now, then] = [imageOf(batch, i).flat(), imageOf(before, i).flat()];
      const mean = [0, 1, 2].map((c) => Math.round(then.reduce((sum, pixel) => sum + pixel[c], 0) / 64));
      const painted = [...now.keys()].filter((p) => now[p].join() !== then[p].join());
      expect(painted.length).toBeGreaterThan(2);
      expect(painted.length).toBeLessThanOrEqual(16);
      for (const p of painted) expect(now[p]).toEqual(mean);
      const [xs, ys] = [painted.map((p) => p % 8), painted.map((p) => p >> 3)];
      expect(Math.max(...xs) - Math.min(...xs)).toBeLessThan(4);
      expect(Math.max(...ys) - Math.min(...ys)).toBeLessThan(4);
    }
  });
});
