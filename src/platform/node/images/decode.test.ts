import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeImage } from './decode.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-decode-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const square = (size: number) => ({ height: size, width: size, channels: 3 });

/** An image of four flat quarters: red, green / blue, white. */
function quarters(size = 32): Sharp {
  const pixels = new Uint8Array(size * size * 3);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++)
      pixels.set(COLOURS[(y < size / 2 ? 0 : 2) + (x < size / 2 ? 0 : 1)], 3 * (y * size + x));
  }
  return sharp(pixels, { raw: { width: size, height: size, channels: 3 } });
}
const COLOURS = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [255, 255, 255],
];

/** The colours in the middle of the four quarters of a decoded square. */
function corners(pixels: Uint8Array, size: number): number[][] {
  const [low, high] = [Math.floor(size / 4), Math.floor((3 * size) / 4)];
  return [
    [low, low],
    [low, high],
    [high, low],
    [high, high],
  ].map(([y, x]) => [...pixels.subarray(3 * (y * size + x), 3 * (y * size + x) + 3)]);
}

function expectColours(actual: number[][], expected: number[][], tolerance: number) {
  actual.flat().forEach((value, i) => {
    expect(Math.abs(value - expected.flat()[i]), `colours ${JSON.stringify(actual)}`).toBeLessThanOrEqual(
      tolerance,
    );
  });
}

