import {
  elementCount,
  elementTypeCode,
  float32,
  type GraphBuilder,
  int64,
  type Value,
} from '../../onnx/index.ts';
import {
  atLeast,
  div,
  fixedDims,
  mul,
  readAveragePoolGradient,
  readMaxPoolGradient,
  reduceSum,
  reshape,
  scale,
} from '../../ops/index.ts';
import type { Composite, Decomposition } from './composite.ts';

export type WindowAttributes = ReturnType<typeof readMaxPoolGradient>;

/** Whether the windows tile the image exactly: each element lies in one and only one. */
export function tiles(
  { kernel_shape, strides, dilations, pads }: WindowAttributes,
  spatial: readonly number[],
): boolean {
  return (
    pads.every((p) => p === 0) &&
    dilations.every((d) => d === 1) &&
    kernel_shape.every((size, i) => size === strides[i] && spatial[i] % size === 0)
  );
}

/** Repeats every element of an image along its spatial axes (nearest-neighbour enlargement). */
function enlarge(graph: GraphBuilder, x: Value, factors: readonly number[]): Value {
  const scales = graph.constant(float32([factors.length + 2], [1, 1, ...factors]));
  return graph.op('Resize', [x, undefined, scales], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
}

export const poolingDecompositions: Readonly<Record<string, Decomposition>> = {
  MaxPoolGradient: (node) => {
    const [, x] = node.inputs;
    const spatial = fixedDims(x).slice(2);
    if (tiles(readMaxPoolGradient(node.attributes), spatial)) return [maxByComparison(node)];
    return [node.target === 'webgpu' ? maxByColumns(node) : maxByPositions(node)];
  },
  AveragePoolGradient: (node) => {
    const window = readAveragePoolGradient(node.attributes);
    return [
      tiles(window, window.input_shape.slice(2)) ? averageByEnlarging(node) : averageByConvolution(node),
    ];
  },
};

/**
 * Windows that tile the image: x is a winner where it equals its window's maximum. Winners that tie share dy
 * equally, so that what goes back sums to what came in (flat patches of real images do tie).
 */
function maxByComparison(node: Composite): Value {
  const { graph } = node;
  const [dy, x, y] = node.inputs;
  const { kernel_shape, strides } = readMaxPoolGradient(node.attributes);
  const winners = atLeast(graph, x, enlarge(graph, y, strides));
  const share = div(graph, dy, graph.op('AveragePool', [winners], { kernel_shape, strides }));
  const elements = elementCount(kernel_shape);
  return mul(graph, winners, enlarge(graph, scale(graph, share, 1 / elements), strides));
}

/** Windows of any kind: dy goes to the position that MaxPool names for each window (the first, where some tie). */
function maxByPositions(node: Composite): Value {
  const { graph } = node;
  const [dy, x] = node.inputs;
  const dims = fixedDims(x);
  const { kernel_shape, strides, dilations, pads, ceil_mode } = readMaxPoolGradient(node.attributes);
  const [, winners] = graph.ops(
    'MaxPool',
    [x],
    { kernel_shape, strides, dilations, pads, ceil_mode },
    { outputs: 2 },
  );
  if (kernel_shape.every((size, i) => dilations[i] * (size - 1) < strides[i])) {
    // No element lies in two windows, so there is nothing to add up. Positions are those in the whole tensor; from a larger
    // window, ONNX Runtime would conclude that the image is at least as large as all windows, the cut ones too.
    const one = dims.slice(2).map(() => 1);
    return graph.op('MaxUnpool', [dy, winners, graph.constant(int64(dims))], { kernel_shape: one });
  }
  const total = elementCount(dims);
  const count = elementCount(fixedDims(dy));
  const zeros = graph.op('Expand', [
    graph.constant(float32([1], [0])),
    graph.constant({ type: 'int64', dims: [1], data: BigInt64Array.of(BigInt(total)) }),
  ]);
  const scattered = graph.op(
    'ScatterElements',
    [zeros, reshape(graph, winners, [count]), reshape(graph, dy, [count])],
    { axis: 0, reduction: 'add' },
  );
  return reshape(graph, scattered, dims);
}

/**
 * The same without MaxPool's indices, which WebGPU does not give: a convolution with one-hot kernels shows, for every
 * window, each of its elements; those that equal the maximum share dy; the transposed convolution puts them back and adds
 * them up. Every plane goes as an image of its own, so that no convolution is grouped.
 */
function maxByColumns(node: Composite): Value {
  const { graph } = node;
  const [dy, x, y] = node.inputs;
  const attributes = readMaxPoolGradient(node.attributes);
  const { kernel_shape, strides, dilations, pads } = attributes;
  const [batch, channels, ...spatial] = fixedDims(x);
  const positions = fixedDims(y).slice(2);
  const planes = batch * channels;
  const elements = elementCount(kernel_shape);
  const oneHot = graph.constant(
    float32(
      [elements, 1, ...kernel_shape],
      Float32Array.from({ length: elements * elements }, (_, i) => Number(i % (elements + 1) === 0)),
    ),
  );
  // The end padding that makes exactly as many windows as there are, and never fewer elements than there are.
  const reach = positions.map(
    (count, i) => (count - 1) * strides[i] + dilations[i] * (kernel_shape[i] - 1) + 1,
  );
  const after = spatial.map((size, i) => Math.max(0, reach[i] - pads[i] - size));
  const left = spatial.map((size, i) => Math.max(0, size + pads[i] - reach[i]));
  const window = { kernel_shape, strides, dilations, pads: [...pads.slice(0, spatial.length), ...after] };

  const shown = graph.op('Conv', [reshape(graph, x, [planes, 1, ...spatial]), oneHot], window);
  const equal = graph.op('Equal', [shown, reshape(graph, y, [planes, 1, ...positions])]);
  const inside = graph.constant(
    float32([1, elements, ...positions], elementsInside(attributes, spatial, positions)),
  );
  const winners = mul(graph, graph.op('Cast', [equal], { to: elementTypeCode('float32') }), inside);
  const share = div(graph, reshape(graph, dy, [planes, 1, ...positions]), reduceSum(graph, winners, [1]));
  const back = graph.op('ConvTranspose', [mul(graph, winners, share), oneHot], {
    ...window,
    output_padding: left,
  });
  return reshape(graph, back, [batch, channels, ...spatial]);
}

/** 1 where an element of a window lies in the image, 0 where in the padding; (elements, positions…), row-major. */
function elementsInside(
  { kernel_shape, strides, dilations, pads }: WindowAttributes,
  spatial: readonly number[],
  positions: readonly number[],
): Float32Array {
  const flags = new Float32Array(elementCount(kernel_shape) * elementCount(positions));
  const sizes = [...kernel_shape, ...positions];
  for (let i = 0; i < flags.length; i++) {
    const at = new Array<number>(sizes.length);
    for (let axis = sizes.length - 1, rest = i; axis >= 0; axis--) {
      at[axis] = rest % sizes[axis];
      rest = Math.floor(rest / sizes[axis]);
    }
    const inside = spatial.every((size, axis) => {
      const element = at[axis + spatial.length] * strides[axis] + at[axis] * dilations[axis] - pads[axis];
      return element >= 0 && element < size;
    });
    flags[i] = Number(inside);
  }
  return flags;
}

function averageByEnlarging(node: Composite): Value {
  const { graph } = node;
  const { kernel_shape, strides } = readAveragePoolGradient(node.attributes);
  const elements = elementCount(kernel_shape);
  return enlarge(graph, scale(graph, node.inputs[0], 1 / elements), strides);
}

/**
 * Windows of any kind: dx is the depthwise transposed convolution of dy with ones, after dividing each window's dy by
 * the number of elements it was the mean of (padding counts when count_include_pad says so).
 */
function averageByConvolution(node: Composite): Value {
  const { graph } = node;
  const [dy] = node.inputs;
  const attributes = readAveragePoolGradient(node.attributes);
  const { kernel_shape, strides, dilations, pads } = attributes;
  const [, channels, ...spatial] = attributes.input_shape;
  const positions = fixedDims(dy).slice(2);
  const includePads = attributes.count_include_pad === 1;
  const weights = float32([1, 1, ...positions], inverseCounts(attributes, spatial, positions, includePads));
  const shared = mul(graph, dy, graph.constant(weights));
  const ones = float32(
    [channels, 1, ...kernel_shape],
    new Float32Array(channels * elementCount(kernel_shape)).fill(1),
  );
  // With ceil_mode, the last window may reach past the end padding: what falls there is cropped away.
  const reach = positions.map(
    (count, i) => (count - 1) * strides[i] + dilations[i] * (kernel_shape[i] - 1) + 1,
  );
  const crop = spatial.map((size, i) => Math.max(0, reach[i] - pads[i] - size));
  const extra = spatial.map((size, i) => Math.max(0, size - (reach[i] - pads[i])));
  return graph.op('ConvTranspose', [shared, graph.constant(ones)], {
    kernel_shape,
    strides,
    dilations,
    pads: [...pads.slice(0, spatial.length), ...crop],
    output_padding: extra,
    group: channels,
  });
}

/** 1 / (number of elements) of every window, row-major over its positions. */
function inverseCounts(
  { kernel_shape, strides, dilations, pads }: WindowAttributes,
  spatial: readonly number[],
  positions: readonly number[],
  includePads: boolean,
): Float32Array {
  const along = (axis: number) =>
    Array.from({ length: positions[axis] }, (_, position) => {
      const start = position * strides[axis] - pads[axis];
      const last = includePads ? spatial[axis] + pads[axis + spatial.length] : spatial[axis];
      const first = includePads ? -pads[axis] : 0;
      let count = 0;
      for (let element = 0; element < kernel_shape[axis]; element++) {
        const at = start + element * dilations[axis];
        if (at >= first && at < last) count++;
      }
      return count;
    });
  const counts = positions
    .map((_, axis) => along(axis))
    .reduce((outer, inner) => outer.flatMap((a) => inner.map((b) => a * b)));
  // A window wholly in the padding is the mean of nothing, and nothing goes back.
  return Float32Array.from(counts, (count) => (count === 0 ? 0 : 1 / count));
}
