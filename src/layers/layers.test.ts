/** Every layer against Keras's definition: see `checkLayer`. */
import { describe, expect, it } from 'vitest';
import { checkLayer, type LayerCase, type MergeCase } from '../../test/layers/check-layer.ts';
import {
  activation,
  addition,
  batchNormalization,
  concatenate,
  conv2d,
  dense,
  depthwiseConv2d,
  flatten,
  globalAverage,
  globalMaximum,
  type KerasTensor,
  multiplication,
  type Pair,
  pooling2d,
  tensorOf,
  zeroPadding,
} from '../../test/layers/keras.ts';
import { createGraph } from '../ops/index.ts';
import {
  ACTIVATION_NAMES,
  Activation,
  Add,
  AveragePooling2D,
  BatchNormalization,
  type BatchNormalizationOptions,
  Concatenate,
  type ConcatenateOptions,
  Conv2D,
  type Conv2DOptions,
  type ConvolutionOptions,
  Dense,
  type DenseOptions,
  DepthwiseConv2D,
  type DepthwiseConv2DOptions,
  Dropout,
  Flatten,
  GlobalAveragePooling2D,
  GlobalMaxPooling2D,
  LAYERS,
  Layer,
  LayerScale,
  MaxPooling2D,
  Multiply,
  OnnxGraph,
  PatchWhitening2D,
  type PoolingOptions,
  Rescaling,
  Reshape,
  SeparableConv2D,
  type SeparableConv2DOptions,
  structureOf,
  ZeroPadding2D,
} from './index.ts';

const both = (value: number | Pair | undefined, otherwise: Pair): Pair =>
  typeof value === 'number' ? [value, value] : (value ?? otherwise);

function convolution(
  options: Conv2DOptions,
  input: Pair | readonly number[],
  output: readonly number[],
): LayerCase {
  const [kernelHeight, kernelWidth] = both(options.kernelSize, [1, 1]);
  const { filters, groups = 1, useBias = true } = options;
  return {
    layer: () => new Conv2D(options),
    input,
    output,
    parameters: (kernelHeight * kernelWidth * input[2] * filters) / groups + (useBias ? filters : 0),
    forward: (x, weight) =>
      activation(
        options.activation ?? 'linear',
        conv2d(x, weight('kernel'), useBias ? weight('bias') : undefined, {
          strides: both(options.strides, [1, 1]),
          dilations: both(options.dilationRate, [1, 1]),
          padding: options.padding,
          groups,
        }),
      ),
  };
}

function depthwise(
  options: DepthwiseConv2DOptions,
  input: readonly number[],
  output: readonly number[],
): LayerCase {
  const [kernelHeight, kernelWidth] = both(options.kernelSize, [1, 1]);
  const { useBias = true } = options;
  return {
    layer: () => new DepthwiseConv2D(options),
    input,
    output,
    parameters: kernelHeight * kernelWidth * output[2] + (useBias ? output[2] : 0),
    forward: (x, weight) =>
      activation(
        options.activation ?? 'linear',
        depthwiseConv2d(x, weight('kernel'), useBias ? weight('bias') : undefined, windowOf(options)),
      ),
  };
}

function separable(
  options: SeparableConv2DOptions,
  input: readonly number[],
  output: readonly number[],
): LayerCase {
  const [kernelHeight, kernelWidth] = both(options.kernelSize, [1, 1]);
  const { filters, useBias = true, depthMultiplier = 1 } = options;
  const between = input[2] * depthMultiplier;
  return {
    layer: () => new SeparableConv2D(options),
    input,
    output,
    parameters: between * (kernelHeight * kernelWidth + filters) + (useBias ? filters : 0),
    forward: (x, weight) => {
      const apart = depthwiseConv2d(x, weight('depthwise_kernel'), undefined, windowOf(options));
      const mixed = conv2d(apart, weight('pointwise_kernel'), useBias ? weight('bias') : undefined);
      return activation(options.activation ?? 'linear', mixed);
    },
  };
}

