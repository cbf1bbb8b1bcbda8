import {
  type Attributes,
  elementCount,
  float32,
  type GraphBuilder,
  int64,
  type Value,
} from '../../onnx/index.ts';
import {
  fixedDims,
  readConvInputGradient,
  readConvKernelGradient,
  reshape,
  slice,
  transpose,
} from '../../ops/index.ts';
import type { Target } from '../pass.ts';
import type { Composite, Decomposition } from './composite.ts';
import { depthwiseKernelGradient, gainsAsConvolution, isDepthwise } from './depthwise-kernel-gradient.ts';
import { convolveRows, isByRows, kernelGradientOfRows } from './image-rows.ts';
import { matMul, sumOverBatch } from './matrix.ts';

/** WebGPU's grouped Conv is wrong unless the outputs per group are a multiple of its vector width. */
const WEBGPU_GROUP_MULTIPLE = 4;

export const convolutionDecompositions: Readonly<Record<string, Decomposition>> = {
  ConvInputGradient: (node) => [inputGradient(node)],
  ConvKernelGradient: (node) => {
    const { rows, target, attributes } = node;
    const [dy, x] = node.inputs;
    if (target === 'webgpu' && isByRows(x, dy, attributes)) {
      return [kernelGradientOfRows(rows, [dy, x], attributes)];
    }
    if (target === 'cpu' && isDepthwise(dy, x, attributes) && gainsAsConvolution(dy, attributes)) {
      return [depthwiseKernelGradient(node.graph, [dy, x], attributes, target)];
    }
    return [hasSmallImages(dy, attributes) && target === 'cpu' ? byOneProduct(node) : byColumns(node)];
  },
};

/** A convolution on WebGPU, whose product is several times as fast as its convolution. */
export const convolutionByRows: Decomposition = ({ graph, rows, inputs: [x, weight, bias], attributes }) => [
  isByRows(x, weight, attributes)
    ? convolveRows(rows, [x, weight, bias], attributes)
    : graph.op('Conv', [x, weight, bias], attributes),
];

function inputGradient({ graph, rows, inputs: [dy, weight], attributes, target }: Composite): Value {
  const convolution = inputGradientConvolution(weight, attributes);
  if (!convolution) return byTransposedConvolution(graph, [dy, weight], attributes);
  const turned = turnedKernel(graph, weight, convolution.group, target);
  return target === 'webgpu' && isByRows(dy, turned, convolution)
    ? convolveRows(rows, [dy, turned], convolution)
    : graph.op('Conv', [dy, turned], convolution);
}

/**
 * Stride 1: dX[c] = Σ_o dY[o] ∗ W[o,c] turned by 180°: a convolution of dY with the kernel turned and its channel
 * axes swapped, padded by what the forward pass left over, dilation · (k − 1) − pad.
 *
 * @param attributes of `harrier.ConvInputGradient`
 * @returns the attributes of that convolution; undefined where strides or wide padding forbid it
 */
export function inputGradientConvolution(weight: Value, attributes: Attributes) {
  const { strides, dilations, pads, group } = readConvInputGradient(attributes);
  const [, , ...kernel] = fixedDims(weight);
  const left = (i: number, at: number) => dilations[i] * (kernel[i] - 1) - pads[at];
  const leftOver = [...kernel.map((_, i) => left(i, i)), ...kernel.map((_, i) => left(i, i + kernel.length))];
  const isConvolution = strides.every((stride) => stride === 1) && leftOver.every((size) => size >= 0);
  return isConvolution ? { kernel_shape: kernel, strides, dilations, group, pads: leftOver } : undefined;
}

