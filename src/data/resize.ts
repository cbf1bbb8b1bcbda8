import { type AxisPlacement, placementOf } from './placement.ts';
import type { Interpolation, Preprocessing } from './preprocessing.ts';
import type { ImageSize, Scaler } from './scaling.ts';

/** Fractional bits of the weights: 255 times their sum fits into 31 bits, also where a kernel overshoots. */
const WEIGHT_BITS = 22;
const HALF = 1 << (WEIGHT_BITS - 1);

/** The places of an input along one axis as weighted sums of an image's places. */
interface Taps {
  /** Places of the input that show the image: from `start` up to `end`; the others are padding. */
  readonly start: number;
  readonly end: number;
  /** For each of them, the first place of the image that counts, and how many do. */
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `stride` weights for each, in units of 2^−22. */
  readonly weights: Int32Array;
  readonly stride: number;
  /** Places of the image that count at all: from `low` up to `high`. */
  readonly low: number;
  readonly high: number;
}

/**
 * Brings an image, row by row, to the size of a model in the way that the model says, as Pillow does it, which the
 * models of PyTorch were trained with. Every new pixel is a weighted mean of the pixels that its kernel covers. The
 * kernel is as wide as the image shrinks, so nothing aliases; it ends at the image's edges. Weights are in fixed point;
 * rows come first, rounded to bytes, then columns. (For `STRETCHED` there is `scaler`, which does as libvips does.)
 *
 * @param channels numbers a pixel in the rows that are added: 1 (grey), 3, or 4 of which the last is left out
 */
export function resizer(
  from: ImageSize,
  to: ImageSize,
  preprocessing: Preprocessing,
  channels: 1 | 3 | 4,
): Scaler {
  const { across, down } = placementOf(from, to, preprocessing);
  const columns = tapsOf(from.width, to.width, across, preprocessing.interpolation);
  const rows = tapsOf(from.height, to.height, down, preprocessing.interpolation);
  const width = columns.end - columns.start;
  const colors = channels === 1 ? 1 : 3;
  const row = width * colors;
  const shrunk = new Uint8Array((rows.high - rows.low) * row);
  const along = channels === 1 ? alongGreyRow : alongRow;
  let y = 0;
  return {
    add(pixels) {
      for (let start = 0; start < pixels.length; start += from.width * channels, y++) {
        if (y >= rows.low && y < rows.high) {
          along(pixels, start, channels, columns, shrunk, (y - rows.low) * row);
        }
      }
    },
    finish() {
      const out = new Uint8Array(to.height * to.width * 3);
      const line = new Uint8Array(row);
      const sums = new Int32Array(row);
      for (let at = rows.start; at < rows.end; at++) {
        downColumns(shrunk, rows, at - rows.start, sums, line);
        const target = (at * to.width + columns.start) * 3;
        if (colors === 3) out.set(line, target);
        else for (let i = 0; i < width; i++) out.fill(line[i], target + 3 * i, target + 3 * i + 3);
      }
      return out;
    },
  };
}

function alongRow(
  pixels: ArrayLike<number>,
  start: number,
  channels: number,
  { first, count, weights, stride }: Taps,
  out: Uint8Array,
  target: number,
): void {
  for (let x = 0, to = target; x < first.length; x++, to += 3) {
    let [red, green, blue] = [HALF, HALF, HALF];
    let at = start + first[x] * channels;
    const begin = x * stride;
    const end = begin + count[x];
    for (let i = begin; i < end; i++, at += channels) {
      const weight = weights[i];
      red = (red + pixels[at] * weight) | 0;
      green = (green + pixels[at + 1] * weight) | 0;
      blue = (blue + pixels[at + 2] * weight) | 0;
    }
    out[to] = toByte(red);
    out[to + 1] = toByte(green);
    out[to + 2] = toByte(blue);
  }
}

function alongGreyRow(
  pixels: ArrayLike<number>,
  start: number,
  _channels: number,
  { first, count, weights, stride }: Taps,
  out: Uint8Array,
  target: number,
): void {
  for (let x = 0; x < first.length; x++) {
    let sum = HALF;
    for (let i = 0; i < count[x]; i++)
      sum = (sum + pixels[start + first[x] + i] * weights[x * stride + i]) | 0;
    out[target + x] = toByte(sum);
  }
}

/** @param place among those that show the image */
function downColumns(
  shrunk: Uint8Array,
  { first, count, weights, stride, low }: Taps,
  place: number,
  sums: Int32Array,
  out: Uint8Array,
): void {
  const row = out.length;
  sums.fill(HALF);
  for (let i = 0; i < count[place]; i++) {
    const weight = weights[place * stride + i];
    const source = (first[place] + i - low) * row;
    for (let x = 0; x < row; x++) sums[x] += shrunk[source + x] * weight;
  }
  for (let x = 0; x < row; x++) out[x] = toByte(sums[x]);
}

function toByte(sum: number): number {
  const value = sum >> WEIGHT_BITS;
  return value < 0 ? 0 : value > 255 ? 255 : value;
}

function tapsOf(
  from: number,
  to: number,
  { scaled, offset }: AxisPlacement,
  interpolation: Interpolation,
): Taps {
  const { kernel, support } = KERNELS[interpolation];
  const start = Math.max(0, -offset);
  const end = Math.min(to, scaled - offset);
  const ratio = from / scaled;
  // Where the image grows, the kernel keeps its width.
  const stretch = Math.max(1, ratio);
  const reach = support * stretch;
  const stride = Math.ceil(reach) * 2 + 1;
  const first = new Int32Array(end - start);
  const count = new Int32Array(end - start);
  const weights = new Int32Array((end - start) * stride);
  let [low, high] = [from, 0];
  for (let place = 0; place < end - start; place++) {
    const centre = (place + start + offset + 0.5) * ratio;
    first[place] = Math.max(0, Math.trunc(centre - reach + 0.5));
    count[place] = Math.min(from, Math.trunc(centre + reach + 0.5)) - first[place];
    const own = Array.from({ length: count[place] }, (_, i) =>
      kernel((first[place] + i + 0.5 - centre) * (1 / stretch)),
    );
    const sum = own.reduce((total, weight) => total + weight, 0);
    weights.set(
      own.map((weight) => fixedPoint(weight / sum)),
      place * stride,
    );
    low = Math.min(low, first[place]);
    high = Math.max(high, first[place] + count[place]);
  }
  return { start, end, first, count, weights, stride, low, high };
}

/** Halves away from zero. */
function fixedPoint(weight: number): number {
  return Math.trunc(weight * 2 ** WEIGHT_BITS + (weight < 0 ? -0.5 : 0.5));
}

const KERNELS: Readonly<
  Record<Interpolation, { readonly support: number; readonly kernel: (x: number) => number }>
> = {
  bilinear: { support: 1, kernel: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, kernel: catmullRom },
  lanczos3: { support: 3, kernel: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Keys's cubic with a = −1/2. */
function catmullRom(x: number): number {
  const t = Math.abs(x);
  if (t >= 2) return 0;
  return t < 1 ? (1.5 * t - 2.5) * t * t + 1 : (((t - 5) * t + 8) * t - 4) * -0.5;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}