/** A graph of images (4, 5) of 6 channels: a pointwise convolution to 7, ReLU, the mean. */
function pooledConvolution(): string {
  const graph = createGraph('imported');
  const image = graph.input('image', 'float32', ['N', 6, 5, 4]);
  const kernel = graph.input('kernel', 'float32', [7, 6, 1, 1]);
  const bias = graph.input('bias', 'float32', [7]);
  const y = graph.op('Relu', [graph.op('Conv', [image, kernel, bias])]);
  graph.output(graph.op('Flatten', [graph.op('GlobalAveragePool', [y])]), 'features');
  return structureOf(graph.build());
}

function windowOf({ strides, dilationRate, padding }: ConvolutionOptions) {
  return { strides: both(strides, [1, 1]), dilations: both(dilationRate, [1, 1]), padding };
}

function pooling(
  kind: 'max' | 'average',
  options: PoolingOptions,
  input: readonly number[],
  output: readonly number[],
): LayerCase {
  const size = both(options.poolSize, [2, 2]);
  return {
    layer: () => new (kind === 'max' ? MaxPooling2D : AveragePooling2D)(options),
    input,
    output,
    parameters: 0,
    forward: (x) =>
      pooling2d(x, kind, size, { strides: both(options.strides, size), padding: options.padding }),
  };
}

function fullyConnected(options: DenseOptions, inputs: number): LayerCase {
  const { units, useBias = true } = options;
  return {
    layer: () => new Dense(options),
    input: [inputs],
    output: [units],
    parameters: inputs * units + (useBias ? units : 0),
    forward: (x, weight) =>
      activation(
        options.activation ?? 'linear',
        dense(x, weight('kernel'), useBias ? weight('bias') : undefined),
      ),
  };
}

function normalization(options: BatchNormalizationOptions, input: readonly number[]): LayerCase {
  const { center = true, scale = true, epsilon = 1e-3 } = options;
  return {
    layer: () => new BatchNormalization(options),
    input,
    output: input,
    parameters: input.at(-1)! * (2 + Number(center) + Number(scale)),
    forward: (x, weight) =>
      batchNormalization(
        x,
        {
          mean: weight('moving_mean'),
          variance: weight('moving_variance'),
          gamma: scale ? weight('gamma') : undefined,
          beta: center ? weight('beta') : undefined,
        },
        epsilon,
      ),
  };
}

function joined(
  options: ConcatenateOptions,
  inputs: readonly (readonly number[])[],
  output: readonly number[],
): MergeCase {
  return {
    layer: () => new Concatenate(options),
    inputs,
    output,
    forward: (...tensors: KerasTensor[]) => concatenate(tensors, options.axis ?? -1),
  };
}

function reshaping(
  input: readonly number[],
  targetShape: readonly number[],
  output: readonly number[],
): LayerCase {
  return {
    layer: () => new Reshape({ targetShape }),
    input,
    output,
    parameters: 0,
    forward: ({ shape, data }) => tensorOf([shape[0], ...output], data),
  };
}

