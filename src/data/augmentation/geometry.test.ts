import { describe, expect, it } from 'vitest';
import { copyOf, imageOf, occasion, smallBatch } from '../../../test/training/batch.ts';
import { type AugmentationConfig, augmentationFrom, type Occasion } from './index.ts';

const COUNT = 64;
const before = smallBatch(COUNT);

/** What an augmentation makes of the batch. */
function augmented(config: AugmentationConfig, more: Partial<Occasion> = {}) {
  const batch = copyOf(before);
  augmentationFrom(config).apply(batch, occasion(COUNT, more));
  expect(batch.targets).toEqual(before.targets);
  return batch;
}

const mirrored = (image: number[][][]) => image.map((row) => row.toReversed());
const upsideDown = (image: number[][][]) => image.toReversed();

/** Which images are flipped; each must be either as it was, or mirrored. */
function flips(config: AugmentationConfig, more: Partial<Occasion> = {}, flipped = mirrored): boolean[] {
  const batch = augmented(config, more);
  return Array.from({ length: COUNT }, (_, i) => {
    const [now, then] = [imageOf(batch, i), imageOf(before, i)];
    const isFlipped = JSON.stringify(now) !== JSON.stringify(then);
    expect(now).toEqual(isFlipped ? flipped(then) : then);
    return isFlipped;
  });
}

describe('RandomFlip', () => {
  it.each([
    ['horizontal', mirrored],
    ['vertical', upsideDown],
    ['alternating', mirrored],
  ] as const)('%s mirrors about half of the images and leaves the others as they are', (mode, flipped) => {
    const count = flips({ name: 'RandomFlip', mode }, {}, flipped).filter(Boolean).length;
    // 64 fair draws: five standard deviations of 4.
    expect(Math.abs(count - COUNT / 2)).toBeLessThan(20);
  });

  it('draws anew in another epoch, and for another seed, but not for another step', () => {
    const first = flips({ name: 'RandomFlip' });
    expect(flips({ name: 'RandomFlip' }, { step: 9 })).toEqual(first);
    expect(flips({ name: 'RandomFlip' }, { epoch: 1 })).not.toEqual(first);
    expect(flips({ name: 'RandomFlip' }, { seed: 2 })).not.toEqual(first);
  });

  it('twice is as if it never was', () => {
    const batch = augmented({ name: 'RandomFlip', mode: 'vertical' });
    augmentationFrom({ name: 'RandomFlip', mode: 'vertical' }).apply(batch, occasion(COUNT));
    expect(batch.pixels).toEqual(before.pixels);
  });

  it('alternating shows the other side of every image in every other epoch', () => {
    const config = { name: 'RandomFlip', mode: 'alternating' } as const;
    const first = flips(config);
    for (const epoch of [2, 4, 100]) expect(flips(config, { epoch })).toEqual(first);
    for (const epoch of [1, 3, 99]) {
      expect(flips(config, { epoch })).toEqual(first.map((flipped) => !flipped));
    }
  });

  it('goes with the image, not with its place in the batch', () => {
    const images = Array.from({ length: COUNT }, (_, i) => COUNT - 1 - i);
    expect(flips({ name: 'RandomFlip' }, { images })).toEqual(flips({ name: 'RandomFlip' }).toReversed());
  });
});

