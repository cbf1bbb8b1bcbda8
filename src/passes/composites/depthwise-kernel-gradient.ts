import { type Attributes, elementCount, type GraphBuilder, type Value } from '../../onnx/index.ts';
import { fixedDims, readConvKernelGradient, reshape, slice } from '../../ops/index.ts';
import type { Target } from '../pass.ts';
import { sumOverBatch } from './matrix.ts';

/**
 * Whether a kernel filters each channel by itself, into one output each.
 *
 * @param attributes of `harrier.ConvKernelGradient`
 */
export function isDepthwise(dy: Value, x: Value, attributes: Attributes): boolean {
  const { group, kernel_shape } = readConvKernelGradient(attributes);
  return group > 1 && fixedDims(dy)[1] === group && fixedDims(x)[1] === group && kernel_shape.length === 2;
}

/** Positions of dY beyond which small kernels are faster by columns: a kernel as large as dY leaves the cache. */
const MOST_POSITIONS = 1024;
const SMALL_KERNEL = 9;

/** Whether the plain layout computes a depthwise kernel's gradient fastest as a convolution with dY. */
export function gainsAsConvolution(dy: Value, attributes: Attributes): boolean {
  const { kernel_shape, strides } = readConvKernelGradient(attributes);
  const isSmall = elementCount(kernel_shape) <= SMALL_KERNEL && strides.every((stride) => stride === 1);
  return !isSmall || elementCount(fixedDims(dy).slice(2)) <= MOST_POSITIONS;
}

/**
 * dW[c,k] = Σ_n Σ_p dY[n,c,p] · X[n,c,p·s + k·d − pad]: for each image and channel, a convolution of X with dY as its
 * kernel, whose positions are the kernel's elements. So strides become dilations, dilations strides.
 */
export function depthwiseKernelGradient(
  graph: GraphBuilder,
  [dy, x]: readonly Value[],
  attributes: Attributes,
  target: Target,
): Value {
  const [batch, channels, ...size] = fixedDims(x);
  const [, , ...positions] = fixedDims(dy);
  const images = reshape(graph, x, [1, batch * channels, ...size]);
  const kernels = reshape(graph, dy, [batch * channels, 1, ...positions]);
  const y = graph.op('Conv', [images, kernels], depthwiseGradientConvolution(dy, x, attributes));
  const { kernel_shape } = readConvKernelGradient(attributes);
  return kernelOfAllImages(graph, y, [batch, channels, ...kernel_shape], target);
}

/**
 * The attributes of that convolution. It ends where the kernel's last element meets the last position of dY, which may
 * take less padding than the forward pass had.
 */
export function depthwiseGradientConvolution(dy: Value, x: Value, attributes: Attributes) {
  const { strides, dilations, pads, kernel_shape } = readConvKernelGradient(attributes);
  const [batch, channels, ...size] = fixedDims(x);
  const positions = fixedDims(dy).slice(2);
  const ends = kernel_shape.map((elements, i) => {
    const read = dilations[i] * (elements - 1) + strides[i] * (positions[i] - 1) + 1;
    return Math.max(0, read - pads[i] - size[i]);
  });
  return {
    kernel_shape: positions,
    strides: dilations,
    dilations: strides,
    pads: [...pads.slice(0, kernel_shape.length), ...ends],
    group: batch * channels,
  };
}

/**
 * (1, N·C, kh, kw) → (C, 1, kh, kw): the sum over the images. The end of an image that no kernel reads makes rows and
 * columns too many.
 */
export function kernelOfAllImages(
  graph: GraphBuilder,
  y: Value,
  [batch, channels, ...kernel]: readonly number[],
  target: Target,
): Value {
  const made = fixedDims(y).slice(2);
  const exact = made.every((size, i) => size === kernel[i]) ? y : slice(graph, y, [2, 3], [0, 0], kernel);
  const ofImages = reshape(graph, exact, [batch, channels, 1, ...kernel]);
  return sumOverBatch(graph, ofImages, target);
}
