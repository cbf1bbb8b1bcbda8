import { describe, expect, it } from 'vitest';
import { samplesToBytes } from '../../../data/sample-range.ts';
import { decodeImage } from './decode.ts';

const SHAPE = { height: 2, width: 2, channels: 3 };

interface Tag {
  readonly tag: number;
  readonly values: readonly number[];
}

/** A TIFF of 2 × 2 pixels, uncompressed, little-endian (TIFF 6.0, §2). */
function tiff(samples: Uint8Array, tags: readonly Tag[]): Uint8Array {
  const entries = [
    { tag: 256, values: [2] },
    { tag: 257, values: [2] },
    { tag: 259, values: [1] },
    { tag: 273, values: [8] },
    { tag: 278, values: [2] },
    { tag: 279, values: [samples.length] },
    ...tags,
  ].sort((a, b) => a.tag - b.tag);
  const directory = 8 + samples.length;
  let extra = directory + 2 + 12 * entries.length + 4;
  const bytes = new Uint8Array(extra + 16 * entries.length);
  const data = new DataView(bytes.buffer);
  bytes.set([0x49, 0x49, 42, 0]);
  data.setUint32(4, directory, true);
  bytes.set(samples, 8);
  data.setUint16(directory, entries.length, true);
  for (const [i, { tag, values }] of entries.entries()) {
    const at = directory + 2 + 12 * i;
    data.setUint16(at, tag, true);
    data.setUint16(at + 2, 3, true);
    data.setUint32(at + 4, values.length, true);
    const place = values.length > 2 ? extra : at + 8;
    if (values.length > 2) data.setUint32(at + 8, extra, true);
    for (const [k, value] of values.entries()) data.setUint16(place + 2 * k, value, true);
    if (values.length > 2) extra += 16;
  }
  return bytes;
}

/** The same as a BigTIFF: counts and places have 8 bytes. */
function bigTiff(samples: Uint8Array, tags: readonly Tag[]): Uint8Array {
  const entries = [
    { tag: 256, values: [2] },
    { tag: 257, values: [2] },
    { tag: 259, values: [1] },
    { tag: 273, values: [16] },
    { tag: 278, values: [2] },
    { tag: 279, values: [samples.length] },
    ...tags,
  ].sort((a, b) => a.tag - b.tag);
  const directory = 16 + samples.length;
  const bytes = new Uint8Array(directory + 8 + 20 * entries.length + 8);
  const data = new DataView(bytes.buffer);
  bytes.set([0x49, 0x49, 43, 0, 8, 0]);
  data.setBigUint64(8, BigInt(directory), true);
  bytes.set(samples, 16);
  data.setBigUint64(directory, BigInt(entries.length), true);
  for (const [i, { tag, values }] of entries.entries()) {
    const at = directory + 8 + 20 * i;
    data.setUint16(at, tag, true);
    data.setUint16(at + 2, 3, true);
    data.setBigUint64(at + 4, BigInt(values.length), true);
    for (const [k, value] of values.entries()) data.setUint16(at + 12 + 2 * k, value, true);
  }
  return bytes;
}

/** Tags of samples of so many bits each. */
const colors = (bits: readonly number[], photometric: number): Tag[] => [
  { tag: 258, values: bits },
  { tag: 262, values: [photometric] },
  { tag: 277, values: [bits.length] },
];

const grey = (samples: Uint8Array, bits: number, format: number) =>
  tiff(samples, [
    { tag: 258, values: [bits] },
    { tag: 262, values: [1] },
    { tag: 277, values: [1] },
    { tag: 339, values: [format] },
  ]);
const bytesOf = (values: Float32Array | Uint16Array) => new Uint8Array(values.buffer);
const firsts = (pixels: Uint8Array) => [0, 3, 6, 9].map((i) => pixels[i]);

