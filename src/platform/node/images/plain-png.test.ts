import sharp, { type PngOptions, type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { random as randomStream } from '../../../data/random.ts';
import { decodePlainPng } from './plain-png.ts';

const shape = { height: 12, width: 20, channels: 3 };
const random = randomStream(1, 'test/plain-png');

/** An image of `channels` with smooth parts and noise, so that every row filter has its use. */
function image(channels: 1 | 3 = 3, { height, width } = shape): Sharp {
  const pixels = Uint8Array.from({ length: height * width * channels }, (_, i) => {
    const [x, y] = [Math.floor(i / channels) % width, Math.floor(i / channels / width)];
    return (x < width / 2 ? 9 * x + 5 * y : 256 * random.uniform()) % 256;
  });
  const image = sharp(pixels, { raw: { width, height, channels } });
  return channels === 1 ? image.toColourspace('b-w') : image;
}

/** What libvips makes of it. */
const reference = async (bytes: Uint8Array) =>
  new Uint8Array(
    await sharp(bytes, { failOn: 'error' }).toColourspace('srgb').raw({ depth: 'uchar' }).toBuffer(),
  );

describe('decodePlainPng', () => {
  it.each<PngOptions>([
    { compressionLevel: 0 },
    { compressionLevel: 9, adaptiveFiltering: true },
    { compressionLevel: 6, adaptiveFiltering: false },
  ])('gives the pixels that libvips gives (%o)', async (options) => {
    const bytes = await image().png(options).toBuffer();
    expect(decodePlainPng(bytes, shape)).toEqual(await reference(bytes));
  });

  it('gives a grey image three equal channels', async () => {
    const bytes = await image(1).png().toBuffer();
    const expected = await reference(bytes);
    expect(expected).toHaveLength(12 * 20 * 3);
    expect(decodePlainPng(bytes, shape)).toEqual(expected);
  });

  it.each<[string, () => Sharp]>([
    ['of another size', () => image(3, { ...shape, width: 21 }).png()],
    ['with a palette', () => image().png({ palette: true })],
    ['of 16 bits', () => image().toColourspace('rgb16').png()],
    ['that is interlaced', () => image().png({ progressive: true })],
    ['with transparency', () => image().ensureAlpha(0.5).png()],
    ['with an orientation', () => image().withMetadata({ orientation: 6 }).png()],
    ['with a colour profile', () => image().withIccProfile('p3').png()],
    ['that is a JPEG', () => image().jpeg()],
  ])('leaves an image %s to libvips', async (_, image) => {
    expect(decodePlainPng(await image().toBuffer(), shape)).toBeUndefined();
  });

  it('leaves damaged files to libvips: what it reads, libvips reads alike', async () => {
    const whole = await image().png().toBuffer();
    let [read, refused] = [0, 0];
    for (let trial = 0; trial < 2000; trial++) {
      const bytes = Buffer.from(whole.subarray(0, trial % 3 ? whole.length : random.integer(whole.length)));
      for (let hits = trial % 3; hits > 0; hits--)
        bytes[random.integer(bytes.length)] ^= 1 << random.integer(8);
      const pixels = decodePlainPng(bytes, shape);
      if (!pixels) refused++;
      else {
        read++;
        expect(pixels).toEqual(await reference(bytes));
      }
    }
    // Two hits on the same bit undo each other, which is rare.
    expect(refused).toBeGreaterThan(1900);
    expect(read + refused).toBe(2000);
  });

  it('leaves a large image to libvips', async () => {
    const large = { height: 128, width: 129, channels: 3 };
    expect(decodePlainPng(await image(3, large).png().toBuffer(), large)).toBeUndefined();
    const most = { ...large, width: 128 };
    const bytes = await image(3, most).png().toBuffer();
    expect(decodePlainPng(bytes, most)).toEqual(await reference(bytes));
  });

  it('inflates no more than an image needs', async () => {
    const large = await sharp({ create: { width: 4000, height: 4000, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    // It says that it is small.
    large.writeUInt32BE(shape.width, 16);
    large.writeUInt32BE(shape.height, 20);
    expect(large.length).toBeGreaterThan(12 * 20 * 3);
    expect(decodePlainPng(large, shape)).toBeUndefined();
  });
});
