import { type Attributes, type GraphBuilder, int64, intAttribute, type Value } from '../../onnx/index.ts';
import {
  add,
  convolutionAttributes,
  fixedDims,
  readConvKernelGradient,
  reduceSum,
  reshape,
  slice,
  transpose,
} from '../../ops/index.ts';

/**
 * Convolutions of images as matrix products: one factor, the elements that every position of an image sees, serves
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
  rows: ImageRows,
  [x, weight, bias]: readonly [Value, Value, Value?],
  attributes: Attributes,
): Value {
  const { graph } = rows;
  const [outputs, channels, ...kernel] = fixedDims(weight);
  const { rows: factor, batch, positions } = rows.of(x, kernel, attributes);
  // (O, C, h, w) → (h·w·C, O)
  const turned = reshape(graph, transpose(graph, weight, [2, 3, 1, 0]), [
    kernel[0] * kernel[1] * channels,
    outputs,
  ]);
  const product = graph.op('MatMul', [factor, turned]);
  const shifted = bias ? add(graph, product, bias) : product;
  const [height, width] = positions;
  return transpose(graph, reshape(graph, shifted, [batch, height, width, outputs]), [0, 3, 1, 2]);
}

/** Side of the square of results that one work group of ONNX Runtime's WebGPU product computes. */
const PRODUCT_TILE = 32;
/** Work groups that keep a large graphics device busy. */
const ENOUGH_WORK_GROUPS = 1024;

/**
 * The gradient of a kernel (O, C, h, w): dW[o, k] = Σ_(n,p) dY[n, o, p] · rows[(n, p), k].
 *
 * The batch is divided into a few parts, each one long product, which are summed up: one product for the whole batch
 * would leave most of the device idle where the kernel is small, and one for each image writes a whole gradient each.
 */
export function kernelGradientOfRows(
  rows: ImageRows,
  [dy, x]: readonly [Value, Value],
  attributes: Attributes,
): Value {
  const { graph } = rows;
  const { kernel_shape: kernel } = readConvKernelGradient(attributes);
  const [batch, outputs, ...positions] = fixedDims(dy);
  const channels = fixedDims(x)[1];
  const area = positions[0] * positions[1];
  const width = kernel[0] * kernel[1] * channels;
  const tiles = Math.ceil(outputs / PRODUCT_TILE) * Math.ceil(width / PRODUCT_TILE);
  const parts = smallestDivisor(batch, Math.min(batch, ENOUGH_WORK_GROUPS / tiles));
  const each = batch / parts;
  // (s, n, O, p) → (s, O, n·p)
  const left = transpose(graph, reshape(graph, dy, [parts, each, outputs, area]), [0, 2, 1, 3]);
  const product = graph.op('MatMul', [
    reshape(graph, left, [parts, outputs, each * area]),
    reshape(graph, rows.of(x, kernel, attributes).rows, [parts, each * area, width]),
  ]);
  const sum = parts === 1 ? product : reduceSum(graph, product, [0], false);
  return transpose(graph, reshape(graph, sum, [outputs, ...kernel, channels]), [0, 3, 1, 2]);
}

/** The smallest divisor of a number that is at least as large as another. */
function smallestDivisor(number: number, least: number): number {
  let divisor = Math.max(1, Math.ceil(least));
  while (number % divisor !== 0) divisor++;
  return divisor;
}

interface Rows {
  /** (N·h·w of the outcome, elements · C): for every position of every image, the channels of each element it sees. */
  readonly rows: Value;
  readonly batch: number;
  /** Height and width of the outcome. */
  readonly positions: readonly [number, number];
}

/** The rows of a graph's images, each made once for all products that read it. */
export class ImageRows {
  readonly graph: GraphBuilder;
  readonly #known = new Map<Value, Map<string, Rows>>();

  constructor(graph: GraphBuilder) {
    this.graph = graph;
  }

  /** What the positions of x see of it, through a kernel (height, width). */
  of(x: Value, kernel: readonly number[], attributes: Attributes): Rows {
    const [, , ...spatial] = fixedDims(x);
    const { strides, dilations, pads } = convolutionAttributes(attributes, kernel, spatial);
    const key = JSON.stringify([kernel, strides, dilations, pads]);
    const ofImage = this.#known.get(x) ?? new Map<string, Rows>();
    this.#known.set(x, ofImage);
    const made = ofImage.get(key) ?? makeRows(this.graph, x, { kernel, strides, dilations, pads });
    ofImage.set(key, made);
    return made;
  }
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
  const padded = pads.every((size) => size === 0)
    ? last
    : graph.op('Pad', [last, graph.constant(int64([0, top, left, 0, 0, bottom, right, 0]))]);
  const [height, width] = [spatial[0] + top + bottom, spatial[1] + left + right].map(
    (size, i) => Math.floor((size - dilations[i] * (kernel[i] - 1) - 1) / strides[i]) + 1,
  );
  const elements = Array.from({ length: kernel[0] * kernel[1] }, (_, element) => {
    const at = [Math.floor(element / kernel[1]), element % kernel[1]];
    const start = at.map((position, i) => position * dilations[i]);
    const end = [height, width].map((size, i) => start[i] + (size - 1) * strides[i] + 1);
    return slice(graph, padded, [1, 2], start, end, strides);
  });
  const seen = elements.length === 1 ? elements[0] : graph.op('Concat', elements, { axis: 3 });
  return {
    rows: reshape(graph, seen, [batch * height * width, elements.length * channels]),
    batch,
    positions: [height, width],
  };
}