describe('TIFF', () => {
  it.each<[string, Uint8Array, number[]]>([
    ['float from 0 to 1', grey(bytesOf(Float32Array.of(0, 0.2, 0.9, 1)), 32, 3), [0, 51, 229, 255]],
    ['float from 0 to 255', grey(bytesOf(Float32Array.of(0, 51, 230, 255)), 32, 3), [0, 51, 230, 255]],
    ['float of any range', grey(bytesOf(Float32Array.of(-10, 0, 5, 10)), 32, 3), [0, 128, 191, 255]],
    ['12 bits in 16', grey(bytesOf(Uint16Array.of(0, 819, 3276, 4095)), 16, 1), [0, 51, 204, 255]],
    ['16 bits', grey(bytesOf(Uint16Array.of(0, 13_107, 52_428, 65_535)), 16, 1), [0, 51, 204, 255]],
    ['float a little above 1', grey(bytesOf(Float32Array.of(0, 0.2, 0.9, 1.02)), 32, 3), [0, 51, 229, 255]],
    [
      'float with a number for missing samples',
      grey(bytesOf(Float32Array.of(-9999, 0.2, 0.9, 1)), 32, 3),
      [0, 51, 229, 255],
    ],
    [
      'float with the least number for missing samples',
      grey(bytesOf(Float32Array.of(-3.4e38, 51, 230, 255)), 32, 3),
      [0, 51, 230, 255],
    ],
  ])('%s', async (_, bytes, expected) => {
    expect(firsts(await decodeImage(bytes, SHAPE))).toEqual(expected);
  });

  it.each<[string, number, number, (samples: Uint8Array, tags: readonly Tag[]) => Uint8Array]>([
    ['a fourth channel that is no opacity', 0, 40, tiff],
    ['one of a BigTIFF', 0, 40, bigTiff],
    ['unassociated opacity', 2, 255 - 0.2 * 215, tiff],
  ])('%s', async (_, extra, expected, write) => {
    const samples = Uint8Array.from({ length: 16 }, (_, i) => (i % 4 === 3 ? 51 : 40));
    const bytes = write(samples, [...colors([8, 8, 8, 8], 2), { tag: 338, values: [extra] }]);
    const pixels = await decodeImage(bytes, SHAPE);
    expect(
      [...pixels].every((value) => Math.abs(value - expected) <= 1),
      `${pixels}`,
    ).toBe(true);
  });

  it('several bands, declared to be grey and others, are colours', async () => {
    const samples = Uint8Array.from({ length: 16 }, (_, i) => [200, 100, 50, 7][i % 4]);
    const bytes = tiff(samples, [...colors([8, 8, 8, 8], 1), { tag: 338, values: [0, 0, 0] }]);
    expect([...(await decodeImage(bytes, SHAPE)).subarray(0, 6)]).toEqual([200, 100, 50, 200, 100, 50]);
  });

  it('CMYK with a further ink is named', async () => {
    const bytes = tiff(new Uint8Array(20), [...colors([8, 8, 8, 8, 8], 5), { tag: 338, values: [0] }]);
    await expect(decodeImage(bytes, SHAPE, 'x.tif')).rejects.toThrow(
      /^x\.tif: this kind of TIFF is not read \(CMYK with 5 samples\)/,
    );
  });

  it('BigTIFF: float, and CIELAB', async () => {
    const float = bigTiff(bytesOf(Float32Array.of(0, 0.2, 0.9, 1)), [
      ...colors([32], 1),
      { tag: 339, values: [3] },
    ]);
    expect(firsts(await decodeImage(float, SHAPE))).toEqual([0, 51, 229, 255]);
    const lab = Uint8Array.from({ length: 12 }, (_, i) => (i % 3 === 0 ? 136 : 0));
    const pixels = await decodeImage(bigTiff(lab, colors([8, 8, 8], 8)), SHAPE);
    expect([...pixels].every((value) => Math.abs(value - 127) <= 1)).toBe(true);
  });

  it('CIELAB, against values worked out from the standard', async () => {
    // L* of 0–255; a* and b* signed. Red, white, black and a grey.
    const samples = Uint8Array.of(139, 81, 70, 255, 0, 0, 0, 0, 0, 136, 0, 0);
    const bytes = tiff(samples, [
      { tag: 258, values: [8, 8, 8] },
      { tag: 262, values: [8] },
      { tag: 277, values: [3] },
    ]);
    const pixels = await decodeImage(bytes, SHAPE);
    // sRGB's red is L* 54.3, a* 80.8, b* 69.9 under D50; L* 53.4 without colour is 127 of 255.
    expect(Math.abs(pixels[0] - 255) + pixels[1] + pixels[2]).toBeLessThan(12);
    expect([...pixels.subarray(3, 9)]).toEqual([255, 255, 255, 0, 0, 0]);
    expect([...pixels.subarray(9)].every((value) => Math.abs(value - 127) <= 1)).toBe(true);
  });

  it('with 64 bits a sample is named', async () => {
    const bytes = grey(new Uint8Array(32), 64, 3);
    await expect(decodeImage(bytes, SHAPE, 'x.tif')).rejects.toThrow(
      /^x\.tif: this kind of TIFF is not read \(64 bits a sample\)/,
    );
  });
});

