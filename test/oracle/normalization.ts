/** Normalizations over images [N, C, …], and Dropout. */
import {
  at,
  atBroadcast,
  build,
  filled,
  map,
  normalizeAxis,
  number,
  type OracleOp,
  type OracleTensor,
  offsetOf,
  positions,
  required,
  sizeOf,
} from './tensor.ts';

interface Moments {
  mean: OracleTensor;
  /** Of the population: divided by the number of elements. */
  variance: OracleTensor;
}

/** Mean and variance of the elements that share a group; `group` maps a position of x to one of `dims`. */
function moments(x: OracleTensor, dims: number[], group: (position: number[]) => number[]): Moments {
  const values: number[][] = Array.from({ length: sizeOf(dims) }, () => []);
  let i = 0;
  for (const position of positions(x.dims)) values[offsetOf(group(position), dims)].push(x.data[i++]);
  const average = (list: number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;
  const means = values.map(average);
  const variances = values.map((list, g) => average(list.map((value) => (value - means[g]) ** 2)));
  return {
    mean: { dims, data: Float64Array.from(means) },
    variance: { dims, data: Float64Array.from(variances) },
  };
}

const channelOf = (position: number[]): number[] => [position[1]];

/**
 * Inference: y = scale · (x − mean) / √(variance + epsilon) + bias, all per channel, with the statistics fed.
 * Training: the same with the batch's own statistics; it also gives the running ones,
 * running · momentum + batch · (1 − momentum).
 */
const batchNormalization: OracleOp = (inputs, attributes) => {
  const x = required(inputs, 0);
  const [scale, bias, runningMean, runningVariance] = [1, 2, 3, 4].map((i) => required(inputs, i));
  const epsilon = number(attributes, 'epsilon', 1e-5);
  const momentum = number(attributes, 'momentum', 0.9);
  const training = number(attributes, 'training_mode', 0) !== 0;
  const batch = training
    ? moments(x, [x.dims[1]], channelOf)
    : { mean: runningMean, variance: runningVariance };
  const y = build(x.dims, (position) => {
    const c = position[1];
    const normalized = (at(x, position) - batch.mean.data[c]) / Math.sqrt(batch.variance.data[c] + epsilon);
    return scale.data[c] * normalized + bias.data[c];
  });
  if (!training) return [y];
  const blend = (running: OracleTensor, now: OracleTensor): OracleTensor =>
    build(running.dims, ([c]) => running.data[c] * momentum + now.data[c] * (1 - momentum));
  return [y, blend(runningMean, batch.mean), blend(runningVariance, batch.variance)];
};

/** Each plane of each image by its own statistics; scale and bias per channel. */
const instanceNormalization: OracleOp = (inputs, attributes) => {
  const [x, scale, bias] = [0, 1, 2].map((i) => required(inputs, i));
  const epsilon = number(attributes, 'epsilon', 1e-5);
  const own = moments(x, x.dims.slice(0, 2), (position) => position.slice(0, 2));
  return [
    build(x.dims, (position) => {
      const plane = position.slice(0, 2);
      const normalized =
        (at(x, position) - at(own.mean, plane)) / Math.sqrt(at(own.variance, plane) + epsilon);
      return scale.data[position[1]] * normalized + bias.data[position[1]];
    }),
  ];
};

/** Channels in num_groups runs, each run of each image by its own statistics; scale and bias per channel (opset 21). */
const groupNormalization: OracleOp = (inputs, attributes) => {
  const [x, scale, bias] = [0, 1, 2].map((i) => required(inputs, i));
  const groups = number(attributes, 'num_groups');
  const epsilon = number(attributes, 'epsilon', 1e-5);
  const groupOf = ([n, c]: number[]): number[] => [n, Math.floor(c / (x.dims[1] / groups))];
  const own = moments(x, [x.dims[0], groups], groupOf);
  return [
    build(x.dims, (position) => {
      const group = groupOf(position);
      const normalized =
        (at(x, position) - at(own.mean, group)) / Math.sqrt(at(own.variance, group) + epsilon);
      return scale.data[position[1]] * normalized + bias.data[position[1]];
    }),
  ];
};

/** Over all axes from `axis` on; scale and bias broadcast to x. Also gives the mean and 1/√(variance + epsilon). */
const layerNormalization: OracleOp = (inputs, attributes) => {
  const x = required(inputs, 0);
  const scale = required(inputs, 1);
  const bias = inputs[2];
  const axis = normalizeAxis(number(attributes, 'axis', -1), x.dims.length);
  const epsilon = number(attributes, 'epsilon', 1e-5);
  const outer = (position: number[]): number[] => position.map((p, i) => (i < axis ? p : 0));
  const dims = x.dims.map((dim, i) => (i < axis ? dim : 1));
  const own = moments(x, dims, outer);
  const inverse = map(own.variance, (variance) => 1 / Math.sqrt(variance + epsilon));
  const y = build(x.dims, (position) => {
    const normalized = (at(x, position) - at(own.mean, outer(position))) * at(inverse, outer(position));
    return normalized * atBroadcast(scale, position) + (bias ? atBroadcast(bias, position) : 0);
  });
  return [y, own.mean, inverse];
};

/** Inference, or a ratio of 0: the input, and a mask of ones. */
const dropout: OracleOp = (inputs) => {
  if (inputs[2]?.data[0] && inputs[1]?.data[0] !== 0)
    throw new RangeError('the oracle has no Dropout for training: its draws are not specified');
  const x = required(inputs, 0);
  return [map(x, (value) => value), filled(x.dims, 1)];
};

export const normalization: Record<string, OracleOp> = {
  BatchNormalization: batchNormalization,
  InstanceNormalization: instanceNormalization,
  GroupNormalization: groupNormalization,
  LayerNormalization: layerNormalization,
  Dropout: dropout,
};
