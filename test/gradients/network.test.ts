/** The training step of whole networks against differences of the same networks in float64. */
import { describe, expect, it } from 'vitest';
import { random } from '../../src/data/random.ts';
import {
  Activation,
  AveragePooling2D,
  BatchNormalization,
  Conv2D,
  Dense,
  Dropout,
  Flatten,
  GlobalAveragePooling2D,
  type Layer,
  MaxPooling2D,
} from '../../src/layers/index.ts';
import { Network } from '../../src/models/index.ts';
import { numbersOf, type Tensor, tensor } from '../../src/onnx/index.ts';
import { nodeRuntime } from '../../src/platform/node/runtime.ts';
import { buildStepGraph, CORRECT, gradientName, LOSS } from '../../src/training/step-graph.ts';
import { type OracleTensor, oracle } from '../oracle/index.ts';
import { map, sizeOf } from '../oracle/tensor.ts';
import { SEED } from './check.ts';
import { batchNormalizationTraining } from './references.ts';

const BATCH = 3;
const SIZE = 6;
const CLASSES = 4;
/** Small, so that no ReLU and no maximum changes sides on the way. */
const STEP = 1e-6;
const TOLERANCE = 2e-5;

type Values = Readonly<Record<string, OracleTensor>>;

interface Example {
  name: string;
  layers: Layer[];
  labelSmoothing?: number;
  /** Scores before the softmax, from pixels of 0–1, channels first. */
  forward: (image: OracleTensor, values: Values) => OracleTensor;
}

const run = (op: string, inputs: OracleTensor[], attributes = {}): OracleTensor =>
  oracle[op](inputs, attributes)[0];
const relu = (x: OracleTensor) => run('Relu', [x]);

const examples: Example[] = [
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
];

function crossentropy(scores: OracleTensor, targets: Float64Array, smoothing: number): number {
  const logarithms = run('LogSoftmax', [scores]).data;
  return (
    -logarithms.reduce(
      (sum, value, i) => sum + value * ((1 - smoothing) * targets[i] + smoothing / CLASSES),
      0,
    ) / BATCH
  );
}

/** Everything that is fed: pixels, targets, masks, parameters. */
function draw(network: Network, masks: readonly { name: string; shape: readonly number[]; rate: number }[]) {
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

describe.each(['cpu', 'webgpu'] as const)('the training step, lowered for %s', (target) => {
  for (const { name, layers, labelSmoothing = 0, forward } of examples) {
    it(`${name} (seed ${SEED})`, async () => {
      const network = new Network({ inputShape: [SIZE, SIZE, 3], layers });
      const { model, masks } = buildStepGraph(network, { batch: BATCH, target, loss: { labelSmoothing } });
      const feeds = draw(network, masks);
      const executable = await nodeRuntime({ threads: 1 }).compile(model);
      const outputs = await executable.step(feeds);
      await executable.dispose();

      const values: Record<string, OracleTensor> = Object.fromEntries(
        Object.entries(feeds).map(([key, t]) => [
          key,
          { dims: [...t.dims], data: Float64Array.from(numbersOf(t)) },
        ]),
      );
      const pixels = map(run('Transpose', [values.image], { perm: [0, 3, 1, 2] }), (pixel) => pixel / 255);
      const lossOf = (given: Values): number =>
        crossentropy(forward(pixels, given), values.targets.data, labelSmoothing);

      expect(numbersOf(outputs[LOSS])[0]).toBeCloseTo(lossOf(values), 5);
      const scores = run('ArgMax', [forward(pixels, values)], { axis: 1, keepdims: 0 }).data;
      expect(numbersOf(outputs[CORRECT])[0]).toBe(scores.filter((best, i) => best === i).length);

      for (const { name, trainable } of network.parameters) {
        if (!trainable) continue;
        const actual = numbersOf(outputs[gradientName(name)]);
        const expected = Array.from(values[name].data, (value, i) => {
          const moved = (by: number): number => {
            const { dims, data } = values[name];
            return lossOf({ ...values, [name]: { dims, data: data.with(i, value + by) } });
          };
          return (moved(STEP) - moved(-STEP)) / (2 * STEP);
        });
        const size = Math.max(...expected.map(Math.abs));
        expect(size, `${name} has a gradient`).toBeGreaterThan(1e-3);
        const error = Math.max(...actual.map((value, i) => Math.abs(value - expected[i])));
        expect(error / size, `${name}: [${actual}], not [${expected}]`).toBeLessThanOrEqual(TOLERANCE);
        expect(actual).toHaveLength(expected.length);
      }
    });
  }
});