describe('RandomTranslation', () => {
  const { height, width } = before.imageShape;
  const mirror = (place: number, size: number): number => {
    let inside = place;
    while (inside < 0 || inside >= size) inside = inside < 0 ? -inside : 2 * (size - 1) - inside;
    return inside;
  };

  /** Pixel by pixel, from the definition. */
  function moved(image: number[][][], down: number, right: number, fill: string): number[][][] {
    const mean = [0, 1, 2].map((c) =>
      Math.round(image.flat().reduce((sum, pixel) => sum + pixel[c], 0) / (height * width)),
    );
    return image.map((row, y) =>
      row.map((_, x) => {
        const [fromY, fromX] = [y - down, x - right];
        if (fill === 'reflect') return image[mirror(fromY, height)][mirror(fromX, width)];
        return image[fromY]?.[fromX] ?? (fill === 'zero' ? [0, 0, 0] : mean);
      }),
    );
  }

  it.each([
    ['reflect', 0],
    ['reflect', 2],
    ['zero', 2],
    ['zero', 9],
    ['mean', 3],
  ] as const)('%s by up to %i moves every image as the definition says', (fill, pixels) => {
    const batch = augmented({ name: 'RandomTranslation', pixels, fill });
    const distances = new Set<number>();
    const all = Array.from({ length: 2 * pixels + 1 }, (_, i) => i - pixels);
    for (let i = 0; i < COUNT; i++) {
      const [now, then] = [JSON.stringify(imageOf(batch, i)), imageOf(before, i)];
      const found = all.flatMap((down) =>
        all
          .filter((right) => JSON.stringify(moved(then, down, right, fill)) === now)
          .map((right) => [down, right]),
      );
      expect(found.length).toBeGreaterThan(0);
      for (const distance of found[0]) distances.add(distance);
    }
    expect(distances.size).toBeGreaterThan(pixels);
  });

  it('moves by every distance equally often', () => {
    const counts = new Map<string, number>();
    for (let epoch = 0; epoch < 40; epoch++) {
      const batch = augmented({ name: 'RandomTranslation', pixels: 1 }, { epoch });
      for (let i = 0; i < COUNT; i++) {
        const key = JSON.stringify(imageOf(batch, i)[2][2]);
        const then = imageOf(before, i);
        for (const y of [1, 2, 3]) {
          for (const x of [1, 2, 3]) {
            if (JSON.stringify(then[y][x]) === key)
              counts.set(`${y} ${x}`, (counts.get(`${y} ${x}`) ?? 0) + 1);
          }
        }
      }
    }
    // 2,560 draws of 9: 284 each, standard deviation 16.
    expect(counts.size).toBe(9);
    for (const count of counts.values()) expect(Math.abs(count - 284)).toBeLessThan(80);
  });

  it('refuses images that are too small to be reflected', () => {
    expect(() => augmented({ name: 'RandomTranslation', pixels: 3 })).toThrow(
      'RandomTranslation: pixels: expected less than half the side of the images, 5, received 3.',
    );
  });
});

describe('RandomResizedCrop', () => {
  // Red counts columns, green rows: a part shows a narrower range of both, in order.
  const side = 32;
  const shape = { height: side, width: side, channels: 3 };
  const ramp = Uint8Array.from({ length: 256 * side * side * 3 }, (_, i) => {
    const at = Math.floor(i / 3) % (side * side);
    return [8 * (at % side), 8 * Math.floor(at / side), 0][i % 3];
  });
  const parts = (smallest: number) => {
    const batch = { pixels: ramp.slice(), targets: new Float32Array(256), imageShape: shape };
    augmentationFrom({ name: 'RandomResizedCrop', smallest }).apply(batch, occasion(256));
    return Array.from({ length: 256 }, (_, i) => {
      const pixel = (row: number, column: number) => (i * side * side + row * side + column) * 3;
      const [first, last] = [pixel(0, 0), pixel(side - 1, side - 1)];
      const span = (channel: number) =>
        (batch.pixels[last + channel] - batch.pixels[first + channel]) / 8 / (side - 1);
      return { width: span(0), height: span(1) };
    });
  };

  it('shows parts of at least the smallest area, of all shapes up to 3 : 4, and never more than there is', () => {
    const areas = parts(0.25).map(({ width, height }) => width * height);
    expect(Math.min(...areas)).toBeGreaterThan(0.22);
    expect(Math.min(...areas)).toBeLessThan(0.35);
    expect(Math.max(...areas)).toBeGreaterThan(0.85);
    const ratios = parts(0.25).map(({ width, height }) => width / height);
    expect(Math.min(...ratios)).toBeGreaterThan(0.72);
    expect(Math.max(...ratios)).toBeLessThan(1.38);
  });

  it('of at least the whole area may only be narrower or lower', () => {
    for (const { width, height } of parts(1)) expect(Math.max(width, height)).toBeGreaterThan(0.99);
  });
});
