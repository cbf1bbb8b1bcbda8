import { HarrierError } from '../errors.ts';
import { heatColour } from './color-map.ts';

export interface Size {
  readonly height: number;
  readonly width: number;
}

/** Numbers from 0 to 1 over an image, row-major, at any resolution: an `Explanation`, or a part of one. */
export interface HeatMap extends Size {
  /** `[height, width]`, row-major, 0 to 1. */
  readonly map: Float32Array;
}

/** An image's pixels, row-major: red, green, blue, and perhaps alpha. */
export interface RgbImage extends Size {
  /** uint8 `[height, width, 3 or 4]`, row-major. */
  readonly pixels: Uint8Array | Uint8ClampedArray;
}

/** How a heat map is laid over its image. */
export interface OverlayOptions {
  /** How far the hottest place is covered, 0–1. Default 0.8. */
  readonly opacity?: number;
  /**
   * The part of the image that the map covers, in fractions of its width and height: `seenPart(image, explainer.imageShape)`
   * for an image before it was scaled. What the model does not see is darkened. Default: all of it.
   */
  readonly part?: MappedPart;
}

interface MappedPart {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const WHOLE: MappedPart = { left: 0, top: 0, width: 1, height: 1 };
/** How dark the unseen parts are, of the opacity. */
const SHADE = 0.5;

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
  { opacity = 0.8, part = WHOLE }: OverlayOptions = {},
): Uint8ClampedArray<ArrayBuffer> {
  const values = resizeMap(map, size, part);
  const out = new Uint8ClampedArray(4 * values.length);
  values.forEach((value, i) => {
    if (Number.isNaN(value)) {
      out[4 * i + 3] = 255 * opacity * SHADE;
      return;
    }
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
export function overlay(
  image: RgbImage,
  map: HeatMap,
  options?: OverlayOptions,
): Uint8ClampedArray<ArrayBuffer> {
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
 * @param part of the new map that the old one covers
 * @returns float32 `[height, width]`, NaN where the old map does not reach
 */
export function resizeMap({ map, height, width }: HeatMap, size: Size, part = WHOLE): Float32Array {
  const columns = taps(width, size.width, part.left, part.width);
  const rows = taps(height, size.height, part.top, part.height);
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
    if (columns[x].length === 0 || rows[(i - x) / size.width].length === 0) return Number.NaN;
    const value = rows[(i - x) / size.width].reduce(
      (sum, [at, fraction]) => sum + fraction * wide[at * size.width + x],
      0,
    );
    return Math.min(1, Math.max(0, value));
  });
}

/**
 * For every place along an axis: which cells it takes, and how much of each; none outside of the part that the cells
 * cover.
 */
function taps(from: number, to: number, start: number, length: number): [at: number, fraction: number][][] {
  return Array.from({ length: to }, (_, place) => {
    const along = ((place + 0.5) / to - start) / length;
    if (along < 0 || along > 1) return [];
    const position = along * from - 0.5;
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
