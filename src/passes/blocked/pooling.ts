import { type Attributes, BLOCKED_DOMAIN, elementCount, float, type Value } from '../../onnx/index.ts';
import { div, fixedDims, mul, readMaxPoolGradient, scale, sub } from '../../ops/index.ts';
import { tiles } from '../composites/pooling.ts';
import { STEEP } from '../composites/step.ts';
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
 * The gradient of maxima over windows that tile an image which was made in blocks; undefined for others. x ≥ y holds
 * where x is a winner: 1 + 1e38 · (x − y), kept within 0 and 1. Winners that tie get equal parts of dy.
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
  const steep = { alpha: float(STEEP), beta: float(1) };
  const winners = graph.op('HardSigmoid', [sub(graph, x, enlarged(y))], steep);
  const average = graph.op('AveragePool', [winners], { kernel_shape, strides }, { domain });
  const part = scale(graph, div(graph, dy, average), 1 / elementCount(kernel_shape));
  return layout.fromBlocks(mul(graph, winners, enlarged(part)));
}
