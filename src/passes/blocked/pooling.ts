import { type Attributes, BLOCKED_DOMAIN, elementCount, type Value } from '../../onnx/index.ts';
import { atLeast, div, fixedDims, mul, readMaxPoolGradient, reshape, scale } from '../../ops/index.ts';
import { tiles } from '../composites/pooling.ts';
import type { BlockedLayout } from './layout.ts';

/** Pooling of an image that was made in blocks; undefined for another. */
export function poolInBlocks(
  layout: BlockedLayout,
  opType: 'MaxPool' | 'AveragePool',
  x: Value,
  attributes: Attributes,
): Value | undefined {
  if (!layout.isMadeInBlocks(x)) return undefined;
  const options = { domain: BLOCKED_DOMAIN };
  return layout.fromBlocks(layout.graph.op(opType, [layout.toBlocks(x)], attributes, options));
}

/** Channels of a block, AVX-512's, from which repeating blocks costs less than enlarging the image. */
const LONG_BLOCK = 16;

/**
 * The gradient of maxima over windows that tile an image which was made in blocks; undefined for others. Winners that tie
 * get equal parts of dy.
 *
 * @param inputs dy, x and y
 * @param attributes of `harrier.MaxPoolGradient`
 */
export function maxPoolGradientInBlocks(
  layout: BlockedLayout,
  inputs: readonly Value[],
  attributes: Attributes,
): Value | undefined {
  const window = readMaxPoolGradient(attributes);
  if (!layout.isMadeInBlocks(inputs[1]) || !tiles(window, fixedDims(inputs[1]).slice(2))) return undefined;
  const { graph, block } = layout;
  const { kernel_shape, strides } = window;
  const [dy, x, y] = inputs.map((value) => layout.toBlocks(value));
  const [batch, channels, height, width] = fixedDims(y);
  const domain = BLOCKED_DOMAIN;
  // A value for each window, as often as the window has positions. Long blocks are repeated as they are read: the
  // positions of a window have axes of their own then. Of short ones each costs as much as writing it.
  const isRepeated = block >= LONG_BLOCK;
  const apart = (value: Value, [rows, columns]: readonly number[]) =>
    reshape(graph, value, [(batch * channels) / block, height, rows, width, columns, block]);
  const enlarged = (value: Value) =>
    isRepeated
      ? apart(value, [1, 1])
      : graph.op('Upsample', [value], { scales: [1, 1, ...strides] }, { domain });
  const together = (value: Value) => reshape(graph, value, fixedDims(x));
  const winners = atLeast(graph, isRepeated ? apart(x, kernel_shape) : x, enlarged(y));
  const average = graph.op('AveragePool', [together(winners)], { kernel_shape, strides }, { domain });
  const part = scale(graph, div(graph, dy, average), 1 / elementCount(kernel_shape));
  return layout.fromBlocks(together(mul(graph, winners, enlarged(part))));
}
