import { BLOCKED_DOMAIN, float32, type GraphBuilder, int64, type Value } from '../onnx/index.ts';
import {
  fixedDims,
  readConvInputGradient,
  readConvKernelGradient,
  reshape,
  slice,
  transpose,
} from '../ops/index.ts';
import { convolve, convolveTurned } from './blocked-convolution.ts';
import { inBlocks, isMadeInBlocks, outOfBlocks } from './blocks.ts';
import type { Lowering, LoweringContext, Target } from './lowering.ts';
import { matMul, sumOverBatch } from './matrix.ts';
import { convolveRows, isByRows, kernelGradientOfRows, rowsOf } from './row-convolution.ts';

/** WebGPU's grouped Conv is wrong unless the outputs per group are a multiple of its vector width. */
const WEBGPU_GROUP_MULTIPLE = 4;

export const convolutionLowerings: Readonly<Record<string, Lowering>> = {
  ConvInputGradient: (node) => {
    const { strides } = readConvInputGradient(node.attributes);
    return [strides.every((stride) => stride === 1) ? byFlippedKernel(node) : byTransposedConvolution(node)];
  },
  ConvKernelGradient: (node) => {
    const [dy, x] = node.inputs;
    if (node.target === 'webgpu' && isByRows(x, dy, node.attributes)) {
      return [kernelGradientOfRows(node.graph, [dy, x], node.attributes)];
    }
    if (ofSmallImages(node)) return [byOneProduct(node)];
    return [batchMakesBlocks(node) ? byBlockedConvolution(node) : byColumns(node)];
  },
};

/**
 * Stride 1: dX[c] = Σ_o dY[o] ∗ W[o,c] turned by 180°: a convolution of dY with the kernel turned and its channel
 * axes swapped, padded by what the forward pass left over, dilation · (k − 1) − pad.
 */
function byFlippedKernel(node: LoweringContext): Value {
  const { graph, target } = node;
  const [dy, weight] = node.inputs;
  const { strides, dilations, pads, group } = readConvInputGradient(node.attributes);
  const [outputs, inputsPerGroup, ...kernel] = fixedDims(weight);
  const rank = kernel.length;
  const left = (i: number, at: number) => dilations[i] * (kernel[i] - 1) - pads[at];
  const flipped = [...kernel.map((_, i) => left(i, i)), ...kernel.map((_, i) => left(i, i + rank))];
  if (flipped.some((cells) => cells < 0)) return byTransposedConvolution(node);
  const turnedRound = { kernel_shape: kernel, strides, dilations, group, pads: flipped };
  const blocked =
    group === 1 ? convolveTurned(graph, node.convolutionBlock, [dy, weight], turnedRound) : undefined;
  if (blocked) return blocked;

  const turned = turn(graph, weight, target);
  // (g·o, c, k…) → (g, o, c, k…) → (g, c, o, k…) → (g·c, o, k…)
  const spatial = kernel.map((_, i) => i + 3);
  const swapped = reshape(
    graph,
    transpose(graph, reshape(graph, turned, [group, outputs / group, inputsPerGroup, ...kernel]), [
      0,
      2,
      1,
      ...spatial,
    ]),
    [group * inputsPerGroup, outputs / group, ...kernel],
  );
  return target === 'webgpu' && isByRows(dy, swapped, turnedRound)
    ? convolveRows(graph, [dy, swapped], turnedRound)
    : convolve(graph, node.convolutionBlock, [dy, swapped], turnedRound);
}

function byTransposedConvolution(node: LoweringContext): Value {
  const { graph } = node;
  const [dy, weight] = node.inputs;
  const { strides, dilations, pads, group, input_shape } = readConvInputGradient(node.attributes);
  const kernel = fixedDims(weight).slice(2);
  const size = input_shape.slice(2);
  const output_padding = kernel.map((cells, i) => {
    const reached = (fixedDims(dy)[i + 2] - 1) * strides[i] + dilations[i] * (cells - 1) + 1;
    return size[i] - (reached - pads[i] - pads[i + kernel.length]);
  });
  return graph.op('ConvTranspose', [dy, weight], {
    kernel_shape: kernel,
    strides,
    dilations,
    pads,
    group,
    output_padding,
  });
}

/** A kernel turned by 180° in its spatial axes. */
function turn(graph: GraphBuilder, weight: Value, target: Target): Value {
  const kernel = fixedDims(weight).slice(2);
  const over = kernel.flatMap((size, i) => (size > 1 ? [i + 2] : []));
  if (over.length === 0) return weight;
  if (target === 'cpu') {
    return slice(
      graph,
      weight,
      over,
      over.map(() => -1),
      over.map(() => -(2 ** 31)),
      over.map(() => -1),
    );
  }
  return over.reduce((value, axis) => {
    const size = kernel[axis - 2];
    return graph.op(
      'Gather',
      [value, graph.constant(int64(Array.from({ length: size }, (_, i) => size - 1 - i)))],
      {
        axis,
      },
    );
  }, weight);
}

