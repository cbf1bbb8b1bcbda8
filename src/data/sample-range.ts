/** How the samples of an image are stored, as libvips calls it. */
export type SampleDepth = 'ushort' | 'short' | 'uint' | 'int' | 'float' | string;

/**
 * Samples of another kind than bytes as bytes. Which value means white follows from the largest of the image: cameras
 * and instruments store 12 bits in 16, and numbers from 0 to 1 or 0 to 255 as float.
 *
 * Whole numbers: up to 255 they are 8 bits, up to 4,095 12 bits, else all that their kind has. Float: white is 1, 255 or
 * 65,535, and brighter samples, up to half as much again, are cut off. Beyond, and where some are negative, they are
 * stretched from the least to the largest. NaN is black, and so are samples that stand for missing ones: −9999 and
 * below, where no other is negative.
 *
 * @param channels of each pixel; the fourth, or the second, is transparency, which has the whole range of its kind
 * @returns as many bytes, in the same order
 */
export function samplesToBytes(
  samples: Float32Array | Uint16Array,
  channels: number,
  depth: SampleDepth,
): Uint8Array {
  const alpha = channels === 2 || channels === 4 ? channels - 1 : -1;
  let [least, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let leastKnown = least;
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i];
    if (i % channels === alpha || !Number.isFinite(value)) continue;
    if (value < least) least = value;
    if (value < leastKnown && value > MISSING) leastKnown = value;
    if (value > largest) largest = value;
  }
  if (leastKnown >= 0 && leastKnown <= largest) least = leastKnown;
  const [from, to] = rangeOf(least, largest, depth);
  const opaque = OPAQUE[depth] ?? (largest <= EXCESS ? 1 : 255);
  const out = new Uint8Array(samples.length);
  for (let i = 0; i < samples.length; i++) {
    const value = i % channels === alpha ? samples[i] / opaque : (samples[i] - from) / (to - from);
    out[i] = Math.round(255 * Math.min(1, Math.max(0, Number.isNaN(value) ? 0 : value)));
  }
  return out;
}

/** Whether colours of 16 bits are brighter than 12 bits can be. */
export function usesAllBits(samples: Float32Array | Uint16Array, channels: number): boolean {
  const alpha = channels === 2 || channels === 4 ? channels - 1 : -1;
  return samples.some((value, i) => value > 4095 && i % channels !== alpha);
}

/**
 * The first sample of each pixel as grey, or the first three as colours, with transparency where there is one.
 *
 * @param isOpaque whether a second or fourth sample is no transparency
 */
export function colorsOf(
  data: Uint8Array,
  channels: number,
  isOpaque = false,
): { data: Uint8Array; channels: 3 | 4 } {
  const target = !isOpaque && (channels === 2 || channels === 4) ? 4 : 3;
  if (channels === target) return { data, channels };
  const pixels = data.length / channels;
  const out = new Uint8Array(pixels * target);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < target; c++) {
      const from = channels > 2 ? c : c === 3 ? 1 : 0;
      out[target * i + c] = data[channels * i + from];
    }
  }
  return { data: out, channels: target };
}

/** What rasters of measurements hold where nothing was measured, or a number far below. */
const MISSING = -9999;
const OPAQUE: Readonly<Record<string, number>> = {
  ushort: 65_535,
  short: 32_767,
  uint: 2 ** 32 - 1,
  int: 2 ** 31 - 1,
};
const FLOAT_WHITES: readonly number[] = [1, 255, 65_535];
/** How far filters and sensors go beyond white, in parts of it. */
const EXCESS = 1.5;
const WHOLE_WHITES: Readonly<Record<string, readonly number[]>> = {
  ushort: [255, 4095, 65_535],
  short: [255, 4095, 32_767],
};

function rangeOf(least: number, largest: number, depth: SampleDepth): [from: number, to: number] {
  const isFloat = depth === 'float' || depth === 'double';
  const whites = WHOLE_WHITES[depth] ?? (isFloat ? FLOAT_WHITES : [255, 4095, 65_535]);
  const white = whites.find((each) => largest <= (isFloat ? EXCESS : 1) * each);
  if (least >= 0 && white !== undefined) return [0, white];
  return largest > least ? [least, largest] : [0, 1];
}
