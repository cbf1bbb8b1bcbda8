import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { imageDataUri } from './report-images.ts';

/** The pixels of a data URI. */
async function decoded(uri: string) {
  expect(uri).toMatch(/^data:image\/png;base64,/);
  return sharp(Buffer.from(uri.slice(uri.indexOf(',') + 1), 'base64'))
    .raw()
    .toBuffer({ resolveWithObject: true });
}

describe('imageDataUri', () => {
  it('keeps every pixel of a small image', async () => {
    const shape = { height: 5, width: 7, channels: 3 };
    const pixels = Uint8Array.from({ length: 105 }, (_, i) => (i * 37) % 256);
    const { data, info } = await decoded(await imageDataUri(pixels, shape));
    expect(info).toMatchObject({ width: 7, height: 5, channels: 3 });
    expect(new Uint8Array(data)).toEqual(pixels);
  });

  it('reads a view into a larger buffer', async () => {
    const all = Uint8Array.from({ length: 24 }, (_, i) => i * 10);
    const { data } = await decoded(
      await imageDataUri(all.subarray(12), { height: 2, width: 2, channels: 3 }),
    );
    expect(new Uint8Array(data)).toEqual(all.slice(12));
  });

  it('shrinks a large image and keeps its proportions', async () => {
    const shape = { height: 200, width: 400, channels: 3 };
    const { info } = await decoded(await imageDataUri(new Uint8Array(200 * 400 * 3).fill(90), shape));
    expect(info).toMatchObject({ width: 192, height: 96 });
  });

  it('refuses pixels that do not fit', async () => {
    await expect(imageDataUri(new Uint8Array(10), { height: 2, width: 2, channels: 3 })).rejects.toThrow(
      'expected 2 × 2 × 3 values, received 10',
    );
  });
});
