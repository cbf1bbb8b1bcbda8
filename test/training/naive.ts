/**
 * Training as textbooks write it: forward, backward by hand, update; float64 loops, channels last, nothing shared with
 * `src/` but the dropout masks, which are random numbers by contract.
 */
import { random } from '../../src/data/random.ts';
import {
  activation,
  batchNormalization,
  conv2d,
  dense,
  eachWindow,
  type KerasTensor,
  type Pair,
  place,
  tensorOf,
  type WindowOptions,
} from '../layers/keras.ts';

/** A layer that remembers its last input; gradients are by parameter name. */
export interface NaiveLayer {
  /** What gradients change. */
  readonly parameters: Readonly<Record<string, KerasTensor>>;
  /** What training changes otherwise. */
  readonly statistics?: Readonly<Record<string, KerasTensor>>;
  forward(x: KerasTensor, step: number): KerasTensor;
  backward(dy: KerasTensor): { dx: KerasTensor; gradients?: Readonly<Record<string, Float64Array>> };
}

export type Draw = (name: string, shape: readonly number[]) => KerasTensor;

export function naiveConvolution(
  name: string,
  draw: Draw,
  shape: readonly [number, number, number, number],
  options: WindowOptions & { useBias?: boolean } = {},
): NaiveLayer {
  const kernel = draw(`${name}/kernel`, shape);
  const bias = options.useBias === false ? undefined : draw(`${name}/bias`, [shape[3]]);
  const [height, width, channels, filters] = shape;
  let x: KerasTensor;
  return {
    parameters: { [`${name}/kernel`]: kernel, ...(bias && { [`${name}/bias`]: bias }) },
    forward(input) {
      x = input;
      return conv2d(x, kernel, bias, options);
    },
    backward(dy) {
      const dx = tensorOf(x.shape);
      const dKernel = tensorOf(shape);
      const dBias = new Float64Array(filters);
      eachWindow(x.shape, [height, width], options, ([n, oy, ox], cells) => {
        for (let f = 0; f < filters; f++) {
          const gradient = dy.data[place(dy.shape, n, oy, ox, f)];
          dBias[f] += gradient;
          for (const cell of cells) {
            for (let c = 0; c < channels; c++) {
              const from = place(x.shape, n, cell.y, cell.x, c);
              const weight = place(shape, cell.i, cell.j, c, f);
              dx.data[from] += gradient * kernel.data[weight];
              dKernel.data[weight] += gradient * x.data[from];
            }
          }
        }
      });
      return {
        dx,
        gradients: { [`${name}/kernel`]: dKernel.data, ...(bias && { [`${name}/bias`]: dBias }) },
      };
    },
  };
}

export function naiveDense(name: string, draw: Draw, inputs: number, units: number): NaiveLayer {
  const kernel = draw(`${name}/kernel`, [inputs, units]);
  const bias = draw(`${name}/bias`, [units]);
  let x: KerasTensor;
  return {
    parameters: { [`${name}/kernel`]: kernel, [`${name}/bias`]: bias },
    forward(input) {
      x = input;
      return dense(x, kernel, bias);
    },
    backward(dy) {
      const dx = tensorOf(x.shape);
      const dKernel = new Float64Array(kernel.data.length);
      const dBias = new Float64Array(units);
      for (let n = 0; n < x.shape[0]; n++) {
        for (let u = 0; u < units; u++) {
          const gradient = dy.data[n * units + u];
          dBias[u] += gradient;
          for (let i = 0; i < inputs; i++) {
            dx.data[n * inputs + i] += gradient * kernel.data[i * units + u];
            dKernel[i * units + u] += gradient * x.data[n * inputs + i];
          }
        }
      }
      return { dx, gradients: { [`${name}/kernel`]: dKernel, [`${name}/bias`]: dBias } };
    },
  };
}

export function naiveRelu(): NaiveLayer {
  let x: KerasTensor;
  return {
    parameters: {},
    forward(input) {
      x = input;
      return activation('relu', x);
    },
    backward: (dy) => ({
      dx: tensorOf(
        dy.shape,
        dy.data.map((value, i) => (x.data[i] > 0 ? value : 0)),
      ),
    }),
  };
}

