import {
  type Attributes,
  BLOCKED_DOMAIN,
  elementCount,
  type GraphBuilder,
  int64,
  type Value,
} from '../../onnx/index.ts';
import { fixedDims, readConvKernelGradient, reshape, transpose } from '../../ops/index.ts';
import { hasSmallImages } from '../composites/convolution.ts';
import type { BlockedLayout } from './layout.ts';

/** Positions of a strip up to which a blocked convolution over the batch is faster than products with columns. */
const MODERATE_POSITIONS = 225;

/** Images of zeros that complete a block, as a part of the batch: up to here blocks were measured to gain. */
const MOST_PADDING = 0.2;

/**
 * The gradient of a kernel as a convolution whose channels are the images: dW[o, c] = Σ_n X[n, c] ∗ dY[n, o], with dY
 * as a kernel as large as its images. A kernel's few elements a row would leave most of a blocked convolution's
 * accumulators idle, so the channels of X lie side by side in one image's rows, (row, column · C + c), and dY's columns
 * are C apart: each row of the outcome holds a row of kernel elements for every channel. Large images are cut into
 * strips, each of which counts as an image: a kernel as large as they are does not fit into the processor's cache.
 *
 * @param attributes of `harrier.ConvKernelGradient`
 * @returns undefined where another form is faster, or channels do not make whole blocks and images hardly do
 */
export function kernelGradientInBlocks(
  layout: BlockedLayout,
  [dy, x]: readonly Value[],
  attributes: Attributes,
): Value | undefined {
  if (hasSmallImages(dy, attributes) || !batchMakesBlocks(layout, dy, attributes)) return undefined;
  const { graph, block } = layout;
  const { pads, kernel_shape } = readConvKernelGradient(attributes);
  const [rows, columns] = kernel_shape;
  const [count, outputs, height, width] = fixedDims(dy);
  const batch = wholeBlocks(count, block);
  const [, channels, ...size] = fixedDims(x);
  const [top, left, bottom, right] = pads;
  const wide = size[1] + left + right;
  const pixels = size[0] * size[1];
  // Each transpose keeps a block together, for ONNX Runtime moves single numbers several times slower.
  // (1, N, C·H·W, 1) → (N/b, C·H·W, b of N) → (N/b, H·W, C, b of N), then a border of zeros: the kernels in blocks are
  // slow at edges.
  const batched = withImagesOfZeros(graph, reshape(graph, x, [count, channels * pixels]), batch);
  const images = layout.toBlocks(reshape(graph, batched, [1, batch, channels * pixels, 1]));
  const apart = reshape(graph, images, [batch / block, channels, pixels, block]);
  const dims = [batch / block, ...size, channels, block];
  const lined = reshape(graph, transpose(graph, apart, [0, 2, 1, 3]), dims);
  const border = int64([0, top, left, 0, 0, 0, bottom, right, 0, 0]);
  const padded = graph.op('Pad', [lined, graph.constant(border)]);
  const strip = rowsOfStrip(height, width);
  const strips = height / strip;
  const kernel = reshape(graph, outputGradientAsKernel(layout, dy), [outputs, batch * strips, strip, width]);
  const seen = strip + rows - 1;
  const rowsSeen = Array.from({ length: strips * seen }, (_, i) => Math.floor(i / seen) * strip + (i % seen));
  const cut =
    strips === 1 ? padded : graph.op('Gather', [padded, graph.constant(int64(rowsSeen))], { axis: 1 });
  const y = graph.op(
    'Conv',
    [reshape(graph, cut, [1, batch * strips, seen, wide * channels]), kernel],
    { kernel_shape: [strip, width], strides: [1, 1], dilations: [1, channels], pads: [0, 0, 0, 0], group: 1 },
    { domain: BLOCKED_DOMAIN },
  );
  const ordered = reshape(graph, layout.fromBlocks(y), [outputs, rows, columns, channels]);
  return transpose(graph, ordered, [0, 3, 1, 2]);
}

/** (N/b, b of N, O/b, h·w, b of O) → (O/b, N/b, h·w, b of N, b of O), from blocks that the input's gradient reads too */
function outputGradientAsKernel(layout: BlockedLayout, dy: Value): Value {
  const { graph, block } = layout;
  const [count, outputs, height, width] = fixedDims(dy);
  const batch = wholeBlocks(count, block);
  const rows = reshape(graph, layout.toBlocks(dy), [count, outputs * height * width]);
  const dims = [batch / block, block, outputs / block, height * width, block];
  return transpose(graph, reshape(graph, withImagesOfZeros(graph, rows, batch), dims), [2, 0, 3, 1, 4]);
}

function wholeBlocks(count: number, block: number): number {
  return Math.ceil(count / block) * block;
}

/** @param images one row each */
function withImagesOfZeros(graph: GraphBuilder, images: Value, batch: number): Value {
  const missing = batch - fixedDims(images)[0];
  return missing === 0 ? images : graph.op('Pad', [images, graph.constant(int64([0, 0, missing, 0]))]);
}

/** Rows of the strips that an image is cut into: equally many each, and as few strips as there may be. */
function rowsOfStrip(height: number, width: number): number {
  let rows = height;
  while (height % rows !== 0 || (rows > 1 && rows * width > MODERATE_POSITIONS)) rows--;
  return rows;
}

function batchMakesBlocks(layout: BlockedLayout, dy: Value, attributes: Attributes): boolean {
  const { group, strides, dilations, kernel_shape } = readConvKernelGradient(attributes);
  const [batch, outputs, ...positions] = fixedDims(dy);
  return (
    group === 1 &&
    positions.length === 2 &&
    (elementCount(positions) <= MODERATE_POSITIONS || gainsByStrips(layout, dy, kernel_shape)) &&
    [...strides, ...dilations].every((step) => step === 1) &&
    wholeBlocks(batch, layout.block) <= batch * (1 + MOST_PADDING) &&
    outputs % layout.block === 0
  );
}

/**
 * Strips are no faster than columns where dY has to be put into blocks for them first. Rows that neighbours share are
 * there twice: strips of fewer rows than the kernel's would be mostly that.
 */
function gainsByStrips(layout: BlockedLayout, dy: Value, kernel: readonly number[]): boolean {
  const [, , height, width] = fixedDims(dy);
  const rows = rowsOfStrip(height, width);
  return layout.isMadeInBlocks(dy) && rows >= kernel[0] && rows * width <= MODERATE_POSITIONS;
}
