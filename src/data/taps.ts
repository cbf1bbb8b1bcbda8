import type { AxisPlacement } from './placement.ts';
import type { Interpolation } from './preprocessing.ts';

/** The places of an input along one axis as weighted sums of an image's places. */
export interface Taps {
  /** Places of the input that show the image: from `start` up to `end`; the others are padding. */
  readonly start: number;
  readonly end: number;
  /** For each of them, the first place of the image that counts, and how many do. */
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `stride` weights for each, in fixed point. */
  readonly weights: Int32Array;
  readonly stride: number;
  /** Places of the image that count at all: from `low` up to `high`. */
  readonly low: number;
  readonly high: number;
}

/**
 * How an image is scaled along one axis, as Pillow does it: a place is the mean of all that its kernel covers. The
 * kernel is as wide as the image shrinks, so that nothing aliases, and ends at the image's edges.
 *
 * @param from places of the image
 * @param to places of the input
 * @param bits fractional bits of the weights
 */
export function tapsOf(
  from: number,
  to: number,
  { scaled, offset }: AxisPlacement,
  interpolation: Interpolation,
  bits: number,
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
  const own = new Float64Array(stride);
  let [low, high] = [from, 0];
  for (let place = 0; place < end - start; place++) {
    const centre = (place + start + offset + 0.5) * ratio;
    const begin = Math.max(0, Math.trunc(centre - reach + 0.5));
    const length = Math.min(from, Math.trunc(centre + reach + 0.5)) - begin;
    let sum = 0;
    for (let i = 0; i < length; i++) {
      own[i] = kernel((begin + i + 0.5 - centre) * (1 / stretch));
      sum += own[i];
    }
    for (let i = 0; i < length; i++) weights[place * stride + i] = fixedPoint(own[i] / sum, bits);
    first[place] = begin;
    count[place] = length;
    low = Math.min(low, begin);
    high = Math.max(high, begin + length);
  }
  return { start, end, first, count, weights, stride, low, high };
}

/** Halves away from zero. */
function fixedPoint(weight: number, bits: number): number {
  return Math.trunc(weight * 2 ** bits + (weight < 0 ? -0.5 : 0.5));
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