function byTransposedConvolution(
  graph: GraphBuilder,
  [dy, weight]: readonly [Value, Value],
  attributes: Attributes,
): Value {
  const { strides, dilations, pads, group, input_shape } = readConvInputGradient(attributes);
  const kernel = fixedDims(weight).slice(2);
  const size = input_shape.slice(2);
  const output_padding = kernel.map((elements, i) => {
    const reached = (fixedDims(dy)[i + 2] - 1) * strides[i] + dilations[i] * (elements - 1) + 1;
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

/**
 * A kernel turned by 180° in its spatial axes, with its channel axes swapped:
 * (g·o, c, k…) → (g, o, c, k…) → (g, c, o, k…) → (g·c, o, k…)
 */
export function turnedKernel(graph: GraphBuilder, weight: Value, group: number, target: Target): Value {
  const [outputs, inputsPerGroup, ...kernel] = fixedDims(weight);
  const turned = turn(graph, weight, target);
  const grouped = reshape(graph, turned, [group, outputs / group, inputsPerGroup, ...kernel]);
  const swapped = transpose(graph, grouped, [0, 2, 1, ...kernel.map((_, i) => i + 3)]);
  return reshape(graph, swapped, [group * inputsPerGroup, outputs / group, ...kernel]);
}

/** A kernel turned by 180° in its spatial axes. */
function turn(graph: GraphBuilder, weight: Value, target: Target): Value {
  const kernel = fixedDims(weight).slice(2);
  const over = kernel.flatMap((size, i) => (size > 1 ? [i + 2] : []));
  if (over.length === 0) return weight;
  if (target === 'cpu') {
    const each = (value: number) => over.map(() => value);
    return slice(graph, weight, over, each(-1), each(-(2 ** 31)), each(-1));
  }
  return over.reduce((value, axis) => {
    const size = kernel[axis - 2];
    const backwards = Array.from({ length: size }, (_, i) => size - 1 - i);
    return graph.op('Gather', [value, graph.constant(int64(backwards))], { axis });
  }, weight);
}

/**
 * dW[o,c,k] = Σ_n Σ_p dY[n,o,p] · columns[n,c,k,p], where columns are the shifted images that each kernel element
 * sees: a depthwise convolution with one-hot kernels makes them, a batched matrix product meets them with dY, and
 * the batch is summed at the end.
 */
function byColumns({ graph, target, inputs: [dy, x], attributes }: Composite): Value {
  const convolution = readConvKernelGradient(attributes);
  const { strides, pads, group, kernel_shape: kernel } = convolution;
  const [batch, outputs, ...positions] = fixedDims(dy);
  const channels = fixedDims(x)[1];
  const elements = elementCount(kernel);
  const area = elementCount(positions);

  const pointwise = elements === 1 && strides.every((s) => s === 1) && pads.every((p) => p === 0);
  const columns = pointwise ? x : shiftedImages(graph, x, area, convolution, target);
  const perGroup = channels / group;
  const product =
    group === 1
      ? matMul(
          graph,
          reshape(graph, dy, [batch, outputs, area]),
          reshape(graph, columns, [batch, channels * elements, area]),
          { transB: true, target },
        )
      : matMul(
          graph,
          reshape(graph, dy, [batch, group, outputs / group, area]),
          reshape(graph, columns, [batch, group, perGroup * elements, area]),
          { transB: true, target },
        );
  return reshape(graph, sumOverBatch(graph, product, target), [outputs, perGroup, ...kernel]);
}

/**
 * Positions of an image up to which one product over the whole batch is faster: the batched product writes a whole
 * gradient for every image, to sum them up afterwards.
 */
const FEW_POSITIONS = 16;

/**
 * Whether the processor computes a kernel's gradient fastest as one product.
 *
 * @param attributes of `harrier.ConvKernelGradient`
 */
export function hasSmallImages(dy: Value, attributes: Attributes): boolean {
  const { group } = readConvKernelGradient(attributes);
  const [, , ...positions] = fixedDims(dy);
  return group === 1 && positions.length === 2 && elementCount(positions) <= FEW_POSITIONS;
}

/**
 * The same with channels last, so that images and positions together are the rows of both factors:
 * dW[o, k, c] = Σ_(n,p) dY[(n,p), o] · rows[(n,p), (k,c)].
 */
function byOneProduct({ graph, target, attributes, rows, inputs: [dy, x] }: Composite): Value {
  const { kernel_shape: kernel } = readConvKernelGradient(attributes);
  const [batch, outputs, height, width] = fixedDims(dy);
  const product = matMul(
    graph,
    reshape(graph, transpose(graph, dy, [0, 2, 3, 1]), [batch * height * width, outputs]),
    rows.of(x, kernel, attributes).rows,
    { transA: true, target },
  );
  return transpose(graph, reshape(graph, product, [outputs, ...kernel, fixedDims(x)[1]]), [0, 3, 1, 2]);
}

/** (N, C, H, W) → (N, C·elements, area): for every channel and kernel element, the image as that element sees it. */
function shiftedImages(
  graph: GraphBuilder,
  x: Value,
  area: number,
  { strides, dilations, pads, kernel_shape: kernel }: ReturnType<typeof readConvKernelGradient>,
  target: Target,
): Value {
  const [batch, channels] = fixedDims(x);
  const elements = elementCount(kernel);
  const rows =
    target === 'webgpu' ? Math.ceil(elements / WEBGPU_GROUP_MULTIPLE) * WEBGPU_GROUP_MULTIPLE : elements;
  const oneHot = new Float32Array(channels * rows * elements);
  for (let channel = 0; channel < channels; channel++) {
    for (let i = 0; i < elements; i++) oneHot[(channel * rows + i) * elements + i] = 1;
  }
  const shifted = graph.op('Conv', [x, graph.constant(float32([channels * rows, 1, ...kernel], oneHot))], {
    kernel_shape: kernel,
    strides,
    dilations,
    pads,
    group: channels,
  });
  if (rows === elements) return shifted;
  const apart = reshape(graph, shifted, [batch, channels, rows, area]);
  return slice(graph, apart, [2], [0], [elements]);
}
