import sharp, { type Metadata } from 'sharp';
import { expect, it } from 'vitest';
import { bytesToDecode, isLarge } from './weight.ts';

const image = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#159' } });

it.each([
  ['a small PNG', () => image(1000, 1000).png(), false],
  ['a PNG of 9 megapixels', () => image(3000, 3000).png(), true],
  ['a JPEG of 9 megapixels, which is scaled down while it is decoded', () => image(3000, 3000).jpeg(), false],
  ['a JPEG of 16 megapixels', () => image(4000, 4000).jpeg(), true],
  ['a small WebP', () => image(100, 100).webp(), false],
  ['a small GIF', () => image(100, 100).gif(), false],
  ['an AVIF, whose size stands in no fixed place', () => image(64, 64).avif({ effort: 0 }), true],
  ['a TIFF', () => image(64, 64).tiff(), true],
])('%s', async (_, draw, expected) => {
  expect(isLarge(await draw().toBuffer())).toBe(expected);
});

it('text is refused by a worker at once', () => {
  expect(isLarge(new TextEncoder().encode('this is no image'))).toBe(false);
  expect(isLarge(new Uint8Array(0))).toBe(false);
});

it('counts AVIF with more than 8 bits as more expensive than with 8, and both than a PNG', async () => {
  const costs = [];
  for (const draw of [
    () => image(100, 100).png(),
    () => image(100, 100).avif({ effort: 0 }),
    () => image(100, 100).avif({ effort: 0, bitdepth: 8 }),
  ]) {
    costs.push(bytesToDecode(await sharp(await draw().toBuffer()).metadata()));
  }
  expect(costs).toEqual([100 * 100 * 10, 100 * 100 * 20, 100 * 100 * 20]);
  const deep = { format: 'heif', width: 100, height: 100, channels: 3, depth: 'ushort' };
  expect(bytesToDecode(deep as Metadata)).toBe(100 * 100 * 28);
});
