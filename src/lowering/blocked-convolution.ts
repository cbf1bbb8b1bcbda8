import {
  type Attributes,
  BLOCKED_DOMAIN,
  type GraphBuilder,
  int64,
  intAttribute,
  type Value,
} from '../onnx/index.ts';
import { convolutionAttributes, fixedDims, reshape, transpose } from '../ops/index.ts';

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
  const layout = block === undefined ? undefined : layoutOf(weight, attributes, block);
  if (block === undefined || layout === undefined) return graph.op('Conv', [x, weight, bias], attributes);
  const [channels, , ...kernel] = fixedDims(weight);
  const spatial = x.shape.slice(2).map(Number);
  // What is missing to whole blocks is 0: ReorderInput fills its blocks up likewise, ReorderOutput drops the rest.
  const whole = layout === 'dense' ? filledUp(graph, weight, block) : weight;
  const [outputs, inputs] = fixedDims(whole);
  const arranged =
    layout === 'dense'
      ? // (O, I, h, w) → (O/b, I/b, h, w, b of I, b of O)
        transpose(
          graph,
          reshape(graph, whole, [outputs / block, block, inputs / block, block, ...kernel]),
          [0, 2, 4, 5, 3, 1],
        )
      : // (O, 1, h, w) → (O/b, h, w, b of O)
        transpose(graph, reshape(graph, whole, [outputs / block, block, ...kernel]), [0, 2, 3, 1]);
  const blocked = reshape(graph, arranged, [outputs, inputs, ...kernel]);
  const y = graph.op(
    'Conv',
    [inBlocks(graph, x), blocked, bias && filledUp(graph, bias, block)],
    { kernel_shape: kernel, ...convolutionAttributes(attributes, kernel, spatial) },
    { domain: BLOCKED_DOMAIN },
  );
  return graph.op('ReorderOutput', [y], { channels }, { domain: BLOCKED_DOMAIN });
}

const reordered = new WeakMap<Value, Value>();

/** (N, C, H, W) in blocks of channels, (N, C/b, H, W, b): made once for all that reads it. */
export function inBlocks(graph: GraphBuilder, x: Value): Value {
  const made = reordered.get(x) ?? graph.op('ReorderInput', [x], {}, { domain: BLOCKED_DOMAIN });
  reordered.set(x, made);
  return made;
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
function layoutOf(weight: Value, attributes: Attributes, block: number): 'dense' | 'depthwise' | undefined {
  const [outputs, inputs, ...kernel] = fixedDims(weight);
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
