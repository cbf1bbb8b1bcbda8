import type { Tensor } from '../onnx/index.ts';
import { placeOf, type QuantizedWeights, type WeightLayout } from './integers.ts';

/**
 * What to add to each bias so that rounding the weights does not shift the outputs on average:
 * Δb[o] = Σ (W − Ŵ)[o,i,k] · E[x[i]]. M. Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias
 * Correction", ICCV 2019, section 4.2; E[x] is measured on the calibration images here.
 *
 * @param means E[x] of each channel that comes in
 */
export function biasCorrections(
  { dims, data }: Tensor,
  { integers, scales }: QuantizedWeights,
  { axis, along }: WeightLayout,
  means: Float64Array,
): Float64Array {
  const output = placeOf(dims, axis);
  const within = placeOf(dims, along);
  // Of a convolution in groups, the outputs of each group read channels of their own.
  const groups = means.length / dims[along];
  const outputsOfGroup = dims[axis] / groups;
  const corrections = new Float64Array(dims[axis]);
  for (let i = 0; i < data.length; i++) {
    const o = output(i);
    const channel = Math.floor(o / outputsOfGroup) * dims[along] + within(i);
    corrections[o] += (Number(data[i]) - scales[o] * Number(integers.data[i])) * means[channel];
  }
  return corrections;
}
