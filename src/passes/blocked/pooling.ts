import { type Attributes, BLOCKED_DOMAIN, elementCount, type Value } from '../../onnx/index.ts';
import { atLeast, div, fixedDims, mul, readMaxPoolGradient, scale } from '../../ops/index.ts';
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
  const { graph } = layout;
  const { kernel_shape, strides } = window;
  const [dy, x, y] = inputs.map((value) => layout.toBlocks(value));
  const domain = BLOCKED_DOMAIN;
  const enlarged = (value: Value) =>
    graph.op('Upsample', [value], { scales: [1, 1, ...strides] }, { domain });
  const winners = atLeast(graph, x, enlarged(y));
  const average = graph.op('AveragePool', [winners], { kernel_shape, strides }, { domain });
  const part = scale(graph, div(graph, dy, average), 1 / elementCount(kernel_shape));
  return layout.fromBlocks(mul(graph, winners, enlarged(part)));
}
