import { describe, expect, it } from 'vitest';
import { random } from './random.ts';
import { areaResampler } from './resample.ts';

const draws = random(1, 'images');
const noise = (count: number) => Uint8Array.from({ length: count }, () => draws.integer(256));

/** The mean over the area that a new pixel covers, from the definition. */
function naive(
  images: Uint8Array,
  side: number,
  size: number,
  image: number,
  y: number,
  x: number,
  c: number,
) {
  const scale = side / size;
  let sum = 0;
  for (let fromY = 0; fromY < side; fromY++) {
    const high = Math.max(0, Math.min(fromY + 1, (y + 1) * scale) - Math.max(fromY, y * scale));
    for (let fromX = 0; fromX < side; fromX++) {
      const wide = Math.max(0, Math.min(fromX + 1, (x + 1) * scale) - Math.max(fromX, x * scale));
      sum += high * wide * images[((image * side + fromY) * side + fromX) * 3 + c];
    }
  }
  return sum / (scale * scale);
}

describe('area resampling', () => {
  it.each([
    [8, 8],
    [8, 4],
    [9, 6],
    [7, 5],
    [5, 1],
  ])('%i → %i is the mean over what each pixel covers', (side, size) => {
    const images = noise(2 * side * side * 3);
    const out = new Uint8Array(2 * size * size * 3);
    areaResampler(side, size, 3)(images, out);
    for (let i = 0; i < out.length; i++) {
      const [c, x] = [i % 3, Math.floor(i / 3) % size];
      const [y, image] = [Math.floor(i / 3 / size) % size, Math.floor(i / 3 / size / size)];
      expect(Math.abs(out[i] - naive(images, side, size, image, y, x, c))).toBeLessThan(0.5 + 1e-9);
    }
  });

  it('leaves images of the same size, and plain colours, as they are', () => {
    const images = noise(6 * 6 * 3);
    const out = new Uint8Array(images.length);
    areaResampler(6, 6, 3)(images, out);
    expect(out).toEqual(images);
    const plain = new Uint8Array(5 * 5 * 3);
    areaResampler(32, 5, 3)(new Uint8Array(32 * 32 * 3).fill(201), plain);
    expect(plain).toEqual(new Uint8Array(75).fill(201));
  });
});
