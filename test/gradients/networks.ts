/** Small whole networks, each with the same network in float64. */
import { random } from '../../src/data/random.ts';
import {
  Activation,
  Add,
  AveragePooling2D,
  BatchNormalization,
  Concatenate,
  Conv2D,
  Dense,
  DepthwiseConv2D,
  Dropout,
  Flatten,
  GlobalAveragePooling2D,
  GlobalMaxPooling2D,
  Input,
  type Layer,
  LayerScale,
  MaxPooling2D,
  Multiply,
  Rescaling,
  Reshape,
  SeparableConv2D,
  type SymbolicTensor,
  ZeroPadding2D,
} from '../../src/layers/index.ts';
import { Network } from '../../src/models/index.ts';
import { type Tensor, tensor } from '../../src/onnx/index.ts';
import { type OracleTensor, oracle } from '../oracle/index.ts';
import { map, sizeOf } from '../oracle/tensor.ts';
import { SEED } from './check.ts';
import { batchNormalizationTraining } from './references.ts';

export const BATCH = 3;
export const SIZE = 6;
export const CLASSES = 4;

export type Values = Readonly<Record<string, OracleTensor>>;

export interface Example {
  name: string;
  /** One after another; or else `outputs`. */
  layers?: Layer[];
  outputs?: (image: Input) => SymbolicTensor;
  labelSmoothing?: number;
  /** Scores before the softmax, from pixels of 0–1, channels first. */
  forward: (image: OracleTensor, values: Values) => OracleTensor;
}

export const run = (op: string, inputs: OracleTensor[], attributes = {}): OracleTensor =>
  oracle[op](inputs, attributes)[0];
const relu = (x: OracleTensor) => run('Relu', [x]);

