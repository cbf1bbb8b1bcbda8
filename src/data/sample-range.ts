/** How the samples of an image are stored, as libvips calls it. */
export type SampleDepth = 'ushort' | 'short' | 'uint' | 'int' | 'float' | string;

/**
 * Samples of another kind than bytes as bytes. Which value means white follows from the largest of the image: cameras
 * and instruments store 12 bits in 16, and numbers from 0 to 1 or 0 to 255 as float.
 *
 * Whole numbers: up to 255 they are 8 bits, up to 4,095 12 bits, else all that their kind has. Float: up to 1, up to
 * 255, up to 65,535. Beyond, and where some are negative, they are stretched from the least to the largest. NaN is 0.
 *
 * @param channels of each pixel; the fourth, or the second, is transparency, which has the whole range of its kind
 * @returns as many bytes, in the same order
 */
export function samplesToBytes(samples: Float32Array, channels: number, depth: SampleDepth): Uint8Array {
  const alpha = channels === 2 || channels === 4 ? channels - 1 : -1;
  let [least, largest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let i = 0; i < samples.length; i++) {
    const value = samples[i];
    if (i % channels === alpha || !Number.isFinite(value)) continue;
    if (value < least) least = value;
    if (value > largest) largest = value;
  }
  const [from, to] = rangeOf(least, largest, depth);
  const opaque = OPAQUE[depth] ?? (largest <= 1 ? 1 : 255);
  const out = new Uint8Array(samples.length);
  for (let i = 0; i < samples.length; i++) {
    const value = i % channels === alpha ? samples[i] / opaque : (samples[i] - from) / (to - from);
    out[i] = Math.round(255 * Math.min(1, Math.max(0, Number.isNaN(value) ? 0 : value)));
  }
  return out;
}

const OPAQUE: Readonly<Record<string, number>> = {
  ushort: 65_535,
  short: 32_767,
  uint: 2 ** 32 - 1,
  int: 2 ** 31 - 1,
};
const FLOAT_WHITES: readonly number[] = [1, 255, 65_535];
const WHOLE_WHITES: Readonly<Record<string, readonly number[]>> = {
  ushort: [255, 4095, 65_535],
  short: [255, 4095, 32_767],
};

function rangeOf(least: number, largest: number, depth: SampleDepth): [from: number, to: number] {
  const whites =
    WHOLE_WHITES[depth] ?? (depth === 'float' || depth === 'double' ? FLOAT_WHITES : [255, 4095, 65_535]);
  const white = whites.find((each) => largest <= each);
  if (least >= 0 && white !== undefined) return [0, white];
  return largest > least ? [least, largest] : [0, 1];
}