const CASES: Readonly<Record<string, LayerCase | MergeCase>> = {
  'Conv2D, valid': convolution({ filters: 4, kernelSize: 3 }, [6, 5, 3], [4, 3, 4]),
  'Conv2D, same, even image': convolution(
    { filters: 4, kernelSize: 3, padding: 'same' },
    [6, 4, 3],
    [6, 4, 4],
  ),
  'Conv2D, same, even kernel': convolution(
    { filters: 3, kernelSize: 2, padding: 'same' },
    [5, 6, 3],
    [5, 6, 3],
  ),
  'Conv2D, same, kernel 4 × 5, strides 2 × 3': convolution(
    { filters: 5, kernelSize: [4, 5], strides: [2, 3], padding: 'same', activation: 'relu' },
    [7, 8, 4],
    [4, 3, 5],
  ),
  'Conv2D, same, strides 2 on an even image': convolution(
    { filters: 4, kernelSize: 3, strides: 2, padding: 'same' },
    [8, 6, 3],
    [4, 3, 4],
  ),
  'Conv2D, same, strides larger than the kernel': convolution(
    { filters: 4, kernelSize: 1, strides: 3, padding: 'same' },
    [7, 8, 3],
    [3, 3, 4],
  ),
  'Conv2D, valid, strides that leave a remainder': convolution(
    { filters: 4, kernelSize: [2, 3], strides: 2 },
    [7, 8, 3],
    [3, 3, 4],
  ),
  'Conv2D, dilated': convolution(
    { filters: 4, kernelSize: [3, 2], dilationRate: [2, 3], padding: 'same' },
    [7, 8, 3],
    [7, 8, 4],
  ),
  'Conv2D, groups': convolution(
    { filters: 6, kernelSize: 3, groups: 2, useBias: false },
    [5, 5, 4],
    [3, 3, 6],
  ),
  'Conv2D, depthwise, softmax over channels': convolution(
    { filters: 8, kernelSize: 3, groups: 4, padding: 'same', activation: 'softmax' },
    [4, 5, 4],
    [4, 5, 8],
  ),
  'DepthwiseConv2D, valid': depthwise({ kernelSize: 3 }, [6, 5, 4], [4, 3, 4]),
  'DepthwiseConv2D, same, two outputs a channel, strides 2': depthwise(
    { kernelSize: [3, 2], depthMultiplier: 2, strides: 2, padding: 'same', activation: 'relu' },
    [6, 5, 4],
    [3, 3, 8],
  ),
  'DepthwiseConv2D, dilated, without bias': depthwise(
    { kernelSize: 2, dilationRate: 2, padding: 'same', useBias: false },
    [5, 6, 3],
    [5, 6, 3],
  ),
  'SeparableConv2D, same': separable(
    { filters: 6, kernelSize: 3, padding: 'same', activation: 'relu' },
    [5, 4, 3],
    [5, 4, 6],
  ),
  'SeparableConv2D, strides, two between, without bias': separable(
    { filters: 5, kernelSize: [2, 3], depthMultiplier: 2, strides: [1, 2], useBias: false },
    [6, 7, 3],
    [5, 3, 5],
  ),
  ...Object.fromEntries(
    (
      [
        [
          undefined,
          [
            [1, 1],
            [1, 1],
          ],
          [5, 6, 3],
        ],
        [
          2,
          [
            [2, 2],
            [2, 2],
          ],
          [7, 8, 3],
        ],
        [
          [0, 1],
          [
            [0, 0],
            [1, 1],
          ],
          [3, 6, 3],
        ],
        [
          [
            [1, 0],
            [0, 2],
          ],
          [
            [1, 0],
            [0, 2],
          ],
          [4, 6, 3],
        ],
      ] as const
    ).map(([padding, sides, output]): [string, LayerCase] => [
      `ZeroPadding2D of ${JSON.stringify(padding)}`,
      {
        layer: () => new ZeroPadding2D(padding === undefined ? {} : { padding }),
        input: [3, 4, 3],
        output,
        parameters: 0,
        forward: (x) => zeroPadding(x, sides),
      },
    ]),
  ),
  'LayerScale, on images': {
    layer: () => new LayerScale({ initialValue: 0.1 }),
    input: [3, 4, 5],
    output: [3, 4, 5],
    parameters: 5,
    forward: (x, weight) => multiplication(x, tensorOf([1, 1, 1, 5], weight('gamma').data)),
  },
  'LayerScale, on rows': {
    layer: () => new LayerScale(),
    input: [6],
    output: [6],
    parameters: 6,
    forward: (x, weight) => multiplication(x, tensorOf([1, 6], weight('gamma').data)),
  },
  'Rescaling, on images': {
    layer: () => new Rescaling({ scale: 0.5, offset: -1 }),
    input: [3, 4, 5],
    output: [3, 4, 5],
    parameters: 0,
    forward: ({ shape, data }) =>
      tensorOf(
        shape,
        data.map((value) => value * 0.5 - 1),
      ),
  },
  'Rescaling, on rows': {
    layer: () => new Rescaling({ scale: 3 }),
    input: [6],
    output: [6],
    parameters: 0,
    forward: ({ shape, data }) =>
      tensorOf(
        shape,
        data.map((value) => value * 3),
      ),
  },
  'MaxPooling2D, default': pooling('max', {}, [6, 5, 3], [3, 2, 3]),
  'MaxPooling2D, strides of its own size': pooling('max', { poolSize: 3 }, [7, 6, 3], [2, 2, 3]),
  'MaxPooling2D, same, odd': pooling('max', { poolSize: 2, padding: 'same' }, [5, 7, 4], [3, 4, 4]),
  'MaxPooling2D, overlapping, same': pooling(
    'max',
    { poolSize: 3, strides: 2, padding: 'same' },
    [6, 7, 3],
    [3, 4, 3],
  ),
  'MaxPooling2D, 3 × 2 with strides 1 × 2': pooling(
    'max',
    { poolSize: [3, 2], strides: [1, 2] },
    [5, 6, 3],
    [3, 3, 3],
  ),
  'AveragePooling2D, default': pooling('average', {}, [6, 5, 3], [3, 2, 3]),
  'AveragePooling2D, same, overlapping': pooling(
    'average',
    { poolSize: 3, strides: 2, padding: 'same' },
    [6, 7, 3],
    [3, 4, 3],
  ),
  'AveragePooling2D, 2 × 3': pooling('average', { poolSize: [2, 3], strides: 1 }, [4, 5, 2], [3, 3, 2]),
  'AveragePooling2D, strides of its own size': pooling('average', { poolSize: [3, 1] }, [7, 4, 3], [2, 4, 3]),
  GlobalAveragePooling2D: {
    layer: () => new GlobalAveragePooling2D(),
    input: [4, 5, 6],
    output: [6],
    parameters: 0,
    forward: globalAverage,
  },
  'GlobalAveragePooling2D, keepdims': {
    layer: () => new GlobalAveragePooling2D({ keepdims: true }),
    input: [4, 5, 6],
    output: [1, 1, 6],
    parameters: 0,
    forward: (x) => tensorOf([x.shape[0], 1, 1, 6], globalAverage(x).data),
  },
  OnnxGraph: {
    layer: () => new OnnxGraph({ graph: pooledConvolution() }),
    input: [5, 4, 6],
    output: [7],
    parameters: 6 * 7 + 7,
    forward: (x, weight) => {
      // The graph's kernel is (filters, channels, 1, 1).
      const own = weight('kernel').data;
      const kernel = tensorOf(
        [1, 1, 6, 7],
        Float64Array.from({ length: 42 }, (_, i) => own[(i % 7) * 6 + Math.floor(i / 7)]),
      );
      return globalAverage(activation('relu', conv2d(x, kernel, weight('bias'))));
    },
  },
  PatchWhitening2D: {
    layer: () => new PatchWhitening2D({ kernelSize: 2 }),
    input: [5, 4, 3],
    output: [4, 3, 24],
    parameters: 2 * 2 * 3 * 24 + 24,
    forward: (x, weight) => conv2d(x, weight('kernel'), weight('bias'), {}),
  },
  GlobalMaxPooling2D: {
    layer: () => new GlobalMaxPooling2D(),
    input: [4, 5, 6],
    output: [6],
    parameters: 0,
    forward: globalMaximum,
  },
  'GlobalMaxPooling2D, keepdims': {
    layer: () => new GlobalMaxPooling2D({ keepdims: true }),
    input: [3, 2, 4],
    output: [1, 1, 4],
    parameters: 0,
    forward: (x) => tensorOf([x.shape[0], 1, 1, 4], globalMaximum(x).data),
  },
  Flatten: { layer: () => new Flatten(), input: [3, 4, 5], output: [60], parameters: 0, forward: flatten },
  'Flatten of a row': {
    layer: () => new Flatten(),
    input: [8],
    output: [8],
    parameters: 0,
    forward: flatten,
  },
  'Reshape of a row': reshaping([24], [2, 3, 4], [2, 3, 4]),
  'Reshape of a row to one cell': reshaping([5], [1, 1, -1], [1, 1, 5]),
  'Reshape of an image': reshaping([2, 6, 3], [4, -1, 1], [4, 9, 1]),
  'Reshape of an image to a row': reshaping([2, 3, 4], [-1], [24]),
  'Add, three images': {
    layer: () => new Add(),
    inputs: [
      [3, 4, 5],
      [3, 4, 5],
      [3, 4, 5],
    ],
    output: [3, 4, 5],
    forward: (...inputs: KerasTensor[]) => inputs.reduce(addition),
  },
  'Add, rows': { layer: () => new Add(), inputs: [[6], [6]], output: [6], forward: addition },
  'Multiply, channels scaled': {
    layer: () => new Multiply(),
    inputs: [
      [3, 4, 5],
      [1, 1, 5],
    ],
    output: [3, 4, 5],
    forward: multiplication,
  },
  'Multiply, cells masked': {
    layer: () => new Multiply(),
    inputs: [
      [3, 4, 5],
      [3, 4, 1],
    ],
    output: [3, 4, 5],
    forward: multiplication,
  },
  'Concatenate, channels': joined(
    {},
    [
      [3, 4, 5],
      [3, 4, 2],
      [3, 4, 1],
    ],
    [3, 4, 8],
  ),
  'Concatenate, height': joined(
    { axis: 1 },
    [
      [3, 4, 2],
      [1, 4, 2],
    ],
    [4, 4, 2],
  ),
  'Concatenate, width': joined(
    { axis: -2 },
    [
      [3, 4, 2],
      [3, 2, 2],
    ],
    [3, 6, 2],
  ),
  'Concatenate, rows': joined({ axis: 1 }, [[4], [3]], [7]),
  'Dense, default': fullyConnected({ units: 5 }, 7),
  'Dense, without bias, tanh': fullyConnected({ units: 6, useBias: false, activation: 'tanh' }, 4),
  'Dense, softmax': fullyConnected({ units: 6, activation: 'softmax' }, 4),
  'Dropout, on images': {
    layer: () => new Dropout({ rate: 0.25 }),
    input: [3, 4, 2],
    output: [3, 4, 2],
    parameters: 0,
    forward: (x) => x,
  },
  'Dropout, on rows': {
    layer: () => new Dropout({ rate: 0.3 }),
    input: [16],
    output: [16],
    parameters: 0,
    forward: (x) => x,
  },
  'Dropout, of nothing': {
    layer: () => new Dropout({ rate: 0 }),
    input: [9],
    output: [9],
    parameters: 0,
    forward: (x) => x,
  },
  'BatchNormalization, on images': normalization({}, [3, 4, 5]),
  'BatchNormalization, on rows': normalization({ momentum: 0.9 }, [6]),
  'BatchNormalization, without scale': normalization({ scale: false, epsilon: 0.01 }, [3, 4, 5]),
  'BatchNormalization, without offset': normalization({ center: false }, [3, 4, 5]),
  'BatchNormalization, without either': normalization({ center: false, scale: false }, [6]),
  ...Object.fromEntries(
    ACTIVATION_NAMES.flatMap((name) =>
      [[3, 4, 5], [12]].map((input): [string, LayerCase] => [
        `Activation, ${name}, ${input.length === 1 ? 'on rows' : 'on images'}`,
        {
          layer: () => new Activation(name),
          input,
          output: input,
          parameters: 0,
          forward: (x) => activation(name, x),
        },
      ]),
    ),
  ),
};

describe('layers', () => {
  it.each(Object.entries(CASES))('%s', (_, each) => checkLayer(each));

  it('all have a case', () => {
    const checked = new Set(Object.values(CASES).map(({ layer }) => layer().type));
    expect([...checked].sort()).toEqual(Object.keys(LAYERS).sort());
    for (const [name, Class] of Object.entries(LAYERS)) expect(Class.prototype, name).toBeInstanceOf(Layer);
  });
});
