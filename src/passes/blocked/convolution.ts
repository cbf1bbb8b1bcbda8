import {
  type Attributes,
  BLOCKED_DOMAIN,
  elementCount,
  type GraphBuilder,
  int64,
  intAttribute,
  intsAttribute,
  type Value,
} from '../../onnx/index.ts';
import {
  convolutionAttributes,
  fixedDims,
  readConvInputGradient,
  reshape,
  transpose,
} from '../../ops/index.ts';
import { inputGradientConvolution, turnedKernel } from '../composites/convolution.ts';
import type { BlockedLayout } from './layout.ts';

/**
 * A convolution in blocks. ONNX Runtime itself uses them only where weights are constant, which they are not in training.
 *
 * @returns undefined where the kernel does not go into blocks, or channels would have to be padded by too much
 */
export function convolveInBlocks(
  layout: BlockedLayout,
  [x, weight, bias]: readonly (Value | undefined)[],
  attributes: Attributes,
): Value | undefined {
  if (!x || !weight) return undefined;
  const kernel = kernelInBlocks(layout, weight, attributes);
  if (!kernel) return undefined;
  const biasInBlocks = bias && padded(layout.graph, bias, layout.block);
  return convolveBlocks(layout, [layout.toBlocks(x), kernel, biasInBlocks], {
    ...convolutionAttributes(attributes, fixedDims(weight).slice(2), fixedDims(x).slice(2)),
    channels: fixedDims(weight)[0],
  });
}

/**
 * The gradient of a convolution's input, where it is a convolution (stride 1, or depthwise) and goes into blocks; else
 * undefined.
 *
 * @param attributes of `harrier.ConvInputGradient`
 */
export function inputGradientInBlocks(
  layout: BlockedLayout,
  [dy, weight]: readonly Value[],
  attributes: Attributes,
): Value | undefined {
  const { graph, block } = layout;
  const convolution = inputGradientConvolution(weight, attributes);
  if (!convolution) return stridedInputGradient(layout, [dy, weight], attributes);
  const [outputs, inputsPerGroup, ...kernel] = fixedDims(weight);
  const { group } = convolution;
  const form = formOf([group * inputsPerGroup, outputs / group, ...kernel], convolution, block);
  if (form === undefined) return undefined;
  if (form === 'depthwise') {
    return convolveInBlocks(layout, [dy, turnedKernel(graph, weight, group, 'cpu')], convolution);
  }
  return convolveBlocks(layout, [layout.toBlocks(dy), turnedDenseKernel(layout, weight)], {
    ...convolution,
    channels: inputsPerGroup,
  });
}

/** Elements of a depthwise kernel up to which a transposed convolution is as fast. */
const SMALL_KERNEL = 9;

/**
 * The gradient of the input of a depthwise convolution with strides s: zeros after each position of dY make it one
 * without strides. (N·C/b, h, 1, w, 1, b) → (N·C/b, h, s, w, s, b)
 */
function stridedInputGradient(
  layout: BlockedLayout,
  [dy, weight]: readonly Value[],
  attributes: Attributes,
): Value | undefined {
  const { graph, block } = layout;
  const { strides, dilations, pads, group, input_shape } = readConvInputGradient(attributes);
  const [channels, , ...kernel] = fixedDims(weight);
  if (formOf(fixedDims(weight), attributes, block) !== 'depthwise') return undefined;
  const [batch, , height, width] = fixedDims(dy);
  const spread = [height * strides[0], width * strides[1]];
  const starts = kernel.map((elements, i) => dilations[i] * (elements - 1) - pads[i]);
  const ends = spread.map((size, i) => input_shape[i + 2] + pads[i] - size);
  const isPadded = [...starts, ...ends].every((size) => size >= 0);
  if (!isPadded || elementCount(kernel) <= SMALL_KERNEL) return undefined;
  const apart = reshape(graph, layout.toBlocks(dy), [(batch * channels) / block, height, 1, width, 1, block]);
  const zeros = int64([0, 0, 0, 0, 0, 0, 0, 0, strides[0] - 1, 0, strides[1] - 1, 0]);
  const wide = reshape(graph, graph.op('Pad', [apart, graph.constant(zeros)]), [batch, channels, ...spread]);
  const turned = depthwiseKernel(layout, turnedKernel(graph, weight, group, 'cpu'));
  return convolveBlocks(layout, [wide, turned], {
    strides: kernel.map(() => 1),
    dilations,
    group,
    pads: [...starts, ...ends],
    channels,
  });
}

/** @param attributes spelt out, with the channels without those that pad the last block */
function convolveBlocks(
  layout: BlockedLayout,
  inputs: readonly [Value, Value, Value?],
  { channels, ...attributes }: Attributes & { channels: number },
): Value {
  const [x, weight, bias] = inputs;
  const kernel_shape = fixedDims(weight).slice(2);
  const [wide, left] = withPaddedRows(layout, x, attributes);
  const y = layout.graph.op(
    'Conv',
    [wide, weight, bias],
    { ...left, kernel_shape },
    { domain: BLOCKED_DOMAIN },
  );
  return layout.fromBlocks(y, channels);
}

/**
 * Rows of up to this many positions are padded before the convolution: ONNX Runtime computes six positions at once where
 * no kernel element lies in the padding, and each of the others by itself, at half the rate. Padding longer rows costs
 * more than that.
 */
const SHORT_ROW = 8;

