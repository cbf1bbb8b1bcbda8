import { HarrierError } from '../errors.ts';
import { TUNED_PARTS } from '../options/words.ts';
import { Network } from './network.ts';
import type { TrainedNetwork } from './trained-network.ts';
import { initialWeights } from './weights.ts';

/** Which weights of a network training changes. */
export { TUNED_PARTS };
/** Which weights fine-tuning changes: those of the new last layer (`head`), or `all`. */
export type TunedPart = (typeof TUNED_PARTS)[number];

/** How `withNewHead` replaces the last layer of a network. */
export interface NewHeadOptions {
  /** Classes to tell apart from now on. */
  readonly classes: number;
  /** `head`: the new last layer alone, the others are frozen; `all`: all weights that the network's layers train. */
  readonly trainable: TunedPart;
  /** The new layer's weights are drawn by it. */
  readonly seed: number;
}

/** A trained network with a new last layer for other classes. */
export interface NewHead extends TrainedNetwork {
  /** The new layer's name. */
  readonly head: string;
}

/**
 * The same network with a new last layer for other classes, ready to be fine-tuned: what comes before keeps its weights.
 * Batch normalisation stands on the statistics that it has, so that a few images do not spoil them.
 *
 * @throws HarrierError `not-supported` when its last weights are not a Dense layer's that gives the scores
 */
export function withNewHead({ network, weights }: TrainedNetwork, options: NewHeadOptions): NewHead {
  const { classes, trainable, seed } = options;
  const config = network.config();
  const head = headOf(network);
  const weighted = new Set(network.parameters.map(({ name }) => name.slice(0, name.lastIndexOf('/'))));
  const layers = config.layers.map(({ layer, options: own }) => {
    const { name } = own as { name: string };
    if (name === head) return { layer, options: { ...own, units: classes, trainable: true } };
    if (!weighted.has(name)) return { layer, options: own };
    return { layer, options: { ...own, trainable: trainable === 'all' && layer !== 'BatchNormalization' } };
  });
  const changed = Network.from({ ...config, layers });
  const isNew = (name: string) => name.startsWith(`${head}/`);
  const first = initialWeights(
    changed.parameters.filter(({ name }) => isNew(name)),
    seed,
  );
  return {
    head,
    network: changed,
    weights: new Map(changed.parameters.map(({ name }) => [name, (first.get(name) ?? weights.get(name))!])),
  };
}

/**
 * The Dense layer that gives the scores; nothing but activations comes after it.
 * @throws HarrierError `not-supported` when the network does not end so
 */
export function headOf(network: Network): string {
  const { calls } = network;
  for (let place = calls.length; place > 0; ) {
    const { layer, inputs } = calls[place - 1];
    const { type } = layer.layer;
    if (type === 'Dense' && calls.filter((call) => call.layer === layer).length === 1) return layer.name;
    if (type !== 'Activation' && type !== 'Dropout') break;
    [place] = inputs;
  }
  throw new HarrierError('not-supported', 'this network has no last layer that could be replaced', {
    where: network.name,
    expected: 'a Dense layer that gives one score for each class',
    received: `${calls.at(-1)!.layer.layer.type}`,
    next: 'Train one from scratch.',
  });
}
