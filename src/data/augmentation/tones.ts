import type { ImageShape } from '../dataset.ts';
import { clamped } from './color.ts';

/** Replaces every value of one channel of the image that begins at `start` by its entry in a table of 256. */
function look(
  pixels: Uint8Array,
  start: number,
  shape: ImageShape,
  channel: number,
  table: Uint8Array,
): void {
  const end = start + shape.height * shape.width * shape.channels;
  for (let i = start + channel; i < end; i += shape.channels) pixels[i] = table[pixels[i]];
}

function lookAll(
  pixels: Uint8Array,
  start: number,
  shape: ImageShape,
  entry: (value: number) => number,
): void {
  const table = Uint8Array.from({ length: 256 }, (_, value) => entry(value));
  for (let c = 0; c < shape.channels; c++) look(pixels, start, shape, c, table);
}

/** Keeps the highest bits of every value, 1 to 8 of them. */
export function posterize(pixels: Uint8Array, start: number, shape: ImageShape, bits: number): void {
  const kept = 0xff & ~(2 ** (8 - bits) - 1);
  lookAll(pixels, start, shape, (value) => value & kept);
}

/** Turns every value from the threshold up into its negative. */
export function solarize(pixels: Uint8Array, start: number, shape: ImageShape, threshold: number): void {
  lookAll(pixels, start, shape, (value) => (value < threshold ? value : 255 - value));
}

/** Stretches each channel so that its darkest value becomes 0 and its lightest 255. */
export function autoContrast(pixels: Uint8Array, start: number, shape: ImageShape): void {
  for (let c = 0; c < shape.channels; c++) {
    const counts = histogram(pixels, start, shape, c);
    const darkest = counts.findIndex((count) => count > 0);
    const lightest = counts.findLastIndex((count) => count > 0);
    if (lightest === darkest) continue;
    const scale = 255 / (lightest - darkest);
    const table = Uint8Array.from({ length: 256 }, (_, value) => clamped((value - darkest) * scale));
    look(pixels, start, shape, c, table);
  }
}

/** Spreads the values of each channel so that all are about equally frequent. */
export function equalize(pixels: Uint8Array, start: number, shape: ImageShape): void {
  for (let c = 0; c < shape.channels; c++) {
    const counts = histogram(pixels, start, shape, c);
    const others = shape.height * shape.width - counts[counts.findLastIndex((count) => count > 0)];
    if (others === 0) continue;
    const table = new Uint8Array(256);
    let below = 0;
    for (let value = 0; value < 256; value++) {
      table[value] = clamped((255 * below) / others);
      below += counts[value];
    }
    look(pixels, start, shape, c, table);
  }
}

function histogram(pixels: Uint8Array, start: number, shape: ImageShape, channel: number): Uint32Array {
  const counts = new Uint32Array(256);
  const end = start + shape.height * shape.width * shape.channels;
  for (let i = start + channel; i < end; i += shape.channels) counts[pixels[i]]++;
  return counts;
}

/**
 * Distance of every pixel from a smoothed image (3 × 3, the centre five times as heavy), times `factor`: below 1 it
 * blurs, above 1 it sharpens. The outermost pixels stay.
 */
export function sharpen(
  pixels: Uint8Array,
  start: number,
  { height, width, channels }: ImageShape,
  factor: number,
): void {
  const row = width * channels;
  const before = pixels.slice(start, start + height * row);
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * row + channels; i < (y + 1) * row - channels; i++) {
      let sum = 4 * before[i];
      for (let line = i - row; line <= i + row; line += row) {
        sum += before[line - channels] + before[line] + before[line + channels];
      }
      const smooth = sum / 13;
      pixels[start + i] = clamped(smooth + factor * (before[i] - smooth));
    }
  }
}
