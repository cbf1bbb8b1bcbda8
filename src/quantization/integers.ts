import { type Tensor, tensor } from '../onnx/index.ts';

/** Real numbers as 8-bit integers: x ≈ scale · (q − zeroPoint), q from 0 to 255. */
export interface Affine {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** The smallest and the largest number that is to be told apart; numbers beyond are clipped. */
export interface Range {
  readonly lowest: number;
  readonly highest: number;
}

const LEVELS = 255;

/**
 * The affine integers of a range. Zero is always exact, for padding is zeros: a range without it is widened to it.
 * B. Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
 * CVPR 2018, section 2.1.
 */
export function affineOf({ lowest, highest }: Range): Affine {
  const [low, high] = [Math.min(lowest, 0), Math.max(highest, 0)];
  const scale = Math.fround((high - low) / LEVELS);
  if (!(scale > 0)) return { scale: 1, zeroPoint: 0 };
  return { scale, zeroPoint: Math.min(LEVELS, Math.max(0, Math.round(-low / scale))) };
}

/** Weights as integers: w ≈ scale · q, q from −127 to 127, with a scale for each output channel. */
export interface QuantizedWeights {
  readonly integers: Tensor;
  readonly scales: Float32Array;
}

export interface WeightLayout {
  /** The axis of the output channels. */
  readonly axis: number;
  /** The axis along which products are summed next to each other in memory. */
  readonly along: number;
}

/**
 * Largest sum of two neighbouring weights. Processors with AVX2 but without VNNI add the products of two neighbours in
 * 16 bits (`vpmaddubsw`): 255 · 128 = 32,640 still fits. So every processor gives the same answers.
 */
const LARGEST_PAIR = 128;

/**
 * Quantises weights symmetrically, with one scale for each output channel.
 *
 * @param leastScales the scales may not be smaller: below, a bias would leave 32 bits
 */
export function quantizeWeights(
  { dims, data }: Tensor,
  { axis, along }: WeightLayout,
  leastScales: ArrayLike<number> = [],
): QuantizedWeights {
  const values = data as Float32Array;
  const channel = placeOf(dims, axis);
  const scales = new Float32Array(dims[axis]);
  const need = (i: number, scale: number) => {
    const c = channel(i);
    if (scale > scales[c]) scales[c] = scale;
  };
  const step = dims.slice(along + 1).reduce((product, size) => product * size, 1);
  const place = placeOf(dims, along);
  for (let i = 0; i < values.length; i++) {
    need(i, Math.abs(values[i]) / 127);
    const isFirst = along !== axis && place(i) % 2 === 0 && place(i) + 1 < dims[along];
    if (isFirst) need(i, pairSum(values[i], values[i + step]) / (LARGEST_PAIR - 1));
  }
  for (let c = 0; c < scales.length; c++) scales[c] = Math.max(scales[c], leastScales[c] ?? 0) || 1;
  const integers = Float32Array.from(values, (value, i) =>
    Math.max(-127, Math.min(127, Math.round(value / scales[channel(i)]))),
  );
  return { integers: tensor('int8', dims, integers), scales };
}

/** What two neighbours add up to at most, whatever pixels from 0 to 255 they are multiplied by. */
function pairSum(a: number, b: number): number {
  return a * b > 0 ? Math.abs(a + b) : Math.max(Math.abs(a), Math.abs(b));
}

/** The place of an element along an axis. */
export function placeOf(dims: readonly number[], axis: number): (element: number) => number {
  const inner = dims.slice(axis + 1).reduce((product, size) => product * size, 1);
  return (element) => Math.floor(element / inner) % dims[axis];
}
