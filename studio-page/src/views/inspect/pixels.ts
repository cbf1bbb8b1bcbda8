import { heatColour } from 'harrier/src/explanation/color-map.ts';
import type { LayerFeatures } from 'harrier/src/explanation/index.ts';

/** Many small images side by side, as one. */
export interface Sheet {
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  /** RGBA; transparent between the images. */
  readonly pixels: Uint8ClampedArray;
}

/** Pixels across that an image has at least, so that the gaps between images stay thin. */
const LEAST_ACROSS = 14;

/**
 * @param color red, green and blue (0–255) of image `i` at a row and a column
 */
export function sheetOf(
  count: number,
  { width, height }: { readonly width: number; readonly height: number },
  columns: number,
  color: (i: number, row: number, column: number) => readonly [number, number, number],
): Sheet {
  const scale = Math.max(1, Math.ceil(LEAST_ACROSS / Math.max(width, height)));
  const gap = Math.max(2, Math.round((scale * Math.max(width, height)) / 12));
  const across = width * scale + gap;
  const down = height * scale + gap;
  const used = Math.min(columns, count);
  const rows = Math.ceil(count / used);
  const sheet = { width: used * across - gap, height: rows * down - gap, columns: used };
  const pixels = new Uint8ClampedArray(4 * sheet.width * sheet.height);
  for (let i = 0; i < count; i++) {
    const [left, top] = [(i % used) * across, Math.floor(i / used) * down];
    for (let y = 0; y < height * scale; y++) {
      for (let x = 0; x < width * scale; x++) {
        const [red, green, blue] = color(i, Math.floor(y / scale), Math.floor(x / scale));
        pixels.set([red, green, blue, 255], 4 * ((top + y) * sheet.width + left + x));
      }
    }
  }
  return { ...sheet, pixels };
}

/** The colours for numbers between two limits, found once. */
export function heatBetween(low: number, high: number): (value: number) => readonly [number, number, number] {
  const span = high - low || 1;
  return (value) => TABLE[Math.max(0, Math.min(255, Math.round((255 * (value - low)) / span)))];
}

const TABLE = Array.from({ length: 256 }, (_, i) => heatColour(i / 255));

/** The smallest and the largest number. */
export function limitsOf(values: Float32Array): [low: number, high: number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** How strongly a layer answers in each place, whatever the channel: RGBA, `[height, width, 4]`. */
export function strengthOf({ channels, height, width, data }: LayerFeatures): Uint8ClampedArray {
  const sums = new Float32Array(height * width);
  for (let k = 0; k < channels; k++) {
    for (let cell = 0; cell < sums.length; cell++) sums[cell] += Math.abs(data[k * sums.length + cell]);
  }
  const color = heatBetween(...limitsOf(sums));
  const pixels = new Uint8ClampedArray(4 * sums.length);
  sums.forEach((value, i) => {
    pixels.set([...color(value), 255], 4 * i);
  });
  return pixels;
}
