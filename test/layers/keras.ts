/**
 * Keras's layers as its documentation defines them, in float64 loops and channels last, with nothing from `src/`:
 * what the layers are evaluated on.
 */

/** Row-major; images are (batch, height, width, channels), rows (batch, numbers). */
export interface KerasTensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export type Pair = readonly [number, number];

export interface WindowOptions {
  readonly strides?: Pair;
  readonly padding?: 'valid' | 'same';
  readonly dilations?: Pair;
}

export function tensorOf(shape: readonly number[], values?: ArrayLike<number>): KerasTensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const data = values ? Float64Array.from(values) : new Float64Array(size);
  if (data.length !== size) throw new Error(`${data.length} numbers for (${shape})`);
  return { shape, data };
}

/**
 * Where a window lies along one axis. `valid`: only whole windows. `same`: ⌈size / stride⌉ windows; of the cells that
 * are missing for that, the smaller half goes in front (TensorFlow, "Notes on padding").
 */
export function windows(
  size: number,
  kernel: number,
  stride: number,
  padding: 'valid' | 'same',
  dilation = 1,
) {
  const extent = (kernel - 1) * dilation + 1;
  if (padding === 'valid') return { count: Math.floor((size - extent) / stride) + 1, before: 0 };
  const count = Math.ceil(size / stride);
  const missing = Math.max(0, (count - 1) * stride + extent - size);
  return { count, before: Math.floor(missing / 2) };
}

/** Visits every window of every image, with the cells of the image that it covers. */
export function eachWindow(
  shape: readonly number[],
  kernel: Pair,
  { strides = [1, 1], padding = 'valid', dilations = [1, 1] }: WindowOptions,
  visit: (
    place: [n: number, y: number, x: number],
    cells: { i: number; j: number; y: number; x: number }[],
  ) => void,
): number[] {
  const [batch, height, width] = shape;
  const rows = windows(height, kernel[0], strides[0], padding, dilations[0]);
  const columns = windows(width, kernel[1], strides[1], padding, dilations[1]);
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < rows.count; oy++) {
      for (let ox = 0; ox < columns.count; ox++) {
        const cells: { i: number; j: number; y: number; x: number }[] = [];
        for (let i = 0; i < kernel[0]; i++) {
          for (let j = 0; j < kernel[1]; j++) {
            const y = oy * strides[0] + i * dilations[0] - rows.before;
            const x = ox * strides[1] + j * dilations[1] - columns.before;
            if (y >= 0 && y < height && x >= 0 && x < width) cells.push({ i, j, y, x });
          }
        }
        visit([n, oy, ox], cells);
      }
    }
  }
  return [batch, rows.count, columns.count];
}

/** Where element (n, y, x, c) of images lies. */
export function place(shape: readonly number[], n: number, y: number, x: number, c: number): number {
  return ((n * shape[1] + y) * shape[2] + x) * shape[3] + c;
}

/** @param kernel (height, width, input channels per group, filters) */
export function conv2d(
  input: KerasTensor,
  kernel: KerasTensor,
  bias: KerasTensor | undefined,
  options: WindowOptions & { groups?: number } = {},
): KerasTensor {
  const { groups = 1 } = options;
  const [kernelHeight, kernelWidth, depth, filters] = kernel.shape;
  const values: number[] = [];
  const perGroup = filters / groups;
  const sizes = eachWindow(input.shape, [kernelHeight, kernelWidth], options, ([n], cells) => {
    for (let f = 0; f < filters; f++) {
      let sum = bias?.data[f] ?? 0;
      const firstChannel = Math.floor(f / perGroup) * depth;
      for (const { i, j, y, x } of cells) {
        for (let c = 0; c < depth; c++) {
          sum +=
            input.data[place(input.shape, n, y, x, firstChannel + c)] *
            kernel.data[place(kernel.shape, i, j, c, f)];
        }
      }
      values.push(sum);
    }
  });
  return tensorOf([...sizes, filters], values);
}

/**
 * Every channel by itself: output c · multiplier + m is channel c under kernel m.
 * @param kernel (height, width, channels, multiplier)
 */
