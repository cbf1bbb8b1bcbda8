/** Float64 references that the oracle does not have: ops of Harrier's own, and images of one axis. */
import { type OracleOp, type OracleTensor, oracle } from '../oracle/index.ts';
import { number, required } from '../oracle/tensor.ts';

/**
 * y = γ · (x − μ) / √(v + ε) + β per channel, with μ and v the mean and the population variance of the batch; then
 * μ and v (Ioffe and Szegedy, 2015, algorithm 1).
 */
export const batchNormalizationTraining: OracleOp = (inputs, attributes) => {
  const [x, gamma, beta] = [0, 1, 2].map((i) => required(inputs, i));
  const epsilon = number(attributes, 'epsilon', 1e-5);
  const channels = x.dims[1];
  const plane = x.dims.slice(2).reduce((product, size) => product * size, 1);
  const channelOf = (i: number): number => Math.floor(i / plane) % channels;
  const elements = x.data.length / channels;
  const mean = new Float64Array(channels);
  x.data.forEach((value, i) => {
    mean[channelOf(i)] += value / elements;
  });
  const variance = new Float64Array(channels);
  x.data.forEach((value, i) => {
    variance[channelOf(i)] += (value - mean[channelOf(i)]) ** 2 / elements;
  });
  const y = x.data.map((value, i) => {
    const c = channelOf(i);
    return (gamma.data[c] * (value - mean[c])) / Math.sqrt(variance[c] + epsilon) + beta.data[c];
  });
  return [
    { dims: [...x.dims], data: y },
    { dims: [channels], data: mean },
    { dims: [channels], data: variance },
  ];
};

/** Conv whose padding is put round the image beforehand: any amount of it is then plain arithmetic. */
export const overPadded: OracleOp = ([x, ...others], { pads, ...attributes }) => {
  const [top, left, bottom, right] = pads as number[];
  const around = Float64Array.of(0, 0, top, left, 0, 0, bottom, right);
  const [padded] = oracle.Pad([x, { dims: [8], data: around }], {});
  return oracle.Conv([padded, ...others], attributes);
};

/** An op over images (N, C, L), as the oracle's over (N, C, 1, L). */
export function oneAxisAsTwo(op: string): OracleOp {
  const wide = (x: OracleTensor | undefined): OracleTensor | undefined =>
    x?.dims.length === 3 ? { dims: [...x.dims.slice(0, 2), 1, x.dims[2]], data: x.data } : x;
  const neutral: Record<string, number> = { kernel_shape: 1, strides: 1, dilations: 1 };
  return (inputs, attributes) => {
    const both = Object.entries(attributes).map(([name, value]) => {
      if (name in neutral) return [name, [neutral[name], ...(value as number[])]];
      if (name === 'pads') return [name, [0, (value as number[])[0], 0, (value as number[])[1]]];
      return [name, value];
    });
    return oracle[op](inputs.map(wide), Object.fromEntries(both)).map(({ dims, data }) => ({
      dims: dims.toSpliced(2, 1),
      data,
    }));
  };
}
