import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { random } from './random.ts';
import { type ImageSize, scaler } from './scaling.ts';

const FOUR = 4;

/** An image of soft shapes with some noise and edges, as photographs are. */
async function photograph({ width, height }: ImageSize): Promise<Buffer> {
  const stream = random(1, 'test/photograph');
  const [columns, rows] = [Math.ceil(width / 12) + 1, Math.ceil(height / 12) + 1];
  const coarse = Uint8Array.from({ length: columns * rows * 3 }, () => stream.integer(256));
  const soft = await sharp(coarse, { raw: { width: columns, height: rows, channels: 3 } })
    .resize(width, height, { fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer();
  for (let i = 0; i < soft.length; i++)
    soft[i] = Math.max(0, Math.min(255, soft[i] + stream.integer(17) - 8));
  return soft;
}

function scaled(pixels: Uint8Array, from: ImageSize, to: ImageSize, rowsAtOnce: number): Uint8Array {
  const four = new Uint8Array(from.width * from.height * FOUR).fill(255);
  for (let i = 0; i < from.width * from.height; i++) four.set(pixels.subarray(i * 3, i * 3 + 3), i * FOUR);
  const scaling = scaler(from, to);
  const strip = rowsAtOnce * from.width * FOUR;
  for (let start = 0; start < four.length; start += strip) scaling.add(four.subarray(start, start + strip));
  return scaling.finish();
}

function differences(actual: Uint8Array, expected: Uint8Array): { mean: number; largest: number } {
  const all = Array.from(actual, (value, i) => Math.abs(value - expected[i]));
  return { mean: all.reduce((sum, each) => sum + each, 0) / all.length, largest: Math.max(...all) };
}

describe('scaler agrees with sharp', () => {
  it.each<[string, ImageSize, ImageSize]>([
    ['to a third', { width: 96, height: 96 }, { width: 32, height: 32 }],
    ['a little', { width: 40, height: 36 }, { width: 32, height: 32 }],
    ['a photograph', { width: 640, height: 427 }, { width: 32, height: 32 }],
    ['one that blocks do not divide', { width: 531, height: 389 }, { width: 64, height: 48 }],
    ['larger', { width: 20, height: 25 }, { width: 64, height: 64 }],
    ['wider and lower', { width: 24, height: 200 }, { width: 32, height: 32 }],
  ])('%s', async (_, from, to) => {
    const pixels = await photograph(from);
    const expected = await sharp(pixels, { raw: { ...from, channels: 3 } })
      .resize(to.width, to.height, { fit: 'fill', kernel: 'lanczos3' })
      .raw()
      .toBuffer();
    const { mean, largest } = differences(scaled(pixels, from, to, from.height), expected);
    expect(mean).toBeLessThan(0.6);
    // Where filtering overshoots, sharp cuts off after each axis.
    expect(largest).toBeLessThanOrEqual(6);
  });
});

it('keeps an image that has the size, and gives the same by strips', async () => {
  const size = { width: 33, height: 21 };
  const pixels = await photograph(size);
  expect(scaled(pixels, size, size, 5)).toEqual(new Uint8Array(pixels));
  const from = { width: 200, height: 150 };
  const large = await photograph(from);
  expect(scaled(large, from, size, 7)).toEqual(scaled(large, from, size, 150));
});
