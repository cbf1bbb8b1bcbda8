/**
 * Small image models as other programs export them: convolutions, batch normalization, pooling, and a layer of scores,
 * with random weights of a few kilobytes.
 */
import {
  elementCount,
  elementTypeCode,
  float,
  float32,
  type GraphBuilder,
  int64,
  type Model,
  modelOf,
  type Shape,
  type Tensor,
  type Value,
} from '../../src/onnx/index.ts';
import { createGraph } from '../../src/ops/index.ts';
import { normal } from '../gradients/check.ts';

export const [HEIGHT, WIDTH, CLASSES] = [12, 10, 5];

/** Normal numbers that a name stands for. */
export function numbers(name: string, dims: readonly number[], scale = 0.4): Tensor {
  return float32(
    dims,
    Float32Array.from(normal(elementCount(dims), `foreign/${name}`), (value) => value * scale),
  );
}

/** Positive numbers, for variances. */
export function positive(name: string, count: number): Tensor {
  return float32(
    [count],
    Float32Array.from(normal(count, `foreign/${name}`), (value) => 0.5 + value * value),
  );
}

/** How a model ends. */
export const HEADS = {
  'Gemm, transposed': (graph: GraphBuilder, pooled: Value) =>
    graph.op(
      'Gemm',
      [
        graph.op('Flatten', [pooled]),
        graph.initializer('fc.weight', numbers('fc.weight', [CLASSES, 8])),
        graph.initializer('fc.bias', numbers('fc.bias', [CLASSES])),
      ],
      { transB: 1 },
    ),
  'Gemm of a multiple, softmax': (graph: GraphBuilder, pooled: Value) =>
    graph.op(
      'Softmax',
      [
        graph.op(
          'Gemm',
          [
            graph.op('Reshape', [pooled, graph.constant(int64([-1, 8]))]),
            graph.initializer('fc.weight', numbers('fc.weight', [8, CLASSES])),
            graph.initializer('fc.bias', numbers('fc.bias', [1])),
          ],
          { alpha: float(0.5), beta: float(2) },
        ),
      ],
      { axis: 1 },
    ),
  'MatMul and Add': (graph: GraphBuilder, pooled: Value) =>
    graph.op('Add', [
      graph.initializer('fc.bias', numbers('fc.bias', [CLASSES])),
      graph.op('MatMul', [
        graph.op('Flatten', [pooled]),
        graph.initializer('fc.weight', numbers('fc.weight', [8, CLASSES])),
      ]),
    ]),
  'MatMul alone': (graph: GraphBuilder, pooled: Value) =>
    graph.op('MatMul', [
      graph.op('Flatten', [pooled]),
      graph.initializer('fc.weight', numbers('fc.weight', [8, CLASSES])),
    ]),
  'convolution 1 × 1': (graph: GraphBuilder, pooled: Value) =>
    graph.op('Flatten', [
      graph.op('Conv', [
        pooled,
        graph.initializer('fc.weight', numbers('fc.weight', [CLASSES, 8, 1, 1])),
        graph.initializer('fc.bias', numbers('fc.bias', [CLASSES])),
      ]),
    ]),
} as const;

/** A residual network: stem, batch normalization, a depthwise and a pointwise convolution, global pooling. */
export function residualNet(graph: GraphBuilder, image: Value): Value {
  const conv = (x: Value, name: string, dims: readonly number[], attributes = {}) =>
    graph.op('Conv', [x, graph.initializer(`${name}.weight`, numbers(`${name}.weight`, dims))], {
      kernel_shape: dims.slice(2),
      ...attributes,
    });
  const normalized = (x: Value, name: string, count: number) =>
    graph.op('BatchNormalization', [
      x,
      graph.initializer(`${name}.weight`, positive(`${name}.weight`, count)),
      graph.initializer(`${name}.bias`, numbers(`${name}.bias`, [count])),
      graph.initializer(`${name}.running_mean`, numbers(`${name}.running_mean`, [count])),
      graph.initializer(`${name}.running_var`, positive(`${name}.running_var`, count)),
    ]);
  const pads = { pads: [1, 1, 1, 1] };
  const stem = graph.op('Relu', [
    normalized(
      conv(image, 'stem', [8, Number(image.shape[1]), 3, 3], { ...pads, strides: [2, 2] }),
      'bn1',
      8,
    ),
  ]);
  const depthwise = normalized(conv(stem, 'dw', [8, 1, 3, 3], { ...pads, group: 8 }), 'bn2', 8);
  const pointwise = conv(graph.op('HardSwish', [depthwise]), 'pw', [8, 8, 1, 1]);
  // Before an activation, with no convolution to fold it into.
  const joined = normalized(graph.op('Add', [pointwise, stem]), 'bn3', 8);
  return graph.op('GlobalAveragePool', [graph.op('Relu', [joined])]);
}

/** How a model takes its image. */
export interface Ends {
  readonly type?: 'float32' | 'uint8' | 'float16';
  readonly channelsLast?: boolean;
  readonly channels?: 1 | 3;
  readonly batch?: Shape[number];
  /** Height and width. */
  readonly size?: Shape;
}

/** A model of an image input `input` and an output `output`. */
export function imageModel(
  build: (graph: GraphBuilder, image: Value) => Value,
  { type = 'float32', channelsLast = false, channels = 3, batch = 'N', size = [HEIGHT, WIDTH] }: Ends = {},
  metadata: Record<string, string> = {},
): Model {
  const graph = createGraph('exported');
  const shape = channelsLast ? [batch, ...size, channels] : [batch, channels, ...size];
  const input = graph.input('input', type, shape);
  const typed = type === 'float32' ? input : graph.op('Cast', [input], { to: elementTypeCode('float32') });
  const scaled = type === 'uint8' ? graph.op('Div', [typed, graph.constant(float32([], [255]))]) : typed;
  const image = channelsLast ? graph.op('Transpose', [scaled], { perm: [0, 3, 1, 2] }) : scaled;
  graph.output(build(graph, image), 'output');
  return modelOf(graph.build(), metadata);
}

/** A classifier that ends in one of `HEADS`. */
export function classifier(head: keyof typeof HEADS, ends?: Ends, metadata?: Record<string, string>): Model {
  return imageModel((graph, image) => HEADS[head](graph, residualNet(graph, image)), ends, metadata);
}