export function naiveMaxPooling(size: Pair, options: WindowOptions = {}): NaiveLayer {
  const settings = { strides: size, ...options };
  let x: KerasTensor;
  /** Where each output came from. */
  let sources: number[];
  return {
    parameters: {},
    forward(input) {
      x = input;
      sources = [];
      const channels = x.shape[3];
      const sizes = eachWindow(x.shape, size, settings, ([n], cells) => {
        for (let c = 0; c < channels; c++) {
          const places = cells.map((cell) => place(x.shape, n, cell.y, cell.x, c));
          sources.push(places.reduce((best, each) => (x.data[each] > x.data[best] ? each : best)));
        }
      });
      return tensorOf(
        [...sizes, channels],
        sources.map((source) => x.data[source]),
      );
    },
    backward(dy) {
      const dx = tensorOf(x.shape);
      sources.forEach((source, i) => {
        dx.data[source] += dy.data[i];
      });
      return { dx };
    },
  };
}

export function naiveFlatten(): NaiveLayer {
  let shape: readonly number[];
  return {
    parameters: {},
    forward(x) {
      shape = x.shape;
      return tensorOf([shape[0], x.data.length / shape[0]], x.data);
    },
    backward: (dy) => ({ dx: tensorOf(shape, dy.data) }),
  };
}

/** Masks are drawn image by image, and within images channel by channel. */
export function naiveDropout(name: string, rate: number, seed: number): NaiveLayer {
  let mask: Float64Array;
  const apply = (x: KerasTensor) =>
    tensorOf(
      x.shape,
      x.data.map((value, i) => value * mask[i]),
    );
  return {
    parameters: {},
    forward(x, step) {
      const stream = random(seed, `${name}/mask`, step);
      mask = new Float64Array(x.data.length);
      const [batch, height, width, channels] =
        x.shape.length === 4 ? x.shape : [x.shape[0], 1, 1, x.shape[1]];
      for (let n = 0; n < batch; n++)
        for (let c = 0; c < channels; c++)
          for (let y = 0; y < height; y++)
            for (let column = 0; column < width; column++) {
              const kept = stream.uniform() >= rate;
              mask[((n * height + y) * width + column) * channels + c] = kept ? 1 / (1 - rate) : 0;
            }
      return apply(x);
    },
    backward: (dy) => ({ dx: apply(dy) }),
  };
}

/** Ioffe and Szegedy (2015), algorithm 1, and the gradients below it. */
export function naiveBatchNormalization(
  name: string,
  draw: Draw,
  channels: number,
  momentum: number,
): NaiveLayer {
  const EPSILON = 1e-3;
  const gamma = draw(`${name}/gamma`, [channels]);
  const beta = draw(`${name}/beta`, [channels]);
  const moving = {
    mean: draw(`${name}/moving_mean`, [channels]),
    variance: draw(`${name}/moving_variance`, [channels]),
  };
  let x: KerasTensor;
  let batch: { mean: KerasTensor; variance: KerasTensor };
  const perChannel = (value: (i: number, c: number) => number): Float64Array => {
    const sums = new Float64Array(channels);
    for (let i = 0; i < x.data.length; i++) sums[i % channels] += value(i, i % channels);
    return sums;
  };
  return {
    parameters: { [`${name}/gamma`]: gamma, [`${name}/beta`]: beta },
    statistics: { [`${name}/moving_mean`]: moving.mean, [`${name}/moving_variance`]: moving.variance },
    forward(input) {
      x = input;
      const count = x.data.length / channels;
      const mean = tensorOf(
        [channels],
        perChannel((i) => x.data[i]).map((sum) => sum / count),
      );
      const squares = perChannel((i, c) => (x.data[i] - mean.data[c]) ** 2);
      batch = {
        mean,
        variance: tensorOf(
          [channels],
          squares.map((sum) => sum / count),
        ),
      };
      for (const kind of ['mean', 'variance'] as const) {
        moving[kind].data.forEach((value, c) => {
          moving[kind].data[c] = momentum * value + (1 - momentum) * batch[kind].data[c];
        });
      }
      return batchNormalization(x, { ...batch, gamma, beta }, EPSILON);
    },
    backward(dy) {
      const count = x.data.length / channels;
      const deviation = batch.variance.data.map((value) => Math.sqrt(value + EPSILON));
      const normal = (i: number, c: number): number => (x.data[i] - batch.mean.data[c]) / deviation[c];
      const dBeta = perChannel((i) => dy.data[i]);
      const dGamma = perChannel((i, c) => dy.data[i] * normal(i, c));
      const dx = dy.data.map((gradient, i) => {
        const c = i % channels;
        return (gamma.data[c] / deviation[c]) * (gradient - (dBeta[c] + normal(i, c) * dGamma[c]) / count);
      });
      return {
        dx: tensorOf(dy.shape, dx),
        gradients: { [`${name}/gamma`]: dGamma, [`${name}/beta`]: dBeta },
      };
    },
  };
}

