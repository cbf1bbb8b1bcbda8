import { headOf, type Network, type Weights, withoutHead } from '../models/index.ts';
import type { FittedHead } from './fit-head.ts';
import type { DenseWeights } from './head-data.ts';

/** The weights with those of the fitted layers in their places. */
export function withFittedHead(
  network: Network,
  weights: Weights,
  { kernel, bias, hidden }: FittedHead,
): Weights {
  const layers: [string, DenseWeights][] = [[headOf(network), { kernel, bias }]];
  if (hidden) layers.push([headOf(withoutHead({ network, weights }).network), hidden]);
  return new Map([
    ...weights,
    ...layers.flatMap(([name, layer]): [string, Float32Array][] => [
      [`${name}/kernel`, layer.kernel],
      [`${name}/bias`, layer.bias],
    ]),
  ]);
}
