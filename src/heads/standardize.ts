import type { DenseWeights } from './head-data.ts';

/** What features are shifted and scaled by. */
export interface Standardization {
  readonly mean: Float64Array;
  /** 1 / standard deviation; 1 for a feature that is the same for all images. */
  readonly inverse: Float64Array;
}

/** Mean and deviation of every feature. @param rows float32 `[rows, size]` */
export function standardizationOf(rows: Float32Array, size: number): Standardization {
  const count = rows.length / size;
  const mean = new Float64Array(size);
  for (let i = 0; i < rows.length; i++) mean[i % size] += rows[i] / count;
  const variance = new Float64Array(size);
  for (let i = 0; i < rows.length; i++) variance[i % size] += (rows[i] - mean[i % size]) ** 2 / count;
  const inverse = variance.map((value, i) => {
    const deviation = Math.sqrt(value);
    // Below the rounding of float32 there is no difference between images.
    return deviation > 1e-6 * Math.max(1, Math.abs(mean[i])) ? 1 / deviation : 1;
  });
  return { mean, inverse };
}

/** The features with mean 0 and deviation 1. */
export function standardized(rows: Float32Array, { mean, inverse }: Standardization): Float32Array {
  const size = mean.length;
  return rows.map((value, i) => (value - mean[i % size]) * inverse[i % size]);
}

/** A layer of standardised features as one of the features as they are: nothing need be standardised any more. */
export function foldStandardization(
  { kernel, bias }: DenseWeights,
  { mean, inverse }: Standardization,
): DenseWeights {
  const units = bias.length;
  const folded = new Float32Array(kernel.length);
  const shifted = Float64Array.from(bias);
  for (let i = 0; i < kernel.length; i++) {
    const row = Math.floor(i / units);
    const weight = kernel[i] * inverse[row];
    folded[i] = weight;
    shifted[i % units] -= mean[row] * weight;
  }
  return { kernel: folded, bias: Float32Array.from(shifted) };
}
