import { Network } from '../network.ts';
import type { TrainedNetwork } from '../trained-network.ts';
import { HEAD } from './to-network.ts';

/** A network of one score z as one of two classes, with the scores 0 and z: softmax(0, z) = (1 − σ(z), σ(z)). */
export function inTwoClasses({ network, weights }: TrainedNetwork): TrainedNetwork {
  const config = network.config();
  const isHead = ({ name }: { readonly name: string }) => name === HEAD;
  const others = config.layers.filter((_, i) => !isHead(network.layers[i]));
  const kernel = weights.get(`${HEAD}/kernel`) ?? Float32Array.of(1);
  const bias = weights.get(`${HEAD}/bias`);
  const head = { layer: 'Dense', options: { units: 2, useBias: bias !== undefined, name: HEAD } };
  return {
    network: Network.from({ ...config, layers: [...others, head] }),
    weights: new Map([
      ...weights,
      [
        `${HEAD}/kernel`,
        Float32Array.from({ length: 2 * kernel.length }, (_, i) => (i % 2) * kernel[i >> 1]),
      ],
      ...(bias ? [[`${HEAD}/bias`, Float32Array.of(0, bias[0])] as const] : []),
    ]),
  };
}
