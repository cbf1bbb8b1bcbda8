import {
  type Attributes,
  BLOCKED_DOMAIN,
  type GraphBuilder,
  int64,
  intAttribute,
  type Value,
} from '../onnx/index.ts';
import { convolutionAttributes, fixedDims, reshape, transpose } from '../ops/index.ts';
import { inBlocks, outOfBlocks } from './blocks.ts';

/**
 * A convolution in the layout that ONNX Runtime's fastest CPU kernels work in: channels in blocks of the processor's
 * vector width, (N, C/b, H, W, b). The runtime itself uses it only where weights are constant, which they are not in
 * training. Where the layout is not to be had, or channels would have to be filled up by too much to make whole blocks, a
 * stock Conv.
 *
 * @param block channels per block, undefined where the runtime has no such kernels
 */
export function convolve(
  graph: GraphBuilder,
  block: number | undefined,
  [x, weight, bias]: readonly [Value, Value, Value?],
  attributes: Attributes,
): Value {
  const layout = block === undefined ? undefined : layoutOf(fixedDims(weight), attributes, block);
  if (block === undefined || layout === undefined) return graph.op('Conv', [x, weight, bias], attributes);
  const kernel = layout === 'dense' ? denseKernel(graph, weight, block) : depthwiseKernel(graph, weight);
  return convolveBlocks(graph, [inBlocks(graph, x), kernel, bias && filledUp(graph, bias, block)], {
    ...convolutionAttributes(attributes, fixedDims(weight).slice(2), fixedDims(x).slice(2)),
    channels: fixedDims(weight)[0],
  });
}

/**
 * The same with a kernel (O, C, h, w) turned by 180° in its spatial axes and its channel axes swapped, for images of O
 * channels: undefined where it does not go into blocks.
 *
 * @param attributes of one group
 */
export function convolveTurned(
  graph: GraphBuilder,
  block: number | undefined,
  [x, weight]: readonly [Value, Value],
  attributes: Attributes,
): Value | undefined {
  const [inputs, channels, ...kernel] = fixedDims(weight);
  if (block === undefined || layoutOf([channels, inputs, ...kernel], attributes, block) !== 'dense') {
    return undefined;
  }
  return convolveBlocks(graph, [inBlocks(graph, x), turnedKernel(graph, weight, block)], {
    ...attributes,
    channels,
  });
}

/** @param attributes spelt out, with the channels that do not only fill the last block up */
function convolveBlocks(
  graph: GraphBuilder,
  inputs: readonly [Value, Value, Value?],
  { channels, ...attributes }: Attributes,
): Value {
  const kernel_shape = fixedDims(inputs[1]).slice(2);
  const y = graph.op('Conv', inputs, { ...attributes, kernel_shape }, { domain: BLOCKED_DOMAIN });
  return outOfBlocks(graph, y, channels as number);
}

// Kernels go through ReorderInput first, for ONNX Runtime moves single numbers several times slower than whole blocks.
// What is missing to whole blocks is 0: ReorderInput fills images up likewise, ReorderOutput drops the rest.

/** (O, I, h, w) → (O/b, I/b, h, w, b of I, b of O) */
function denseKernel(graph: GraphBuilder, weight: Value, block: number): Value {
  const whole = filledUp(graph, weight, block);
  const [outputs, inputs, ...kernel] = fixedDims(whole);
  const cells = kernel[0] * kernel[1];
  const ofOutputs = inBlocks(graph, reshape(graph, whole, [1, outputs, inputs * cells, 1]));
  const apart = reshape(graph, ofOutputs, [outputs / block, inputs / block, block, cells, block]);
  return reshape(graph, transpose(graph, apart, [0, 1, 3, 2, 4]), [outputs, inputs, ...kernel]);
}

/** (I, O, h, w) → (O/b, I/b, h, w, b of I, b of O), with cells in reverse */
function turnedKernel(graph: GraphBuilder, weight: Value, block: number): Value {
  const whole = filledUp(graph, weight, block);
  const [inputs, outputs, ...kernel] = fixedDims(whole);
  const cells = kernel[0] * kernel[1];
  const ofOutputs = inBlocks(graph, reshape(graph, whole, [inputs, outputs, cells, 1]));
  const apart = reshape(graph, ofOutputs, [inputs / block, block, outputs / block, cells, block]);
  const arranged = transpose(graph, apart, [2, 0, 3, 1, 4]);
  const backwards = graph.constant(int64(Array.from({ length: cells }, (_, cell) => cells - 1 - cell)));
  const turned = cells === 1 ? arranged : graph.op('Gather', [arranged, backwards], { axis: 2 });
  return reshape(graph, turned, [outputs, inputs, ...kernel]);
}

/** (O, 1, h, w) → (O/b, h, w, b of O) */
function depthwiseKernel(graph: GraphBuilder, weight: Value): Value {
  const [outputs, , ...kernel] = fixedDims(weight);
  const ofOutputs = inBlocks(graph, reshape(graph, weight, [1, outputs, kernel[0] * kernel[1], 1]));
  return reshape(graph, ofOutputs, [outputs, 1, ...kernel]);
}

/** Zeros after the channels of a kernel (outputs, inputs, …) or a bias (outputs), up to whole blocks. */
function filledUp(graph: GraphBuilder, x: Value, block: number): Value {
  const missing = fixedDims(x).map((size, axis) => (axis < 2 ? -size & (block - 1) : 0));
  if (missing.every((size) => size === 0)) return x;
  return graph.op('Pad', [x, graph.constant(int64([...missing.map(() => 0), ...missing]))]);
}

/** ReorderInput takes channels by fours. */
const CHANNELS_AT_ONCE = 4;
/** Work on channels that are there only to fill blocks up: beyond this, the plain layout is as fast. */
const MOST_FILLING = 1.5;

/**
 * How a kernel goes into blocks, undefined where it doesn't: all inputs with all outputs, or each channel by itself.
 * One cell is a plain matrix product, which gains nothing.
 */
function layoutOf(
  [outputs, inputs, ...kernel]: readonly number[],
  attributes: Attributes,
  block: number,
): 'dense' | 'depthwise' | undefined {
  const group = intAttribute(attributes, 'group', 1);
  if (kernel.length !== 2 || kernel.every((size) => size === 1)) return undefined;
  if (group > 1) return group === outputs && inputs === 1 && outputs % block === 0 ? 'depthwise' : undefined;
  const filled = (channels: number) => Math.ceil(channels / block) * block;
  const gains =
    outputs % CHANNELS_AT_ONCE === 0 &&
    inputs % CHANNELS_AT_ONCE === 0 &&
    filled(outputs) * filled(inputs) <= MOST_FILLING * outputs * inputs;
  return gains ? 'dense' : undefined;
}
