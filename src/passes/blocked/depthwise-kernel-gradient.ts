import { type Attributes, BLOCKED_DOMAIN, type Value } from '../../onnx/index.ts';
import { fixedDims, readConvKernelGradient, reshape } from '../../ops/index.ts';
import {
  depthwiseGradientConvolution,
  isDepthwise,
  kernelOfAllImages,
} from '../composites/depthwise-kernel-gradient.ts';
import type { BlockedLayout } from './layout.ts';

/**
 * The gradient of a depthwise kernel in blocks. The channels of all images, (N, C/b, h, w, b), lie in memory as those of
 * one image with N · C channels do, and dY in blocks is the kernel in blocks, so nothing is moved.
 *
 * @param attributes of `harrier.ConvKernelGradient`
 * @returns undefined for other convolutions, and for channels that do not make whole blocks
 */
export function depthwiseKernelGradientInBlocks(
  layout: BlockedLayout,
  [dy, x]: readonly Value[],
  attributes: Attributes,
): Value | undefined {
  if (!isDepthwise(dy, x, attributes)) return undefined;
  const [batch, channels, ...size] = fixedDims(x);
  const [, , ...positions] = fixedDims(dy);
  if (channels % layout.block !== 0) return undefined;
  const { graph } = layout;
  const convolution = depthwiseGradientConvolution(dy, x, attributes);
  const images = reshape(graph, layout.toBlocks(x), [1, batch * channels, ...size]);
  const kernels = reshape(graph, layout.toBlocks(dy), [batch * channels, 1, ...positions]);
  const y = graph.op('Conv', [images, kernels], convolution, { domain: BLOCKED_DOMAIN });
  const { kernel_shape } = readConvKernelGradient(attributes);
  return kernelOfAllImages(graph, layout.fromBlocks(y), [batch, channels, ...kernel_shape], 'cpu');
}