describe('decodeImage', () => {
  it.each<[string, Sharp, number]>([
    ['PNG', quarters().png(), 0],
    ['palette PNG', quarters().png({ palette: true, colours: 4 }), 0],
    ['16-bit PNG', quarters().toColourspace('rgb16').png(), 0],
    ['interlaced PNG', quarters().png({ progressive: true }), 0],
    ['JPEG', quarters().jpeg({ quality: 95, chromaSubsampling: '4:4:4' }), 4],
    ['progressive JPEG', quarters().jpeg({ quality: 95, progressive: true, chromaSubsampling: '4:4:4' }), 4],
    ['WebP', quarters().webp({ quality: 95 }), 6],
    ['lossless WebP', quarters().webp({ lossless: true }), 0],
    ['AVIF', quarters().avif({ quality: 90, chromaSubsampling: '4:4:4' }), 8],
    ['GIF', quarters().gif(), 0],
    ['TIFF', quarters().tiff({ compression: 'lzw' }), 0],
    ['16-bit TIFF', quarters().toColourspace('rgb16').tiff({ compression: 'none' }), 0],
  ])('reads %s', async (_, image, tolerance) => {
    const pixels = await decodeImage(await image.toBuffer(), square(32));
    expect(pixels).toHaveLength(32 * 32 * 3);
    expectColours(corners(pixels, 32), COLOURS, tolerance);
  });

  it('reads CMYK as sRGB', async () => {
    const bytes = await quarters()
      .toColourspace('cmyk')
      .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
      .toBuffer();
    expect((await sharp(bytes).metadata()).space).toBe('cmyk');
    // Print inks cannot show the pure colours: they stay the strongest of their pixel.
    const [red, green, blue, white] = corners(await decodeImage(bytes, square(32)), 32);
    expect(red[0]).toBeGreaterThan(Math.max(red[1], red[2]));
    expect(green[1]).toBeGreaterThan(Math.max(green[0], green[2]));
    expect(blue[2]).toBeGreaterThan(Math.max(blue[0], blue[1]));
    expectColours([white], [[255, 255, 255]], 4);
  });

  it.each<[string, (image: Sharp) => Sharp, number]>([
    ['16-bit PNG', (image) => image.toColourspace('rgb16').png(), 0],
    ['16-bit TIFF', (image) => image.toColourspace('rgb16').tiff({ compression: 'none' }), 0],
    ['AVIF of 10 bits', (image) => image.avif({ bitdepth: 10, quality: 98, chromaSubsampling: '4:4:4' }), 3],
    ['PNG', (image) => image.png(), 0],
  ])('reads a %s with a colour profile in sRGB, transparent or not', async (_, encode, tolerance) => {
    const color = { r: 230, g: 20, b: 20 };
    const create = { width: 8, height: 8, channels: 4 as const, background: { ...color, alpha: 1 } };
    const half = { ...create, background: { ...color, alpha: 0.5 } };
    const opaque = sharp({ create }).removeAlpha().withIccProfile('srgb');
    const decoded = async (image: Sharp) => await decodeImage(await encode(image).toBuffer(), square(8));
    expectColours([[...(await decoded(opaque)).subarray(0, 3)]], [[230, 20, 20]], tolerance);
    const clear = sharp({ create: half }).withIccProfile('srgb');
    expectColours([[...(await decoded(clear)).subarray(0, 3)]], [[242, 137, 137]], tolerance + 2);
  });

  it.each([
    ['grey PNG', 'b-w', 0],
    ['16-bit grey PNG', 'grey16', 1],
  ])('reads %s as three equal channels', async (_, space, tolerance) => {
    const ramp = Uint8Array.from({ length: 64 }, (_, i) => 4 * i);
    const image = sharp(ramp, { raw: { width: 8, height: 8, channels: 1 } }).toColourspace(space);
    const bytes = await image.png().toBuffer();
    expect((await sharp(bytes).metadata()).channels).toBe(1);
    const pixels = await decodeImage(bytes, square(8));
    pixels.forEach((value, i) => {
      expect(Math.abs(value - ramp[Math.floor(i / 3)])).toBeLessThanOrEqual(tolerance);
    });
  });

  it.each([
    ['stretched', undefined],
    ['cropped', { resize: 'crop', cropFraction: 0.8, interpolation: 'bicubic' } as const],
  ])('gives one channel of brightness, %s', async (_, preprocessing) => {
    const shape = { height: 4, width: 4, channels: 1, ...(preprocessing && { preprocessing }) };
    const colours = await decodeImage(await quarters().png().toBuffer(), { ...shape, channels: 3 });
    const grey = await decodeImage(await quarters().png().toBuffer(), shape);
    expect(grey).toHaveLength(4 * 4);
    grey.forEach((value, i) => {
      const [red, green, blue] = colours.subarray(3 * i);
      expect(Math.abs(value - (0.299 * red + 0.587 * green + 0.114 * blue))).toBeLessThanOrEqual(0.5 + 1e-9);
    });
    const ramp = Uint8Array.from({ length: 256 }, (_, i) => i);
    const own = sharp(ramp, { raw: { width: 16, height: 16, channels: 1 } }).toColourspace('b-w');
    expect([...(await decodeImage(await own.png().toBuffer(), { ...square(16), channels: 1 }))]).toEqual([
      ...ramp,
    ]);
  });

  it.each([
    { height: 8, width: Number.NaN, channels: 3 },
    { height: 0, width: 8, channels: 3 },
    { height: 8, width: 8, channels: 4 },
  ])('refuses the shape %o', async (shape) => {
    await expect(decodeImage(await quarters().png().toBuffer(), shape)).rejects.toThrow(
      'decodeImage: this is no shape of images: expected height and width',
    );
  });

  it('makes transparent parts white', async () => {
    const half = await sharp({
      create: { width: 4, height: 4, channels: 4, background: { r: 200, g: 0, b: 0, alpha: 0.5 } },
    })
      .png()
      .toBuffer();
    const pixels = await decodeImage(half, square(4));
    expectColours([[...pixels.subarray(0, 3)]], [[227, 127, 127]], 2);
    const clear = await quarters().ensureAlpha(0).png().toBuffer();
    expect((await decodeImage(clear, square(4))).every((value) => value === 255)).toBe(true);
  });

  // EXIF orientations 1 to 8: which quarter of the stored image is shown at top left, top right, and so on.
  it.each([
    [1, [0, 1, 2, 3]],
    [2, [1, 0, 3, 2]],
    [3, [3, 2, 1, 0]],
    [4, [2, 3, 0, 1]],
    [5, [0, 2, 1, 3]],
    [6, [2, 0, 3, 1]],
    [7, [3, 1, 2, 0]],
    [8, [1, 3, 0, 2]],
  ])('turns EXIF orientation %i upright', async (orientation, order) => {
    const bytes = await quarters()
      .withMetadata({ orientation })
      .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
      .toBuffer();
    const pixels = await decodeImage(bytes, square(32));
    expectColours(
      corners(pixels, 32),
      order.map((quarter) => COLOURS[quarter]),
      4,
    );
  });

  it('keeps the exact pixels of an image of the right size', async () => {
    const pixels = Uint8Array.from({ length: 16 * 12 * 3 }, (_, i) => (i * 7919) % 256);
    const bytes = await sharp(pixels, { raw: { width: 16, height: 12, channels: 3 } })
      .png()
      .toBuffer();
    const decoded = await decodeImage(bytes, { height: 12, width: 16, channels: 3 });
    expect(Buffer.from(decoded).equals(pixels)).toBe(true);
  });

  it('scales the whole image, whatever its aspect', async () => {
    const wide = await quarters(64).resize(128, 32, { fit: 'fill' }).png().toBuffer();
    expectColours(corners(await decodeImage(wide, square(16)), 16), COLOURS, 2);
    const tiny = await quarters(2).png().toBuffer();
    const pixels = await decodeImage(tiny, square(16));
    expectColours([[...pixels.subarray(0, 3)], [...pixels.subarray(-3)]], [COLOURS[0], COLOURS[3]], 40);
  });

  it('takes the first frame of an animation', async () => {
    const frames = await Promise.all(
      COLOURS.map(([r, g, b]) =>
        sharp({ create: { width: 8, height: 8, channels: 3, background: { r, g, b } } })
          .png()
          .toBuffer(),
      ),
    );
    const bytes = await sharp(frames, { join: { animated: true } })
      .gif({ delay: 100 })
      .toBuffer();
    expect((await sharp(bytes).metadata()).pages).toBe(4);
    expectColours([[...(await decodeImage(bytes, square(8))).subarray(0, 3)]], [COLOURS[0]], 0);
  });

  it('reads from a file, and says which', async () => {
    const path = join(folder, 'good.png');
    await quarters().png().toFile(path);
    expect(await decodeImage(path, square(8))).toHaveLength(192);
  });
});

