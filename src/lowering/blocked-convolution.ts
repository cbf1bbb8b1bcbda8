import {
  type Attributes,
  BLOCKED_DOMAIN,
  type GraphBuilder,
  intAttribute,
  type Value,
} from '../onnx/index.ts';
import { convolutionAttributes, fixedDims, reshape, transpose } from '../ops/index.ts';

/**
 * A convolution in the layout that ONNX Runtime's fastest CPU kernels work in: channels in blocks of the processor's
 * vector width, (N, C/b, H, W, b). The runtime itself uses it only where weights are constant, which they are not in
 * training. Where the layout is not to be had or the channels do not divide into blocks, a stock Conv.
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
  const [outputs, inputs, ...kernel] = fixedDims(weight);
  const spatial = x.shape.slice(2).map(Number);
  const inBlocks = graph.op('ReorderInput', [x], {}, { domain: BLOCKED_DOMAIN });
  const arranged =
    layout === 'dense'
      ? // (O, I, h, w) → (O/b, I/b, h, w, b of I, b of O)
        transpose(
          graph,
          reshape(graph, weight, [outputs / block, block, inputs / block, block, ...kernel]),
          [0, 2, 4, 5, 3, 1],
        )
      : // (O, 1, h, w) → (O/b, h, w, b of O)
        transpose(graph, reshape(graph, weight, [outputs / block, block, ...kernel]), [0, 2, 3, 1]);
  const blocked = reshape(graph, arranged, [outputs, inputs, ...kernel]);
  const y = graph.op(
    'Conv',
    [inBlocks, blocked, bias],
    { kernel_shape: kernel, ...convolutionAttributes(attributes, kernel, spatial) },
    { domain: BLOCKED_DOMAIN },
  );
  return graph.op('ReorderOutput', [y], { channels: outputs }, { domain: BLOCKED_DOMAIN });
}

/**
 * How a kernel goes into blocks, undefined where it doesn't: all inputs with all outputs, or each channel by itself.
 * One cell is a plain matrix product, which gains nothing.
 */
function layoutOf(weight: Value, attributes: Attributes, block: number): 'dense' | 'depthwise' | undefined {
  const [outputs, inputs, ...kernel] = fixedDims(weight);
  const group = intAttribute(attributes, 'group', 1);
  if (kernel.length !== 2 || kernel.every((size) => size === 1) || outputs % block !== 0) return undefined;
  if (group === 1) return inputs % block === 0 ? 'dense' : undefined;
  return group === outputs && inputs === 1 ? 'depthwise' : undefined;
}
