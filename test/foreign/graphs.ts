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
  'Gemm over a temperature': (graph: GraphBuilder, pooled: Value) =>
    graph.op('Div', [
      graph.op('Gemm', [
        graph.op('Flatten', [pooled]),
        graph.initializer('fc.weight', numbers('fc.weight', [8, CLASSES])),
        graph.initializer('fc.bias', numbers('fc.bias', [CLASSES])),
      ]),
      graph.constant(float32([], [2.5])),
    ]),
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
  'Gemm, sigmoid': (graph: GraphBuilder, pooled: Value) =>
    graph.op('Sigmoid', [
      graph.op('Gemm', [
        graph.op('Flatten', [pooled]),
        graph.initializer('fc.weight', numbers('fc.weight', [8, CLASSES])),
        graph.initializer('fc.bias', numbers('fc.bias', [CLASSES])),
      ]),
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

/** How a model ends that gives one score for each image. */
export const SINGLE_HEADS = {
  sigmoid: (score: Value, graph: GraphBuilder) => graph.op('Sigmoid', [score]),
  'no sigmoid': (score: Value) => score,
  'scores of no single layer': (score: Value, graph: GraphBuilder) => graph.op('Add', [score, score]),
} as const;

/** A classifier of one score. */
export function singleScore(end: keyof typeof SINGLE_HEADS): Model {
  return imageModel((graph, image) => {
    const features = graph.op('Flatten', [residualNet(graph, image)]);
    const kernel = graph.initializer('fc.weight', numbers('fc.weight', [8, 1]));
    const bias = graph.initializer('fc.bias', numbers('fc.bias', [1]));
    return SINGLE_HEADS[end](graph.op('Gemm', [features, kernel, bias]), graph);
  });
}

/** A classifier that ends in one of `HEADS`. */
export function classifier(head: keyof typeof HEADS, ends?: Ends, metadata?: Record<string, string>): Model {
  return imageModel((graph, image) => HEADS[head](graph, residualNet(graph, image)), ends, metadata);
}

const weight = (graph: GraphBuilder, name: string, ...dims: number[]): Value =>
  graph.initializer(name, numbers(name, dims));
const scales = (graph: GraphBuilder, name: string, count: number): Value =>
  graph.initializer(name, positive(name, count));

/** MobileNetV3's parts: hard swish, a depthwise convolution, squeeze and excitation, a residual, ReLU6. */
function mobileNet(graph: GraphBuilder, image: Value): Value {
  const hardSwish = (x: Value) => graph.op('HardSwish', [x]);
  const stem = hardSwish(
    graph.op('Conv', [image, weight(graph, 'stem.weight', 6, 3, 3, 3), weight(graph, 'stem.bias', 6)], {
      pads: [1, 1, 1, 1],
      strides: [2, 2],
    }),
  );
  const depthwise = graph.op('BatchNormalization', [
    graph.op('Conv', [stem, weight(graph, 'dw.weight', 6, 1, 3, 3)], { pads: [1, 1, 1, 1], group: 6 }),
    scales(graph, 'bn.weight', 6),
    weight(graph, 'bn.bias', 6),
    weight(graph, 'bn.running_mean', 6),
    scales(graph, 'bn.running_var', 6),
  ]);
  const squeezed = graph.op('ReduceMean', [depthwise, graph.constant(int64([2, 3]))], { keepdims: 1 });
  const hidden = graph.op('Relu', [
    graph.op('Conv', [squeezed, weight(graph, 'se.fc1.weight', 4, 6, 1, 1), weight(graph, 'se.fc1.bias', 4)]),
  ]);
  const gate = graph.op('HardSigmoid', [
    graph.op('Conv', [hidden, weight(graph, 'se.fc2.weight', 6, 4, 1, 1), weight(graph, 'se.fc2.bias', 6)]),
  ]);
  const block = graph.op('Add', [graph.op('Mul', [depthwise, gate]), stem]);
  const last = graph.op('Clip', [
    graph.op('Conv', [block, weight(graph, 'head.weight', 8, 6, 1, 1), weight(graph, 'head.bias', 8)]),
    graph.constant(float32([], [0])),
    graph.constant(float32([], [6])),
  ]);
  return HEADS['Gemm, transposed'](graph, graph.op('GlobalAveragePool', [last]));
}

/** A transposed convolution, group normalization, Gelu, instance normalization, and a maximum over positions. */
function unusualNet(graph: GraphBuilder, image: Value): Value {
  const small = graph.op('Conv', [image, weight(graph, 'conv.weight', 4, 3, 3, 3)], { strides: [2, 2] });
  const large = graph.op(
    'ConvTranspose',
    [small, weight(graph, 'up.weight', 4, 6, 2, 2), weight(graph, 'up.bias', 6)],
    { strides: [2, 2] },
  );
  const grouped = graph.op(
    'GroupNormalization',
    [large, scales(graph, 'gn.weight', 6), weight(graph, 'gn.bias', 6)],
    { num_groups: 2 },
  );
  const mixed = graph.op('Conv', [graph.op('Gelu', [grouped]), weight(graph, 'mix.weight', 8, 6, 1, 1)]);
  const even = graph.op('InstanceNormalization', [
    mixed,
    scales(graph, 'in.weight', 8),
    weight(graph, 'in.bias', 8),
  ]);
  const slope = graph.initializer('prelu.weight', numbers('prelu.weight', [8, 1, 1]));
  const largest = graph.op('ReduceMax', [graph.op('PRelu', [even, slope]), graph.constant(int64([2, 3]))], {
    keepdims: 0,
  });
  return graph.op('Gemm', [
    largest,
    weight(graph, 'fc.weight', 8, CLASSES),
    weight(graph, 'fc.bias', CLASSES),
  ]);
}

/** Attention over patches with a class token; queries, keys and values in one product, taken apart by `Split`. */
function visionTransformer(graph: GraphBuilder, image: Value): Value {
  const [tokens, width, heads] = [5, 8, 2];
  const shaped = (x: Value, ...dims: number[]) => graph.op('Reshape', [x, graph.constant(int64(dims))]);
  const layerNorm = (x: Value, name: string) =>
    graph.op(
      'LayerNormalization',
      [x, scales(graph, `${name}.weight`, width), weight(graph, `${name}.bias`, width)],
      {
        axis: -1,
      },
    );
  const linear = (x: Value, name: string, from: number, to: number) =>
    graph.op('Add', [
      graph.op('MatMul', [x, weight(graph, `${name}.weight`, from, to)]),
      weight(graph, `${name}.bias`, to),
    ]);
  const patches = graph.op(
    'Conv',
    [image, weight(graph, 'patch.weight', width, 3, 6, 5), weight(graph, 'patch.bias', width)],
    { strides: [6, 5] },
  );
  const sequence = graph.op('Transpose', [shaped(patches, -1, width, tokens - 1)], { perm: [0, 2, 1] });
  // The class token is repeated for each image: as many as the sequence has rows.
  const rows = graph.op('Gather', [graph.op('Shape', [sequence]), graph.constant(int64([0]))]);
  const shape = graph.op('Concat', [rows, graph.constant(int64([1, width]))], { axis: 0 });
  const token = graph.op('Expand', [weight(graph, 'cls', 1, 1, width), shape]);
  const x = graph.op('Add', [
    graph.op('Concat', [token, sequence], { axis: 1 }),
    weight(graph, 'positions', 1, tokens, width),
  ]);
  const [query, key, value] = graph.ops(
    'Split',
    [linear(layerNorm(x, 'norm1'), 'qkv', width, 3 * width)],
    { axis: 2, num_outputs: 3 },
    { outputs: 3 },
  );
  const perHead = (part: Value) =>
    graph.op('Transpose', [shaped(part, -1, tokens, heads, width / heads)], { perm: [0, 2, 1, 3] });
  const likeness = graph.op('Einsum', [perHead(query), perHead(key)], { equation: 'bhid,bhjd->bhij' });
  const attention = graph.op('Softmax', [graph.op('Div', [likeness, graph.constant(float32([], [2]))])], {
    axis: -1,
  });
  const mixed = graph.op('Transpose', [graph.op('MatMul', [attention, perHead(value)])], {
    perm: [0, 2, 1, 3],
  });
  const attended = graph.op('Add', [x, linear(shaped(mixed, -1, tokens, width), 'proj', width, width)]);
  const hidden = graph.op('Gelu', [linear(layerNorm(attended, 'norm2'), 'fc1', width, 12)]);
  const last = layerNorm(graph.op('Add', [attended, linear(hidden, 'fc2', 12, width)]), 'norm');
  const classToken = graph.op('Gather', [last, graph.constant({ ...int64([0]), dims: [] })], { axis: 1 });
  return linear(classToken, 'head', width, CLASSES);
}

/** Networks of all kinds, as exporters write them. */
export const NETWORKS = { mobileNet, unusualNet, visionTransformer } as const;