it('a HEIC photo is called one, always alike, whatever its name', async () => {
  const bytes = new Uint8Array(64);
  bytes.set([0, 0, 0, 24], 0);
  bytes.set(new TextEncoder().encode('ftypheic\0\0\0\0mif1heic'), 4);
  const messages = await Promise.all(
    [1, 2].map(() => decodeImage(bytes, SHAPE, 'photo.jpg').catch((error) => error.message)),
  );
  expect(messages[0]).toMatch(/^photo\.jpg: this is a HEIC photo, which is not read.*heif-convert/);
  expect(messages[1]).toBe(messages[0]);
});

describe('BMP', () => {
  /** 2 × 2 from the bottom up: blue, green; red, white. */
  function bmp(
    bits: number,
    rows: readonly number[],
    more: readonly number[] = [],
    compression = 0,
  ): Uint8Array {
    const start = 54 + more.length;
    const bytes = new Uint8Array(start + rows.length);
    const data = new DataView(bytes.buffer);
    bytes.set([0x42, 0x4d]);
    data.setUint32(2, bytes.length, true);
    data.setUint32(10, start, true);
    data.setUint32(14, 40, true);
    data.setInt32(18, 2, true);
    data.setInt32(22, 2, true);
    data.setUint16(26, 1, true);
    data.setUint16(28, bits, true);
    data.setUint32(30, compression, true);
    bytes.set(more, 54);
    bytes.set(rows, start);
    return bytes;
  }
  const palette = [255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0, 255, 255, 255, 0];
  const fields = [0, 0xf8, 0, 0, 0xe0, 7, 0, 0, 0x1f, 0, 0, 0];
  const alphaFields = [0, 0, 0xff, 0, 0, 0xff, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0xff];
  it.each<[string, Uint8Array]>([
    ['24 bits', bmp(24, [255, 0, 0, 0, 255, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0])],
    ['32 bits', bmp(32, [255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0, 255, 255, 255, 0])],
    ['8 bits', bmp(8, [0, 1, 0, 0, 2, 3, 0, 0], palette)],
    ['4 bits', bmp(4, [0x01, 0, 0, 0, 0x23, 0, 0, 0], palette)],
    ['16 bits in fields', bmp(16, [0x1f, 0, 0xe0, 7, 0, 0xf8, 0xff, 0xff], fields, 3)],
    [
      '32 bits with transparency that is 0 everywhere',
      bmp(32, [255, 0, 0, 0, 0, 255, 0, 0, 0, 0, 255, 0, 255, 255, 255, 0], alphaFields, 6),
    ],
    ['run lengths of 8 bits', bmp(8, [1, 0, 1, 1, 0, 0, 1, 2, 1, 3, 0, 1], palette, 1)],
    ['run lengths of 4 bits', bmp(4, [2, 0x01, 0, 0, 2, 0x23, 0, 1], palette, 2)],
  ])('%s', async (_, bytes) => {
    expect([...(await decodeImage(bytes, SHAPE))]).toEqual([255, 0, 0, 255, 255, 255, 0, 0, 255, 0, 255, 0]);
  });

  it('that is cut off', async () => {
    const bytes = bmp(24, [255, 0, 0]);
    await expect(decodeImage(bytes, SHAPE, 'x.bmp')).rejects.toThrow(
      /x\.bmp: the BMP image cannot be read \(it ends too early\)/,
    );
  });
});

it('samples: transparency has its own white, and NaN is black', () => {
  expect([...samplesToBytes(Float32Array.of(0.5, 1, Number.NaN, 0), 2, 'float')]).toEqual([128, 255, 0, 0]);
  expect([...samplesToBytes(Float32Array.of(4095, 65_535), 2, 'ushort')]).toEqual([255, 255]);
});
