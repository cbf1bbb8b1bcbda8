import sharp from 'sharp';
import { expect, it } from 'vitest';
import { rgbTiff } from './rgb-tiff.ts';

it.each([3, 4] as const)(
  'is what libvips makes of the same pixels and profile, with %i channels',
  async (channels) => {
    const [width, height] = [5, 3];
    const data = Uint8Array.from({ length: width * height * channels }, (_, i) =>
      channels === 4 && i % 4 === 3 ? 255 : (i * 53) % 256,
    );
    const png = sharp(data, { raw: { width, height, channels } }).withIccProfile('p3').png();
    const { icc } = await sharp(await png.toBuffer()).metadata();
    const file = rgbTiff({ width, height, channels, data }, icc!);
    const header = await sharp(file).metadata();
    expect([header.format, header.width, header.height, header.channels]).toEqual([
      'tiff',
      width,
      height,
      channels,
    ]);
    expect(header.icc!.equals(icc!)).toBe(true);
    const stored = await sharp(file, { ignoreIcc: true }).raw().toBuffer();
    expect(new Uint8Array(stored)).toEqual(data);
    // Green of Display P3 is greener than any of sRGB.
    const green = rgbTiff({ width: 1, height: 1, channels: 3, data: Uint8Array.of(0, 200, 0) }, icc!);
    const [red, , blue] = await sharp(green).toColourspace('srgb').removeAlpha().raw().toBuffer();
    expect([red, blue]).toEqual([0, 0]);
    const grey = rgbTiff({ width: 1, height: 1, channels: 3, data: Uint8Array.of(120, 90, 60) }, icc!);
    const [r, g, b] = await sharp(grey).toColourspace('srgb').removeAlpha().raw().toBuffer();
    expect([r - 120, g - 90, b - 60].map(Math.sign)).toEqual([1, -1, -1]);
  },
);
