import { callConfigs } from './calls.ts';
import { Network } from './network.ts';
import { headOf } from './new-head.ts';
import type { TrainedNetwork } from './trained-network.ts';

/**
 * The network up to its head, with its weights: what it gives are the features of an image, one row of numbers. An
 * imported graph of features alone comes back as it is.
 *
 * @throws HarrierError `not-supported` when its last weights are not a Dense layer's that gives the scores
 */
export function withoutHead({ network, weights }: TrainedNetwork): TrainedNetwork {
  const head = headOf(network);
  const call = network.calls.find(({ layer }) => layer.name === head);
  if (!call) return { network, weights };
  const [end] = call.inputs;
  const calls = network.calls.slice(0, end);
  const names = new Set(calls.map(({ layer }) => layer.name));
  const config = network.config();
  const features = Network.from({
    ...config,
    name: `${config.name}-features`,
    layers: config.layers.filter(({ options }) => names.has(`${options.name}`)),
    ...(config.calls && { calls: callConfigs(calls) }),
  });
  return {
    network: features,
    weights: new Map(features.parameters.map(({ name }) => [name, weights.get(name)!])),
  };
}