export function depthwiseConv2d(
  input: KerasTensor,
  kernel: KerasTensor,
  bias: KerasTensor | undefined,
  options: WindowOptions = {},
): KerasTensor {
  const [kernelHeight, kernelWidth, channels, multiplier] = kernel.shape;
  const values: number[] = [];
  const sizes = eachWindow(input.shape, [kernelHeight, kernelWidth], options, ([n], cells) => {
    for (let c = 0; c < channels; c++) {
      for (let m = 0; m < multiplier; m++) {
        let sum = bias?.data[c * multiplier + m] ?? 0;
        for (const { i, j, y, x } of cells) {
          sum += input.data[place(input.shape, n, y, x, c)] * kernel.data[place(kernel.shape, i, j, c, m)];
        }
        values.push(sum);
      }
    }
  });
  return tensorOf([...sizes, channels * multiplier], values);
}

/** @param sides [[above, below], [left, right]] */
export function zeroPadding(
  input: KerasTensor,
  [[above, below], [left, right]]: readonly [Pair, Pair],
): KerasTensor {
  const [batch, height, width, channels] = input.shape;
  const output = tensorOf([batch, height + above + below, width + left + right, channels]);
  for (let n = 0; n < batch; n++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        for (let c = 0; c < channels; c++)
          output.data[place(output.shape, n, y + above, x + left, c)] =
            input.data[place(input.shape, n, y, x, c)];
  return output;
}

export function pooling2d(
  input: KerasTensor,
  kind: 'max' | 'average',
  poolSize: Pair,
  options: WindowOptions = {},
): KerasTensor {
  const channels = input.shape[3];
  const values: number[] = [];
  const sizes = eachWindow(input.shape, poolSize, { strides: poolSize, ...options }, ([n], cells) => {
    for (let c = 0; c < channels; c++) {
      const seen = cells.map(({ y, x }) => input.data[place(input.shape, n, y, x, c)]);
      values.push(
        kind === 'max' ? Math.max(...seen) : seen.reduce((sum, value) => sum + value, 0) / seen.length,
      );
    }
  });
  return tensorOf([...sizes, channels], values);
}

export function globalAverage(input: KerasTensor): KerasTensor {
  const [batch, height, width, channels] = input.shape;
  const means = new Float64Array(batch * channels);
  input.data.forEach((value, i) => {
    means[Math.floor(i / (height * width * channels)) * channels + (i % channels)] +=
      value / (height * width);
  });
  return tensorOf([batch, channels], means);
}

export function globalMaximum(input: KerasTensor): KerasTensor {
  const [batch, height, width, channels] = input.shape;
  const maxima = new Float64Array(batch * channels).fill(Number.NEGATIVE_INFINITY);
  input.data.forEach((value, i) => {
    const at = Math.floor(i / (height * width * channels)) * channels + (i % channels);
    maxima[at] = Math.max(maxima[at], value);
  });
  return tensorOf([batch, channels], maxima);
}

export function flatten({ shape, data }: KerasTensor): KerasTensor {
  return { shape: [shape[0], data.length / shape[0]], data };
}

/** @param kernel (inputs, units) */
export function dense(input: KerasTensor, kernel: KerasTensor, bias?: KerasTensor): KerasTensor {
  const [batch, inputs] = input.shape;
  const units = kernel.shape[1];
  const output = tensorOf([batch, units]);
  for (let n = 0; n < batch; n++) {
    for (let u = 0; u < units; u++) {
      let sum = bias?.data[u] ?? 0;
      for (let i = 0; i < inputs; i++) sum += input.data[n * inputs + i] * kernel.data[i * units + u];
      output.data[n * units + u] = sum;
    }
  }
  return output;
}

/** With given statistics: γ · (x − mean) / √(variance + ε) + β over the last axis. */
export function batchNormalization(
  input: KerasTensor,
  statistics: { mean: KerasTensor; variance: KerasTensor; gamma?: KerasTensor; beta?: KerasTensor },
  epsilon: number,
): KerasTensor {
  const channels = input.shape.at(-1)!;
  const { mean, variance, gamma, beta } = statistics;
  return tensorOf(
    input.shape,
    input.data.map((value, i) => {
      const c = i % channels;
      const normal = (value - mean.data[c]) / Math.sqrt(variance.data[c] + epsilon);
      return normal * (gamma?.data[c] ?? 1) + (beta?.data[c] ?? 0);
    }),
  );
}

/** Element by element; sizes of 1 are repeated. */
function elementwise(a: KerasTensor, b: KerasTensor, of: (x: number, y: number) => number): KerasTensor {
  const shape = a.shape.map((size, axis) => Math.max(size, b.shape[axis]));
  const read = ({ shape: own, data }: KerasTensor, at: readonly number[]): number =>
    data[own.reduce((index, size, axis) => index * size + (size === 1 ? 0 : at[axis]), 0)];
  return tensorOf(
    shape,
    positions(shape).map((at) => of(read(a, at), read(b, at))),
  );
}

/** Every position of an array, row-major. */
function positions(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (before, size) => before.flatMap((at) => Array.from({ length: size }, (_, i) => [...at, i])),
    [[]],
  );
}