/** Mean cross-entropy of a softmax, how many were right, and the gradient to the scores. */
export function naiveLoss(scores: KerasTensor, labels: readonly number[], labelSmoothing: number) {
  const classes = scores.shape[1];
  const { data: probabilities } = activation('softmax', scores);
  let loss = 0;
  let correct = 0;
  const gradient = tensorOf(scores.shape);
  labels.forEach((label, n) => {
    const row = probabilities.subarray(n * classes, (n + 1) * classes);
    if (row.indexOf(Math.max(...row)) === label) correct++;
    row.forEach((probability, c) => {
      const target = (c === label ? 1 - labelSmoothing : 0) + labelSmoothing / classes;
      loss -= (target * Math.log(probability)) / labels.length;
      gradient.data[n * classes + c] = (probability - target) / labels.length;
    });
  });
  return { loss, correct, gradient };
}

export interface NaiveOptimizer {
  /** Whether all parameters decay, not kernels alone. */
  decaysAll?: boolean;
  readonly rule: 'sgd' | 'adam' | 'rmsprop';
  readonly momentum?: number;
  readonly nesterov?: boolean;
  /** Decoupled; of kernels alone. */
  readonly weightDecay?: number;
  readonly clipNorm?: number;
  readonly globalClipNorm?: number;
  readonly clipValue?: number;
}

const norm = (values: Iterable<number>): number => {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
};

/** @returns the update of all parameters by one step, the first being 1 */
export function naiveUpdate(options: NaiveOptimizer, parameters: Readonly<Record<string, KerasTensor>>) {
  const {
    momentum = 0,
    nesterov = false,
    weightDecay = 0,
    decaysAll = false,
    clipNorm,
    globalClipNorm,
    clipValue,
  } = options;
  const zeros = () =>
    Object.fromEntries(
      Object.entries(parameters).map(([name, { data }]) => [name, new Float64Array(data.length)]),
    );
  const [first, second] = [zeros(), zeros()];
  return (gradients: Readonly<Record<string, Float64Array>>, step: number, learningRate: number): void => {
    const total = norm(Object.values(gradients).flatMap((values) => [...values]));
    for (const [name, { data }] of Object.entries(parameters)) {
      const own = norm(gradients[name]);
      data.forEach((value, i) => {
        let gradient = gradients[name][i];
        if (clipNorm !== undefined && own > clipNorm) gradient *= clipNorm / own;
        if (globalClipNorm !== undefined && total > globalClipNorm) gradient *= globalClipNorm / total;
        if (clipValue !== undefined) gradient = Math.max(-clipValue, Math.min(clipValue, gradient));
        const decays = decaysAll || name.endsWith('/kernel');
        let next = decays ? value * (1 - learningRate * weightDecay) : value;
        if (options.rule === 'adam') {
          first[name][i] = 0.9 * first[name][i] + 0.1 * gradient;
          second[name][i] = 0.999 * second[name][i] + 0.001 * gradient ** 2;
          const rate = (learningRate * Math.sqrt(1 - 0.999 ** step)) / (1 - 0.9 ** step);
          next -= (rate * first[name][i]) / (Math.sqrt(second[name][i]) + 1e-7);
        } else if (options.rule === 'rmsprop') {
          first[name][i] = 0.9 * first[name][i] + 0.1 * gradient;
          second[name][i] = 0.9 * second[name][i] + 0.1 * gradient ** 2;
          next -= (learningRate * gradient) / Math.sqrt(second[name][i] - first[name][i] ** 2 + 1e-3);
        } else {
          first[name][i] = momentum * first[name][i] - learningRate * gradient;
          next += nesterov ? momentum * first[name][i] - learningRate * gradient : first[name][i];
        }
        data[i] = next;
      });
    }
  };
}

/** One training step of a stack of layers. */
export function naiveStep(
  layers: readonly NaiveLayer[],
  images: KerasTensor,
  labels: readonly number[],
  step: number,
  labelSmoothing = 0,
) {
  const scores = layers.reduce((x, layer) => layer.forward(x, step), images);
  const { loss, correct, gradient } = naiveLoss(scores, labels, labelSmoothing);
  const gradients: Record<string, Float64Array> = {};
  let dy = gradient;
  for (const layer of layers.toReversed()) {
    const back = layer.backward(dy);
    Object.assign(gradients, back.gradients);
    dy = back.dx;
  }
  return { loss, correct, gradients };
}