/**
 * dW[o,c,k] = Σ_n Σ_p dY[n,o,p] · columns[n,c,k,p], where columns are the shifted images that each kernel cell
 * sees: a depthwise convolution with one-hot kernels makes them, a batched matrix product meets them with dY, and
 * the batch is summed at the end.
 */
function byColumns(node: LoweringContext): Value {
  const { graph, target } = node;
  const [dy, x] = node.inputs;
  const { strides, pads, group, kernel_shape: kernel } = readConvKernelGradient(node.attributes);
  const [batch, outputs, ...positions] = fixedDims(dy);
  const channels = fixedDims(x)[1];
  const cells = kernel.reduce((product, size) => product * size, 1);
  const places = positions.reduce((product, size) => product * size, 1);

  const pointwise = cells === 1 && strides.every((s) => s === 1) && pads.every((p) => p === 0);
  const columns = pointwise ? x : shiftedImages(node, cells, places);
  const perGroup = channels / group;
  const product =
    group === 1
      ? matMul(
          graph,
          reshape(graph, dy, [batch, outputs, places]),
          reshape(graph, columns, [batch, channels * cells, places]),
          {
            transB: true,
            target,
          },
        )
      : matMul(
          graph,
          reshape(graph, dy, [batch, group, outputs / group, places]),
          reshape(graph, columns, [batch, group, perGroup * cells, places]),
          { transB: true, target },
        );
  return reshape(graph, sumOverBatch(graph, product, target), [outputs, perGroup, ...kernel]);
}

/**
 * Places of an image up to which one product over the whole batch is faster: the batched product writes a whole
 * gradient for every image, to sum them up afterwards.
 */
const FEW_PLACES = 16;

function ofSmallImages({ target, attributes, inputs: [dy] }: LoweringContext): boolean {
  const { group } = readConvKernelGradient(attributes);
  const [, , ...positions] = fixedDims(dy);
  const places = positions.reduce((product, size) => product * size, 1);
  return target === 'cpu' && group === 1 && positions.length === 2 && places <= FEW_PLACES;
}

/**
 * The same with channels last, so that images and places together are the rows of both factors:
 * dW[o, k, c] = Σ_(n,p) dY[(n,p), o] · rows[(n,p), (k,c)].
 */
function byOneProduct({ graph, target, attributes, inputs: [dy, x] }: LoweringContext): Value {
  const { kernel_shape: kernel } = readConvKernelGradient(attributes);
  const [batch, outputs, height, width] = fixedDims(dy);
  const product = matMul(
    graph,
    reshape(graph, transpose(graph, dy, [0, 2, 3, 1]), [batch * height * width, outputs]),
    rowsOf(graph, x, kernel, attributes).rows,
    { transA: true, target },
  );
  return transpose(graph, reshape(graph, product, [outputs, ...kernel, fixedDims(x)[1]]), [0, 3, 1, 2]);
}

/** Places of a strip up to which a blocked convolution over the batch is faster than products with columns. */
const MODERATE_PLACES = 225;

/** Rows of the strips that an image is cut into: equally many each, and as few strips as there may be. */
function rowsOfStrip(height: number, width: number): number {
  let rows = height;
  while (height % rows !== 0 || (rows > 1 && rows * width > MODERATE_PLACES)) rows--;
  return rows;
}

function batchMakesBlocks({ attributes, convolutionBlock, inputs: [dy] }: LoweringContext): boolean {
  const { group, strides, dilations, kernel_shape: kernel } = readConvKernelGradient(attributes);
  const [batch, outputs, ...positions] = fixedDims(dy);
  return (
    convolutionBlock !== undefined &&
    group === 1 &&
    positions.length === 2 &&
    (positions[0] * positions[1] <= MODERATE_PLACES || gainsByStrips(dy, kernel)) &&
    [...strides, ...dilations].every((step) => step === 1) &&
    batch % convolutionBlock === 0 &&
    outputs % convolutionBlock === 0
  );
}

/**
 * Strips are no faster than columns where dY has to be put into blocks for them first. What neighbours share is there
 * twice: strips of fewer rows than the kernel's would be mostly that.
 */