export const addition = (a: KerasTensor, b: KerasTensor): KerasTensor => elementwise(a, b, (x, y) => x + y);
export const multiplication = (a: KerasTensor, b: KerasTensor): KerasTensor =>
  elementwise(a, b, (x, y) => x * y);

/** Tensors one behind another along an axis. */
export function concatenate(inputs: readonly KerasTensor[], axis: number): KerasTensor {
  const along = axis < 0 ? axis + inputs[0].shape.length : axis;
  const shape = inputs[0].shape.with(
    along,
    inputs.reduce((total, input) => total + input.shape[along], 0),
  );
  // For every place along the axis: the input it comes from, and where it lies there.
  const sources = inputs.flatMap((input) =>
    Array.from({ length: input.shape[along] }, (_, i) => ({ input, i })),
  );
  const values = positions(shape).map((at) => {
    const { input, i } = sources[at[along]];
    const own = at.with(along, i);
    return input.data[input.shape.reduce((index, size, axis) => index * size + own[axis], 0)];
  });
  return tensorOf(shape, values);
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

/** The elementwise activations by Keras's names, from https://keras.io/api/layers/activations/. */
export const ELEMENTWISE: Readonly<Record<string, (x: number) => number>> = {
  linear: (x) => x,
  relu: (x) => Math.max(0, x),
  relu6: (x) => Math.min(6, Math.max(0, x)),
  leaky_relu: (x) => (x >= 0 ? x : 0.2 * x),
  elu: (x) => (x > 0 ? x : Math.exp(x) - 1),
  selu: (x) => SELU_SCALE * (x > 0 ? x : SELU_ALPHA * (Math.exp(x) - 1)),
  sigmoid,
  tanh: Math.tanh,
  softplus: (x) => Math.log(1 + Math.exp(x)),
  gelu: (x) => x * normalBelow(x),
  silu: (x) => x * sigmoid(x),
  hard_swish: (x) => (x * Math.min(6, Math.max(0, x + 3))) / 6,
};

/** P(X ≤ x) of a standard normal, by Simpson's rule. */
function normalBelow(x: number): number {
  const density = (t: number): number => Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
  const steps = 2000;
  const width = x / steps;
  let sum = density(0) + density(x);
  for (let i = 1; i < steps; i++) sum += (i % 2 === 1 ? 4 : 2) * density(i * width);
  return 0.5 + (sum * width) / 3;
}

/** By name; softmax goes over the last axis. */
export function activation(name: string, input: KerasTensor): KerasTensor {
  if (name !== 'softmax') return tensorOf(input.shape, input.data.map(ELEMENTWISE[name]));
  const length = input.shape.at(-1)!;
  const output = tensorOf(input.shape, input.data);
  for (let start = 0; start < output.data.length; start += length) {
    const row = output.data.subarray(start, start + length);
    const largest = Math.max(...row);
    const exponentials = row.map((value) => Math.exp(value - largest));
    const sum = exponentials.reduce((total, value) => total + value, 0);
    row.set(exponentials.map((value) => value / sum));
  }
  return output;
}
