import { type Attributes, floatAttribute, type Value } from '../../onnx/index.ts';
import { add, mul, scale, square, sub } from '../../ops/index.ts';
import { batchNormalizationGradient, countOf, inverseDeviation } from '../composites/batch-normalization.ts';
import type { BlockedLayout } from './layout.ts';

/**
 * Normalization by the statistics of the batch, of an image that was made in blocks; undefined for another. ONNX's own
 * op does not know blocks: x without its mean is scaled and shifted.
 */
export function normalizeInBlocks(
  layout: BlockedLayout,
  [image, gamma, beta]: readonly Value[],
  attributes: Attributes,
): Value[] | undefined {
  if (!layout.isMadeInBlocks(image)) return undefined;
  const { graph } = layout;
  const x = layout.toBlocks(image);
  const mean = scale(graph, layout.channelSums(x), 1 / countOf(x));
  const centred = sub(graph, x, layout.spread(mean, x));
  const variance = scale(graph, layout.channelSums(square(graph, centred)), 1 / countOf(x));
  const slope = mul(
    graph,
    gamma,
    inverseDeviation(graph, variance, floatAttribute(attributes, 'epsilon', 1e-5)),
  );
  const y = add(graph, mul(graph, centred, layout.spread(slope, x)), layout.spread(beta, x));
  return [layout.fromBlocks(y), mean, variance];
}

/** Its gradient, where dy and x are in blocks; else undefined. */
export function normalizationGradientInBlocks(
  layout: BlockedLayout,
  inputs: readonly Value[],
  attributes: Attributes,
): Value[] | undefined {
  const blocked = layout.operands(inputs.slice(0, 2));
  if (!blocked) return undefined;
  const [dx, dGamma, dBeta] = batchNormalizationGradient(
    layout.graph,
    [...blocked, ...inputs.slice(2)],
    floatAttribute(attributes, 'epsilon', 1e-5),
    {
      sum: (images) => layout.channelSums(images),
      spread: (vector) => layout.spread(vector, blocked[1]),
    },
  );
  return [layout.fromBlocks(dx), dGamma, dBeta];
}
