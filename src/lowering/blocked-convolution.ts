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
  if (block === undefined || !dividesIntoBlocks(weight, attributes, block)) {
    return graph.op('Conv', [x, weight, bias], attributes);
  }
  const [outputs, inputs, ...kernel] = fixedDims(weight);
  const spatial = x.shape.slice(2).map(Number);
  const inBlocks = graph.op('ReorderInput', [x], {}, { domain: BLOCKED_DOMAIN });
  // (O, I, h, w) → (O/b, I/b, h, w, b of I, b of O)
  const apart = reshape(graph, weight, [outputs / block, block, inputs / block, block, ...kernel]);
  const blocked = reshape(graph, transpose(graph, apart, [0, 2, 4, 5, 3, 1]), [outputs, inputs, ...kernel]);
  const y = graph.op(
    'Conv',
    [inBlocks, blocked, bias],
    { kernel_shape: kernel, ...convolutionAttributes(attributes, kernel, spatial) },
    { domain: BLOCKED_DOMAIN },
  );
  return graph.op('ReorderOutput', [y], { channels: outputs }, { domain: BLOCKED_DOMAIN });
}

/** One cell is a plain matrix product, which gains nothing. */
function dividesIntoBlocks(weight: Value, attributes: Attributes, block: number): boolean {
  const [outputs, inputs, ...kernel] = fixedDims(weight);
  return (
    kernel.length === 2 &&
    kernel.some((size) => size > 1) &&
    intAttribute(attributes, 'group', 1) === 1 &&
    outputs % block === 0 &&
    inputs % block === 0
  );
}