describe('what is no usable image', () => {
  const refusal = async (source: string | Uint8Array, where?: string) => {
    const error = await decodeImage(source, square(8), where).catch((e) => e);
    expect(error).toMatchObject({ name: 'HarrierError' });
    return error;
  };

  it('a text file, whatever it is called', async () => {
    const path = join(folder, 'cat.jpg');
    await writeFile(path, 'This is a text about cats.');
    const error = await refusal(path);
    expect(error.code).toBe('bad-data');
    expect(error.message).toContain(path);
    expect(error.message).toMatch(
      /not an image: expected PNG, JPEG, WebP, AVIF, GIF, TIFF or BMP, received text beginning "This is a text about cat/,
    );
  });

  it('an empty file, a drawing, noise', async () => {
    expect((await refusal(new Uint8Array(0), 'a.png')).message).toMatch(
      /^a\.png: not an image.*an empty file/,
    );
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>';
    expect((await refusal(Buffer.from(svg))).message).toMatch(/not an image.*received svg/);
    expect((await refusal(Uint8Array.from([0, 200, 3, 255]))).message).toMatch(/bytes beginning 00 c8 03 ff/);
  });

  it.each([
    ['PNG', (image: Sharp) => image.png()],
    ['JPEG', (image: Sharp) => image.jpeg()],
    ['WebP', (image: Sharp) => image.webp()],
    ['AVIF', (image: Sharp) => image.avif()],
    ['GIF', (image: Sharp) => image.gif()],
    ['TIFF', (image: Sharp) => image.tiff()],
  ])('a %s cut off in the middle', async (_, encode) => {
    const noise = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * i * 7919) % 251);
    const image = sharp(noise, { raw: { width: 64, height: 64, channels: 3 } });
    const bytes = await encode(image).toBuffer();
    for (const fraction of [0.4, 0.9]) {
      const error = await refusal(bytes.subarray(0, Math.floor(bytes.length * fraction)), 'cut');
      expect(error.code).toBe('bad-data');
      expect(error.message).toMatch(/^cut: the image is damaged or cut off \(.+\)\. Replace the file/);
    }
  });

  it('a JPEG whose second half is zeros, as broken copies leave it', async () => {
    const noise = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * i * 7919) % 251);
    const bytes = await sharp(noise, { raw: { width: 64, height: 64, channels: 3 } })
      .jpeg()
      .toBuffer();
    expect((await refusal(bytes.fill(0, bytes.length >> 1))).message).toMatch(/damaged or cut off/);
  });

  it('a PNG with a bit changed', async () => {
    const bytes = await quarters().png({ compressionLevel: 0 }).toBuffer();
    bytes[500] ^= 0x10;
    expect((await refusal(bytes)).message).toMatch(/damaged or cut off/);
  });

  it('an absurdly large one, without decoding it', async () => {
    const error = await refusal(hugePng(40_000, 40_000), 'huge.png');
    expect(error.message).toMatch(
      /^huge\.png: the image is too large: expected at most 268 megapixels, received 40000 × 40000/,
    );
  });

  it('a missing file and a folder', async () => {
    const missing = await refusal(join(folder, 'none.png'));
    expect([missing.code, missing.message]).toEqual([
      'not-found',
      expect.stringMatching(/none\.png: there is no such file/),
    ]);
    expect((await refusal(folder)).message).toMatch(/this is a folder: expected an image file/);
  });
});

/** A few bytes that claim to be an image of any size. */
function hugePng(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const out = Buffer.alloc(body.length + 8);
    out.writeUInt32BE(data.length);
    body.copy(out, 4);
    out.writeUInt32BE(crc32(body), body.length + 4);
    return out;
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(10))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