/** Zeros at both ends of short rows, and the padding that is left to the convolution. */
function withPaddedRows(
  { graph, block }: BlockedLayout,
  x: Value,
  attributes: Attributes,
): [Value, Attributes] {
  const [batch, channels, height, width] = fixedDims(x);
  const [top, left, bottom, right] = intsAttribute(attributes, 'pads') ?? [0, 0, 0, 0];
  const isPadded = left > 0 || right > 0;
  if (!isPadded || width > SHORT_ROW || channels % block !== 0 || intAttribute(attributes, 'group', 1) > 1) {
    return [x, attributes];
  }
  const rows = reshape(graph, x, [batch, channels / block, height, width, block]);
  const zeros = int64([0, 0, 0, left, 0, 0, 0, 0, right, 0]);
  const wide = graph.op('Pad', [rows, graph.constant(zeros)]);
  const pads = [top, 0, bottom, 0];
  return [reshape(graph, wide, [batch, channels, height, left + width + right]), { ...attributes, pads }];
}

// Kernels go through ReorderInput first, for ONNX Runtime moves single numbers several times slower than whole blocks.
// Padding to whole blocks is 0: ReorderInput pads images likewise, ReorderOutput drops the padding.

function kernelInBlocks(layout: BlockedLayout, weight: Value, attributes: Attributes): Value | undefined {
  const form = formOf(fixedDims(weight), attributes, layout.block);
  if (form === undefined) return undefined;
  return form === 'dense' ? denseKernel(layout, weight) : depthwiseKernel(layout, weight);
}

/** (O, I, h, w) → (O/b, I/b, h, w, b of I, b of O) */
function denseKernel(layout: BlockedLayout, weight: Value): Value {
  const { graph, block } = layout;
  const whole = padded(graph, weight, block);
  const [outputs, inputs, ...kernel] = fixedDims(whole);
  const elements = kernel[0] * kernel[1];
  const ofOutputs = layout.toBlocks(reshape(graph, whole, [1, outputs, inputs * elements, 1]));
  const apart = reshape(graph, ofOutputs, [outputs / block, inputs / block, block, elements, block]);
  return reshape(graph, transpose(graph, apart, [0, 1, 3, 2, 4]), [outputs, inputs, ...kernel]);
}

/** (I, O, h, w) → (O/b, I/b, h, w, b of I, b of O), with its elements in reverse: turned by 180°, channel axes swapped */
function turnedDenseKernel(layout: BlockedLayout, weight: Value): Value {
  const { graph, block } = layout;
  const whole = padded(graph, weight, block);
  const [inputs, outputs, ...kernel] = fixedDims(whole);
  const elements = kernel[0] * kernel[1];
  const ofOutputs = layout.toBlocks(reshape(graph, whole, [inputs, outputs, elements, 1]));
  const apart = reshape(graph, ofOutputs, [inputs / block, block, outputs / block, elements, block]);
  const arranged = transpose(graph, apart, [2, 0, 3, 1, 4]);
  const backwards = graph.constant(int64(Array.from({ length: elements }, (_, i) => elements - 1 - i)));
  const turned = elements === 1 ? arranged : graph.op('Gather', [arranged, backwards], { axis: 2 });
  return reshape(graph, turned, [outputs, inputs, ...kernel]);
}

/** (O, 1, h, w) → (O/b, h, w, b of O) */
function depthwiseKernel(layout: BlockedLayout, weight: Value): Value {
  const { graph } = layout;
  const [outputs, , ...kernel] = fixedDims(weight);
  const ofOutputs = layout.toBlocks(reshape(graph, weight, [1, outputs, kernel[0] * kernel[1], 1]));
  return reshape(graph, ofOutputs, [outputs, 1, ...kernel]);
}

/** Zeros after the channels of a kernel (outputs, inputs, …) or a bias (outputs), up to whole blocks. */
function padded(graph: GraphBuilder, x: Value, block: number): Value {
  const missing = fixedDims(x).map((size, axis) => (axis < 2 ? -size & (block - 1) : 0));
  if (missing.every((size) => size === 0)) return x;
  return graph.op('Pad', [x, graph.constant(int64([...missing.map(() => 0), ...missing]))]);
}

/** ReorderInput takes channels by fours. */
const CHANNELS_AT_ONCE = 4;
/** Work on channels that only pad blocks: beyond this, the plain layout is as fast. */
const MOST_PADDING = 1.5;

/**
 * How a kernel goes into blocks, undefined where it doesn't: all inputs with all outputs, or each channel by itself.
 * A kernel of one element is a plain matrix product, which gains nothing.
 */
function formOf(
  [outputs, inputs, ...kernel]: readonly number[],
  attributes: Attributes,
  block: number,
): 'dense' | 'depthwise' | undefined {
  const group = intAttribute(attributes, 'group', 1);
  if (kernel.length !== 2 || kernel.every((size) => size === 1)) return undefined;
  if (group > 1) return group === outputs && inputs === 1 && outputs % block === 0 ? 'depthwise' : undefined;
  const whole = (channels: number) => Math.ceil(channels / block) * block;
  const gains =
    outputs % CHANNELS_AT_ONCE === 0 &&
    inputs % CHANNELS_AT_ONCE === 0 &&
    whole(outputs) * whole(inputs) <= MOST_PADDING * outputs * inputs;
  return gains ? 'dense' : undefined;
}
