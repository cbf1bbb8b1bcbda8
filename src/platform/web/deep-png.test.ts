import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { deepSamples } from './deep-png.ts';

const [WIDTH, HEIGHT] = [13, 11];

describe('samples of a PNG of 16 bits', () => {
  it.each([
    ['grey', 1, false],
    ['colours', 3, false],
    ['colours, interlaced', 3, true],
    ['colours and opacity', 4, false],
  ] as const)('%s', async (_, channels, progressive) => {
    const samples = Uint16Array.from({ length: WIDTH * HEIGHT * channels }, (_, i) => (i * i * 31) % 4096);
    const png = await sharp(samples, { raw: { width: WIDTH, height: HEIGHT, channels } })
      .toColourspace(channels === 1 ? 'grey16' : 'rgb16')
      .png({ progressive, adaptiveFiltering: true })
      .toBuffer();
    expect(png[24]).toBe(16);
    const { width, height, channels: found, values } = (await deepSamples(Uint8Array.from(png)))!;
    expect([width, height, found]).toEqual([WIDTH, HEIGHT, channels]);
    expect(values).toEqual(samples);
  });

  it('are not there where it is damaged', async () => {
    const png = await sharp(new Uint16Array(9), { raw: { width: 3, height: 3, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    const at = png.indexOf('IDAT') + 4;
    expect(await deepSamples(Uint8Array.from(png.fill(0xff, at, at + 8)))).toBeUndefined();
  });
});