function gainsByStrips(dy: Value, kernel: readonly number[]): boolean {
  const [, , height, width] = fixedDims(dy);
  const rows = rowsOfStrip(height, width);
  return isMadeInBlocks(dy) && rows >= kernel[0] && rows * width <= MODERATE_PLACES;
}

/**
 * The same as a convolution whose channels are the images: dW[o, c] = Σ_n X[n, c] ∗ dY[n, o], with dY as a kernel as
 * large as its images. A kernel's few cells a row would leave most of a blocked convolution's accumulators idle, so
 * the channels of X lie side by side in one image's rows, (row, column · C + c), and dY's columns are C apart: each
 * row of what comes out holds a row of cells for every channel. Large images are cut into strips, each of which counts
 * as an image: a kernel as large as they are does not fit into the processor's cache.
 */
function byBlockedConvolution({ graph, attributes, convolutionBlock, inputs }: LoweringContext): Value {
  const [dy, x] = inputs;
  const { pads, kernel_shape } = readConvKernelGradient(attributes);
  const [rows, columns] = kernel_shape;
  const block = convolutionBlock!;
  const [batch, outputs, height, width] = fixedDims(dy);
  const [, channels, ...size] = fixedDims(x);
  const [top, left, bottom, right] = pads;
  const wide = size[1] + left + right;
  const pixels = size[0] * size[1];
  // Each transpose keeps a block together, for ONNX Runtime moves single numbers several times slower.
  // (1, N, C·H·W, 1) → (N/b, C·H·W, b of N) → (N/b, H·W, C, b of N), then a border of zeros: the kernels in blocks are
  // slow at edges.
  const images = inBlocks(graph, reshape(graph, x, [1, batch, channels * pixels, 1]));
  const lined = reshape(
    graph,
    transpose(graph, reshape(graph, images, [batch / block, channels, pixels, block]), [0, 2, 1, 3]),
    [batch / block, ...size, channels, block],
  );
  const padded = graph.op('Pad', [
    lined,
    graph.constant(int64([0, top, left, 0, 0, 0, bottom, right, 0, 0])),
  ]);
  // (N/b, b of N, O/b, h·w, b of O) → (O/b, N/b, h·w, b of N, b of O), from what the input's gradient needs as well
  const apart = reshape(graph, inBlocks(graph, dy), [
    batch / block,
    block,
    outputs / block,
    height * width,
    block,
  ]);
  const strip = rowsOfStrip(height, width);
  const strips = height / strip;
  const kernel = reshape(graph, transpose(graph, apart, [2, 0, 3, 1, 4]), [
    outputs,
    batch * strips,
    strip,
    width,
  ]);
  const seen = strip + rows - 1;
  const rowsSeen = Array.from({ length: strips * seen }, (_, i) => Math.floor(i / seen) * strip + (i % seen));
  const cut =
    strips === 1 ? padded : graph.op('Gather', [padded, graph.constant(int64(rowsSeen))], { axis: 1 });
  const y = graph.op(
    'Conv',
    [reshape(graph, cut, [1, batch * strips, seen, wide * channels]), kernel],
    {
      kernel_shape: [strip, width],
      strides: [1, 1],
      dilations: [1, channels],
      pads: [0, 0, 0, 0],
      group: 1,
    },
    { domain: BLOCKED_DOMAIN },
  );
  return transpose(
    graph,
    reshape(graph, outOfBlocks(graph, y), [outputs, rows, columns, channels]),
    [0, 3, 1, 2],
  );
}

/** (N, C, H, W) → (N, C·cells, places): for every channel and kernel cell, the image as that cell sees it. */
function shiftedImages(node: LoweringContext, cells: number, places: number): Value {
  const { graph, target } = node;
  const x = node.inputs[1];
  const { strides, dilations, pads, kernel_shape: kernel } = readConvKernelGradient(node.attributes);
  const [batch, channels] = fixedDims(x);
  const rows = target === 'webgpu' ? Math.ceil(cells / WEBGPU_GROUP_MULTIPLE) * WEBGPU_GROUP_MULTIPLE : cells;
  const oneHot = new Float32Array(channels * rows * cells);
  for (let channel = 0; channel < channels; channel++) {
    for (let cell = 0; cell < cells; cell++) oneHot[(channel * rows + cell) * cells + cell] = 1;
  }
  const shifted = graph.op('Conv', [x, graph.constant(float32([channels * rows, 1, ...kernel], oneHot))], {
    kernel_shape: kernel,
    strides,
    dilations,
    pads,
    group: channels,
  });
  if (rows === cells) return shifted;
  const apart = reshape(graph, shifted, [batch, channels, rows, places]);
  return slice(graph, apart, [2], [0], [cells]);
}
