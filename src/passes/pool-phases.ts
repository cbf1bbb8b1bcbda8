import {
  type BuiltNode,
  elementCount,
  float32,
  type GraphBuilder,
  int64,
  intAttribute,
  intsAttribute,
  type Value,
} from '../onnx/index.ts';
import {
  add,
  convolutionAttributes,
  fixedDims,
  type NodeToWrite,
  reshape,
  transpose,
  windowOf,
} from '../ops/index.ts';
import type { Pass } from './pass.ts';
import { countReaders } from './readers.ts';
import { rewrite } from './rewrite.ts';

/** Channels of an image up to which larger kernels cost less than what they save. */
const FEW_CHANNELS = 4;
/** How many times as large a kernel may become. */
const MOST_GROWTH = 2;

/**
 * Computes a convolution of images with few channels, and the maxima of the windows that tile its output, as one
 * convolution with an output channel for each position of a window, and a maximum over these. In memory they lie
 * beside each other, so the maximum and its gradient are quick.
 *
 * The kernels grow by the window less one. For each position they are the same but for where in them they stand.
 */
export const poolPhases: Pass = (graph) => {
  const readers = countReaders(graph);
  const inputOf = new Map(graph.nodes.map(({ inputs, outputs }) => [outputs[0], inputs[0]]));
  return rewrite(graph, (builder) => (node) => {
    if (node.opType !== 'MaxPool' || node.domain !== '' || node.outputs.length !== 1) return undefined;
    // The whole map is wanted elsewhere too.
    if (readers.get(inputOf.get(node.outputs[0])!) !== 1) return undefined;
    const convolution = builder.nodes.find(({ outputs }) => outputs[0] === node.inputs[0]);
    const plan = convolution && planOf(convolution, node);
    return plan && [builder.in(node.name, () => write(builder, plan))];
  });
};

interface Plan {
  readonly x: Value;
  readonly weight: Value;
  readonly bias: Value | undefined;
  /** Of the windows, and so the strides. */
  readonly window: readonly number[];
  readonly pads: readonly number[];
  /** Height and width of the maxima. */
  readonly size: readonly number[];
}

function planOf(
  { opType, domain, inputs, attributes, outputs }: BuiltNode,
  pool: NodeToWrite,
): Plan | undefined {
  const [x, weight, bias] = inputs;
  if (opType !== 'Conv' || domain !== '' || !x || !weight || weight.shape.length !== 4) return undefined;
  const [, channels, ...image] = fixedDims(x);
  const [, , ...kernel] = fixedDims(weight);
  const { strides, dilations, pads, group } = convolutionAttributes(attributes, kernel, image);
  const isPlain = group === 1 && [...strides, ...dilations].every((each) => each === 1);
  if (!isPlain || channels > FEW_CHANNELS) return undefined;
  const map = fixedDims(outputs[0]).slice(2);
  const { kernel: window, ...tiling } = poolingOf(pool, map);
  const tiles =
    window.every((side, i) => side === tiling.strides[i] && side > 1) &&
    tiling.dilations.every((each) => each === 1) &&
    tiling.pads.every((pad) => pad === 0);
  const growth = elementCount(largeKernel(kernel, window)) / elementCount(kernel);
  if (!tiles || growth > MOST_GROWTH) return undefined;
  const isCut = intAttribute(pool.attributes, 'ceil_mode', 0) === 1;
  if (isCut && map.some((length, i) => length % window[i] !== 0)) return undefined;
  const size = map.map((length, i) => Math.floor(length / window[i]));
  const ends = size.map((count, i) => count * window[i] + kernel[i] - 1 - image[i] - pads[i]);
  if (ends.some((end) => end < 0)) return undefined;
  return { x, weight, bias, window, pads: [pads[0], pads[1], ...ends], size };
}

/** A kernel that holds one of each position of a window. */
function largeKernel(kernel: readonly number[], window: readonly number[]): number[] {
  return kernel.map((side, i) => side + window[i] - 1);
}

function poolingOf({ attributes }: NodeToWrite, map: readonly number[]) {
  return windowOf(attributes, intsAttribute(attributes, 'kernel_shape')!, map);
}

function write(graph: GraphBuilder, { x, weight, bias, window, pads, size }: Plan): Value {
  const [outputs, channels, ...kernel] = fixedDims(weight);
  const [batch] = fixedDims(x);
  const large = largeKernel(kernel, window);
  const phases = elementCount(window);
  const placed = graph.op('MatMul', [
    reshape(graph, weight, [outputs * channels, elementCount(kernel)]),
    graph.constant(placements(kernel, window, large)),
  ]);
  const byPhase = transpose(
    graph,
    reshape(graph, placed, [outputs, channels, phases, elementCount(large)]),
    [2, 0, 1, 3],
  );
  const maps = graph.op('Conv', [x, reshape(graph, byPhase, [phases * outputs, channels, ...large])], {
    kernel_shape: large,
    strides: window,
    pads,
  });
  const rows = reshape(graph, maps, [batch, phases, outputs * elementCount(size)]);
  const largest = graph.op('ReduceMax', [rows, graph.constant(int64([1]))], { keepdims: 0 });
  const pooled = reshape(graph, largest, [batch, outputs, ...size]);
  return bias ? add(graph, pooled, reshape(graph, bias, [outputs, 1, 1])) : pooled;
}

/** What puts a kernel into larger ones, where each position of a window wants it: `[kernel, positions · larger kernel]`. */
function placements(kernel: readonly number[], window: readonly number[], large: readonly number[]) {
  const [height, width] = kernel;
  const area = elementCount(large);
  const columns = elementCount(window) * area;
  const data = new Float32Array(height * width * columns);
  for (let element = 0; element < height * width; element++) {
    const [row, column] = [Math.floor(element / width), element % width];
    for (let phase = 0; phase < columns / area; phase++) {
      const [down, right] = [Math.floor(phase / window[1]), phase % window[1]];
      data[element * columns + phase * area + (row + down) * large[1] + column + right] = 1;
    }
  }
  return float32([height * width, columns], data);
}
