import { elementTypeCode, float32, type GraphBuilder, intAttribute, intsAttribute, type Value } from '../onnx/index.ts';
import { div, fixedDims, mul, reshape, scale } from '../ops/index.ts';
import type { Lowering, LoweringContext } from './lowering.ts';

interface WindowAttributes {
  readonly kernel_shape: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  readonly ceil_mode: number;
}

function read({ attributes }: LoweringContext): WindowAttributes {
  return attributes as unknown as WindowAttributes;
}

/** Whether the windows tile the picture exactly: each element lies in one and only one. */
function tiles({ kernel_shape, strides, dilations, pads }: WindowAttributes, spatial: readonly number[]): boolean {
  return (
    pads.every((p) => p === 0) &&
    dilations.every((d) => d === 1) &&
    kernel_shape.every((size, i) => size === strides[i] && spatial[i] % size === 0)
  );
}

/** Repeats every cell of a picture along both spatial axes (nearest-neighbour enlargement). */
function enlarge(graph: GraphBuilder, x: Value, factors: readonly number[]): Value {
  return graph.op('Resize', [x, undefined, graph.constant(float32([4], [1, 1, ...factors]))], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
}

export const poolingLowerings: Readonly<Record<string, Lowering>> = {
  MaxPoolGradient: (node) => {
    const spatial = fixedDims(node.inputs[1]).slice(2);
    return [tiles(read(node), spatial) ? maxByComparison(node) : maxByScatter(node)];
  },
  AveragePoolGradient: (node) => {
    const size = node.attributes.input_shape as readonly number[];
    return [tiles(read(node), size.slice(2)) ? averageByEnlarging(node) : averageByConvolution(node)];
  },
};

/**
 * Windows that tile the picture: x is a winner where it equals its window's maximum. Winners that tie share dy
 * equally, so that what goes back sums to what came in (flat patches of real pictures do tie).
 */
function maxByComparison(node: LoweringContext): Value {
  const { graph } = node;
  const [dy, x, y] = node.inputs;
  const { kernel_shape, strides } = read(node);
  const equal = graph.op('Equal', [x, enlarge(graph, y, strides)]);
  const winners = graph.op('Cast', [equal], { to: elementTypeCode('float32') });
  const share = div(graph, dy, graph.op('AveragePool', [winners], { kernel_shape, strides }));
  const cells = kernel_shape.reduce((product, size) => product * size, 1);
  return mul(graph, winners, enlarge(graph, scale(graph, share, 1 / cells), strides));
}

/** Windows of any kind: dy is added up at the place that MaxPool names for each window (the first, where some tie). */
function maxByScatter(node: LoweringContext): Value {
  const { graph } = node;
  const [dy, x] = node.inputs;
  const dims = fixedDims(x);
  const total = dims.reduce((product, size) => product * size, 1);
  const count = fixedDims(dy).reduce((product, size) => product * size, 1);
  const { kernel_shape, strides, dilations, pads, ceil_mode } = read(node);
  const [, places] = graph.ops(
    'MaxPool',
    [x],
    { kernel_shape, strides, dilations, pads, ceil_mode },
    { outputs: 2 },
  );
  const nought = graph.op('Expand', [
    graph.constant(float32([1], [0])),
    graph.constant({ type: 'int64', dims: [1], data: BigInt64Array.of(BigInt(total)) }),
  ]);
  const scattered = graph.op(
    'ScatterElements',
    [nought, reshape(graph, places, [count]), reshape(graph, dy, [count])],
    { axis: 0, reduction: 'add' },
  );
  return reshape(graph, scattered, dims);
}

function averageByEnlarging(node: LoweringContext): Value {
  const { graph } = node;
  const { kernel_shape, strides } = read(node);
  const cells = kernel_shape.reduce((product, size) => product * size, 1);
  return enlarge(graph, scale(graph, node.inputs[0], 1 / cells), strides);
}

/**
 * Windows of any kind: dx is the depthwise transposed convolution of dy with ones, after dividing each window's dy by
 * the number of elements it was the mean of (padding counts when count_include_pad says so).
 */
function averageByConvolution(node: LoweringContext): Value {
  const { graph } = node;
  const [dy] = node.inputs;
  const attributes = read(node);
  const { kernel_shape, strides, dilations, pads } = attributes;
  const [, channels, ...spatial] = intsAttribute(node.attributes, 'input_shape')!;
  const positions = fixedDims(dy).slice(2);
  const includePads = intAttribute(node.attributes, 'count_include_pad', 0) === 1;
  const weights = float32([1, 1, ...positions], inverseCounts(attributes, spatial, positions, includePads));
  const shared = mul(graph, dy, graph.constant(weights));
  const ones = float32([channels, 1, ...kernel_shape], new Float32Array(channels * kernel_shape[0] * kernel_shape[1]).fill(1));
  // With ceil_mode, the last window may reach past the end padding: what falls there is cropped away.
  const reach = positions.map((count, i) => (count - 1) * strides[i] + dilations[i] * (kernel_shape[i] - 1) + 1);
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
      for (let cell = 0; cell < kernel_shape[axis]; cell++) {
        const at = start + cell * dilations[axis];
        if (at >= first && at < last) count++;
      }
      return count;
    });
  const [rows, columns] = [along(0), along(1)];
  return Float32Array.from(rows.flatMap((row) => columns.map((column) => 1 / (row * column))));
}
