import { HarrierError } from '../errors.ts';
import { heatColour } from './color-map.ts';

export interface Size {
  readonly height: number;
  readonly width: number;
}

/** Numbers from 0 to 1 over an image, row-major, in as many cells as there are: an `Explanation`, or a part of one. */
export interface HeatMap extends Size {
  readonly map: Float32Array;
}

/** An image's pixels, row-major: red, green, blue, and perhaps alpha. */
export interface RgbImage extends Size {
  readonly pixels: Uint8Array | Uint8ClampedArray;
}

/** How a heat map is laid over its image. */
export interface OverlayOptions {
  /** How far the hottest place is covered, 0–1. Default 0.8. */
  readonly opacity?: number;
}

/**
 * A map in the colours of heat, as an image to lay over another: where the map is 0 it is transparent, so that a
 * image stays visible where nothing was found in it.
 *
 * @param size of the image that it is for
 * @returns RGBA, `[height, width, 4]`, alpha not multiplied in
 */
export function heatLayer(
  map: HeatMap,
  size: Size,
  { opacity = 0.8 }: OverlayOptions = {},
): Uint8ClampedArray {
  const values = resizeMap(map, size);
  const out = new Uint8ClampedArray(4 * values.length);
  values.forEach((value, i) => {
    const [red, green, blue] = heatColour(value);
    out.set([red, green, blue, 255 * opacity * value], 4 * i);
  });
  return out;
}

/**
 * An image with a map over it.
 *
 * @returns RGBA, `[height, width, 4]`
 * @throws HarrierError `bad-shape` when the pixels do not fit the image's size
 */
export function overlay(image: RgbImage, map: HeatMap, options?: OverlayOptions): Uint8ClampedArray {
  const { pixels, height, width } = image;
  const channels = pixels.length / (height * width);
  if (channels !== 3 && channels !== 4) {
    throw new HarrierError('bad-shape', 'the pixels do not fit the size of the image', {
      expected: `${height} × ${width} × 3 or 4 values`,
      received: `${pixels.length}`,
    });
  }
  const out = heatLayer(map, image, options);
  for (let i = 0; i < height * width; i++) {
    const fraction = out[4 * i + 3] / 255;
    for (let c = 0; c < 3; c++) {
      out[4 * i + c] = fraction * out[4 * i + c] + (1 - fraction) * pixels[channels * i + c];
    }
    out[4 * i + 3] = channels === 4 ? pixels[4 * i + 3] : 255;
  }
  return out;
}

/**
 * A map in another size, smooth between its cells: Catmull-Rom splines through the cells' middles, beyond the edges
 * the outermost cells, never below 0 or above 1.
 *
 * @returns float32 `[height, width]`
 */
export function resizeMap({ map, height, width }: HeatMap, size: Size): Float32Array {
  const columns = taps(width, size.width);
  const rows = taps(height, size.height);
  const wide = new Float32Array(height * size.width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < size.width; x++) {
      wide[y * size.width + x] = columns[x].reduce(
        (sum, [at, fraction]) => sum + fraction * map[y * width + at],
        0,
      );
    }
  }
  return Float32Array.from({ length: size.height * size.width }, (_, i) => {
    const x = i % size.width;
    const value = rows[(i - x) / size.width].reduce(
      (sum, [at, fraction]) => sum + fraction * wide[at * size.width + x],
      0,
    );
    return Math.min(1, Math.max(0, value));
  });
}

/** For every place along an axis: which cells it takes, and how much of each. */
function taps(from: number, to: number): [at: number, fraction: number][][] {
  return Array.from({ length: to }, (_, place) => {
    const position = ((place + 0.5) * from) / to - 0.5;
    const first = Math.floor(position);
    const t = position - first;
    const fractions = [
      (-t + 2 * t ** 2 - t ** 3) / 2,
      (2 - 5 * t ** 2 + 3 * t ** 3) / 2,
      (t + 4 * t ** 2 - 3 * t ** 3) / 2,
      (-(t ** 2) + t ** 3) / 2,
    ];
    return fractions.map((fraction, i) => [Math.min(from - 1, Math.max(0, first - 1 + i)), fraction]);
  });
}
