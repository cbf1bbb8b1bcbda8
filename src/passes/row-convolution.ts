import { type Attributes, type GraphBuilder, int64, intAttribute, type Value } from '../onnx/index.ts';
import {
  add,
  convolutionAttributes,
  fixedDims,
  readConvKernelGradient,
  reduceSum,
  reshape,
  slice,
  transpose,
} from '../ops/index.ts';

/**
 * Convolutions of images as matrix products: what is multiplied, the cells that every place of an image sees, serves
 * the forward pass and the kernel's gradient alike (im2col; Chellapilla et al., 2006). On graphics devices all are
 * written so, for ONNX Runtime's WebGPU product is several times as fast there as its convolution.
 */

/** Whether a convolution can be written so: two spatial axes, one group, known sizes. */
export function isByRows(x: Value, weight: Value, attributes: Attributes): boolean {
  return (
    weight.shape.length === 4 &&
    intAttribute(attributes, 'group', 1) === 1 &&
    [x, weight].every(({ shape }) => shape.every((size) => typeof size === 'number'))
  );
}

/** The convolution of x (N, C, H, W) with a kernel (O, C, h, w). */
export function convolveRows(
  graph: GraphBuilder,
  [x, weight, bias]: readonly [Value, Value, Value?],
  attributes: Attributes,
): Value {
  const [outputs, channels, ...kernel] = fixedDims(weight);
  const { rows, batch, places } = rowsOf(graph, x, kernel, attributes);
  // (O, C, h, w) → (h·w·C, O)
  const factor = reshape(graph, transpose(graph, weight, [2, 3, 1, 0]), [
    kernel[0] * kernel[1] * channels,
    outputs,
  ]);
  const product = graph.op('MatMul', [rows, factor]);
  const shifted = bias ? add(graph, product, bias) : product;
  const [height, width] = places;
  return transpose(graph, reshape(graph, shifted, [batch, height, width, outputs]), [0, 3, 1, 2]);
}

/** Side of the square of results that one work group of ONNX Runtime's WebGPU product computes. */
const PRODUCT_TILE = 32;
/** Work groups that keep a large graphics device busy. */
const ENOUGH_WORK_GROUPS = 1024;

/**
 * The gradient of a kernel (O, C, h, w): dW[o, k] = Σ_(n,p) dY[n, o, p] · rows[(n, p), k].
 *
 * The batch is divided into a few shares, each one long product, which are summed up: one product for the whole batch
 * would leave most of the device idle where the kernel is small, and one for each image writes a whole gradient each.
 */
export function kernelGradientOfRows(
  graph: GraphBuilder,
  [dy, x]: readonly [Value, Value],
  attributes: Attributes,
): Value {
  const { kernel_shape: kernel } = readConvKernelGradient(attributes);
  const [batch, outputs, ...places] = fixedDims(dy);
  const channels = fixedDims(x)[1];
  const area = places[0] * places[1];
  const width = kernel[0] * kernel[1] * channels;
  const tiles = Math.ceil(outputs / PRODUCT_TILE) * Math.ceil(width / PRODUCT_TILE);
  const shares = smallestDivisor(batch, Math.min(batch, ENOUGH_WORK_GROUPS / tiles));
  const each = batch / shares;
  // (s, n, O, p) → (s, O, n·p)
  const left = transpose(graph, reshape(graph, dy, [shares, each, outputs, area]), [0, 2, 1, 3]);
  const { rows } = rowsOf(graph, x, kernel, attributes);
  const product = graph.op('MatMul', [
    reshape(graph, left, [shares, outputs, each * area]),
    reshape(graph, rows, [shares, each * area, width]),
  ]);
  const sum = shares === 1 ? product : reduceSum(graph, product, [0], false);
  return transpose(graph, reshape(graph, sum, [outputs, ...kernel, channels]), [0, 3, 1, 2]);
}

/** The smallest divisor of a number that is at least as large as another. */
function smallestDivisor(number: number, least: number): number {
  let divisor = Math.max(1, Math.ceil(least));
  while (number % divisor !== 0) divisor++;
  return divisor;
}

interface Rows {
  /** (N·h·w of the outcome, cells · C): for every place of every image, the channels of each cell that it sees. */
  readonly rows: Value;
  readonly batch: number;
  /** Height and width of the outcome. */
  readonly places: readonly [number, number];
}

const known = new WeakMap<Value, Map<string, Rows>>();

/** What the places of x see of it, through a kernel (height, width): made once for all that reads it. */
export function rowsOf(
  graph: GraphBuilder,
  x: Value,
  kernel: readonly number[],
  attributes: Attributes,
): Rows {
  const [, , ...spatial] = fixedDims(x);
  const { strides, dilations, pads } = convolutionAttributes(attributes, kernel, spatial);
  const key = JSON.stringify([kernel, strides, dilations, pads]);
  const ofImage = known.get(x) ?? new Map<string, Rows>();
  known.set(x, ofImage);
  const made = ofImage.get(key) ?? makeRows(graph, x, { kernel, strides, dilations, pads });
  ofImage.set(key, made);
  return made;
}

interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
}

function makeRows(graph: GraphBuilder, x: Value, { kernel, strides, dilations, pads }: Window): Rows {
  const [batch, channels, ...spatial] = fixedDims(x);
  const [top, left, bottom, right] = pads;
  const last = transpose(graph, x, [0, 2, 3, 1]);
  const padded = pads.every((cells) => cells === 0)
    ? last
    : graph.op('Pad', [last, graph.constant(int64([0, top, left, 0, 0, bottom, right, 0]))]);
  const [height, width] = [spatial[0] + top + bottom, spatial[1] + left + right].map(
    (size, i) => Math.floor((size - dilations[i] * (kernel[i] - 1) - 1) / strides[i]) + 1,
  );
  const cells = Array.from({ length: kernel[0] * kernel[1] }, (_, cell) => {
    const start = [Math.floor(cell / kernel[1]) * dilations[0], (cell % kernel[1]) * dilations[1]];
    const end = [height, width].map((size, i) => start[i] + (size - 1) * strides[i] + 1);
    return slice(graph, padded, [1, 2], start, end, strides);
  });
  const seen = cells.length === 1 ? cells[0] : graph.op('Concat', cells, { axis: 3 });
  return {
    rows: reshape(graph, seen, [batch * height * width, cells.length * channels]),
    batch,
    places: [height, width],
  };
}