export const examples: Example[] = [
  {
    name: 'convolution, ReLU, maximum, dense, dropout, softmax',
    layers: [
      new Conv2D({ filters: 2, kernelSize: 3, padding: 'same', activation: 'relu' }),
      new MaxPooling2D(),
      new Flatten(),
      new Dense({ units: 5, activation: 'relu' }),
      new Dropout({ rate: 0.3 }),
      new Dense({ units: CLASSES, activation: 'softmax' }),
    ],
    forward: (image, v) => {
      const conv = run('Conv', [image, v['conv2d/kernel'], v['conv2d/bias']], { pads: [1, 1, 1, 1] });
      const pooled = run('MaxPool', [relu(conv)], { kernel_shape: [2, 2], strides: [2, 2] });
      const flat = run('Flatten', [pooled]);
      const dense = relu(run('Gemm', [flat, v['dense/kernel'], v['dense/bias']]));
      return run('Gemm', [run('Mul', [dense, v['dropout/mask']]), v['dense_1/kernel'], v['dense_1/bias']]);
    },
  },
  {
    name: 'strides, groups, batch normalization, SiLU, GELU, overlapping maximum, means, smoothed labels',
    labelSmoothing: 0.1,
    layers: [
      new Conv2D({ filters: 4, kernelSize: 3, strides: 2, padding: 'same', useBias: false }),
      new BatchNormalization({ epsilon: 0.01 }),
      new Activation('silu'),
      new MaxPooling2D({ poolSize: 2, strides: 1 }),
      new Conv2D({ filters: 4, kernelSize: 2, groups: 2, padding: 'same', activation: 'gelu' }),
      new AveragePooling2D({ poolSize: 2, strides: 1, padding: 'same' }),
      new GlobalAveragePooling2D(),
      new Dense({ units: CLASSES }),
    ],
    forward: (image, v) => {
      const conv = run('Conv', [image, v['conv2d/kernel']], { strides: [2, 2], pads: [0, 0, 1, 1] });
      const [gamma, beta] = ['gamma', 'beta'].map((name) => v[`batch_normalization/${name}`]);
      const [normal] = batchNormalizationTraining([conv, gamma, beta], { epsilon: { float: 0.01 } });
      const silu = map(normal, (x) => x / (1 + Math.exp(-x)));
      const pooled = run('MaxPool', [silu], { kernel_shape: [2, 2] });
      const inputs = [pooled, v['conv2d_1/kernel'], v['conv2d_1/bias']];
      const gelu = run('Gelu', [run('Conv', inputs, { group: 2, pads: [0, 0, 1, 1] })]);
      const means = run('AveragePool', [gelu], { kernel_shape: [2, 2], pads: [0, 0, 1, 1] });
      const flat = run('Flatten', [run('GlobalAveragePool', [means])]);
      return run('Gemm', [flat, v['dense/kernel'], v['dense/bias']]);
    },
  },
  {
    name: 'a residual block of one convolution used twice, squeeze and excite, rows of different order',
    outputs: (image) => {
      const shared = new Conv2D({ filters: 3, kernelSize: 3, padding: 'same', name: 'shared' });
      const twice = shared.apply(new Activation('tanh').apply(shared.apply(image)));
      const x = new Add().apply([image, twice]);
      const weights = x.through(
        new GlobalAveragePooling2D(),
        new Dense({ units: 3, activation: 'sigmoid', name: 'excite' }),
        new Reshape({ targetShape: [1, 1, 3] }),
      );
      const y = new Multiply().apply([x, weights]);
      const rows = [y, x].map((each) => each.through(new AveragePooling2D(), new Flatten()));
      const mixed = new Dense({ units: 27, activation: 'tanh', name: 'mixed' }).apply(rows[0]);
      const sum = new Add().apply([mixed, rows[1]]);
      return new Dense({ units: CLASSES, name: 'last' }).apply(new Concatenate().apply([sum, rows[0]]));
    },
    forward: (image, v) => {
      const conv = (x: OracleTensor) =>
        run('Conv', [x, v['shared/kernel'], v['shared/bias']], { pads: [1, 1, 1, 1] });
      const x = run('Add', [image, conv(run('Tanh', [conv(image)]))]);
      const means = run('Flatten', [run('GlobalAveragePool', [x])]);
      const gates = run('Sigmoid', [run('Gemm', [means, v['excite/kernel'], v['excite/bias']])]);
      const y = run('Mul', [x, { dims: [BATCH, 3, 1, 1], data: gates.data }]);
      const means2 = (t: OracleTensor) => run('AveragePool', [t], { kernel_shape: [2, 2], strides: [2, 2] });
      const [a, b] = [means2(y), means2(x)];
      const inOrder = (t: OracleTensor) => run('Flatten', [run('Transpose', [t], { perm: [0, 2, 3, 1] })]);
      // The kernel of a Dense after Flatten is in the graph's order.
      const inputs = [run('Flatten', [a]), v['mixed/kernel'], v['mixed/bias']];
      const sum = run('Add', [run('Tanh', [run('Gemm', inputs)]), inOrder(b)]);
      const rows = run('Concat', [sum, inOrder(a)], { axis: 1 });
      return run('Gemm', [rows, v['last/kernel'], v['last/bias']]);
    },
  },
  {
    name: 'depthwise and separable convolutions, padding, scales, global maximum',
    layers: [
      new ZeroPadding2D({
        padding: [
          [1, 0],
          [0, 2],
        ],
      }),
      new DepthwiseConv2D({ kernelSize: 3, depthMultiplier: 2, strides: 2, padding: 'same' }),
      new LayerScale({ initialValue: 0.5 }),
      new Activation('tanh'),
      new SeparableConv2D({ filters: 5, kernelSize: 3, padding: 'same', activation: 'gelu' }),
      new GlobalMaxPooling2D(),
      new LayerScale({ name: 'rows' }),
      new Dense({ units: CLASSES }),
      new Rescaling({ scale: 0.5, offset: 0.25 }),
    ],
    forward: (image, v) => {
      const padded = run('Pad', [image, { dims: [8], data: Float64Array.of(0, 0, 1, 0, 0, 0, 0, 2) }]);
      const apart = run('Conv', [padded, v['depthwise_conv2d/kernel'], v['depthwise_conv2d/bias']], {
        group: 3,
        strides: [2, 2],
        // 7 rows and 8 columns: the columns need one cell more, behind.
        pads: [1, 0, 1, 1],
      });
      const x = run('Tanh', [run('Mul', [apart, v['layer_scale/gamma']])]);
      const kernels = ['depthwise_kernel', 'pointwise_kernel', 'bias'].map(
        (name) => v[`separable_conv2d/${name}`],
      );
      const depthwise = run('Conv', [x, kernels[0]], { group: 6, pads: [1, 1, 1, 1] });
      const y = run('Gelu', [run('Conv', [depthwise, kernels[1], kernels[2]])]);
      const maxima = run('Flatten', [run('MaxPool', [y], { kernel_shape: y.dims.slice(2) })]);
      const rows = run('Mul', [maxima, v['rows/gamma']]);
      return map(run('Gemm', [rows, v['dense/kernel'], v['dense/bias']]), (score) => score * 0.5 + 0.25);
    },
  },
];

export function networkOf({ layers, outputs }: Example): Network {
  const image = new Input({ shape: [SIZE, SIZE, 3] });
  return outputs
    ? new Network({ inputs: image, outputs: outputs(image) })
    : new Network({ inputShape: [SIZE, SIZE, 3], layers: layers! });
}

/** Everything that is fed: pixels, targets, masks, parameters. */
export function draw(
  network: Network,
  masks: readonly { name: string; shape: readonly number[]; rate: number }[],
) {
  const stream = random(SEED, 'gradients/network');
  const feed = (dims: readonly number[], value: () => number, type: Tensor['type'] = 'float32') =>
    tensor(type, dims, Array.from({ length: sizeOf(dims) }, value));
  const feeds: Record<string, Tensor> = {
    image: feed([BATCH, SIZE, SIZE, 3], () => stream.integer(256), 'uint8'),
    targets: tensor(
      'float32',
      [BATCH, CLASSES],
      Array.from({ length: BATCH * CLASSES }, (_, i) => Number(i % CLASSES === Math.floor(i / CLASSES))),
    ),
  };
  for (const { name, shape, rate } of masks) {
    feeds[name] = feed(shape, () => (stream.uniform() < rate ? 0 : 1 / (1 - rate)));
  }
  for (const { name, graphShape } of network.parameters) {
    // Far from 0, so that gradients of every parameter count.
    feeds[name] = feed(graphShape, () => 0.5 * stream.normal() + (name.endsWith('gamma') ? 1 : 0));
  }
  return feeds;
}
