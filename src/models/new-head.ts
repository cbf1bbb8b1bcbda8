import { HarrierError } from '../errors.ts';
import { Dense, OnnxGraph, type ParameterSpec } from '../layers/index.ts';
import type { TunedPart } from '../options/words.ts';
import { Network } from './network.ts';
import type { TrainedNetwork } from './trained-network.ts';
import { initialWeights } from './weights.ts';

export type { TunedPart };

/** How `withNewHead` replaces the last layer of a network. */
export interface NewHeadOptions {
  /** Classes to tell apart from now on. */
  readonly classes: number;
  /**
   * `head`: the new last layer alone, the others are frozen; `last:2`: the last two layers with weights, the new one
   * included; `all`: all weights that the network's layers train.
   */
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
 * Batch normalization keeps the statistics that it has, so that a few images do not spoil them, and trains its scale and
 * offset. An imported graph
 * that gives features alone gets its first head.
 *
 * @throws HarrierError `not-supported` when its last weights are not a Dense layer's that gives the scores, `bad-option`
 *   for more last layers than it has
 */
export function withNewHead({ network, weights }: TrainedNetwork, options: NewHeadOptions): NewHead {
  const { classes, trainable, seed } = options;
  const config = network.config();
  const head = headOf(network);
  const isAdded = !network.layers.some(({ name }) => name === head);
  const trained = trainedLayers(network, head, trainable);
  const layers = config.layers.map(({ layer, options: own }) => {
    const { name } = own as { name: string };
    // Scores of one class may be higher throughout than another's, also where the old layer had no biases.
    if (name === head) return { layer, options: { ...own, units: classes, useBias: true, trainable: true } };
    return trained.has(name) ? { layer, options: { ...own, ...trained.get(name) } } : { layer, options: own };
  });
  if (isAdded) layers.push({ layer: 'Dense', options: { units: classes, name: head } });
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

/** Options of a layer that say what training changes of it. */
interface Tuned {
  readonly trainable: boolean;
  readonly trainableLayers?: number;
  readonly fixedStatistics?: boolean;
}

/** What layers with weights, but for the head, are told of training, by name. */
function trainedLayers(network: Network, head: string, part: TunedPart): ReadonlyMap<string, Tuned> {
  const counts = weightedLayers(network, head);
  const total = counts.reduce((sum, { count }) => sum + count, 0);
  const wanted = wantedLayers(part, total);
  // The head is one of them.
  let left = wanted - 1;
  const result = new Map<string, Tuned>();
  for (const { name, layer, count } of counts.toReversed()) {
    if (name === head) continue;
    const own = Math.min(count, Math.max(0, left));
    // A layer that is not counted, such as LayerScale, learns with the one before it.
    const isTrained = count > 0 ? own > 0 : left > 0;
    result.set(name, {
      trainable: isTrained,
      ...(layer.type === 'BatchNormalization' && { fixedStatistics: true }),
      ...(layer instanceof OnnxGraph && { trainableLayers: own > 0 && own < count ? own : undefined }),
    });
    left -= count;
  }
  return result;
}

/** @throws HarrierError `bad-option` for more layers than there are */
function wantedLayers(part: TunedPart, total: number): number {
  if (part === 'head') return 1;
  if (part === 'all') return Number.POSITIVE_INFINITY;
  const wanted = Number(part.slice('last:'.length));
  if (wanted <= total) return wanted;
  throw new HarrierError('bad-option', 'the model has fewer layers with weights', {
    where: 'trainable',
    expected: `last:1 to last:${total}, or all`,
    received: part,
    options: ['trainable'],
  });
}

/** For how many layers with weights one counts: a kernel or a matrix makes it one, biases and scales alone do not. */
export function weightedLayersIn(
  { parameters }: Network,
  { name, layer }: Network['layers'][number],
): number {
  if (layer instanceof OnnxGraph) return layer.weightedLayers;
  return Number(parameters.some((each) => layerOf(each) === name && each.shape.length >= 2));
}

/** `conv2d` for `conv2d/kernel`. */
function layerOf({ name }: ParameterSpec): string {
  return name.slice(0, name.lastIndexOf('/'));
}

/** Layers with weights, first to last, and for how many each counts; the head, new or old, is the last. */
function weightedLayers(network: Network, head: string) {
  const weighted = new Set(network.parameters.map(layerOf));
  const own = network.layers
    .filter(({ name }) => weighted.has(name))
    .map((each) => ({ name: each.name, layer: each.layer, count: weightedLayersIn(network, each) }));
  const isAdded = !own.some(({ name }) => name === head);
  return isAdded ? [...own, { name: head, layer: new Dense({ units: 1 }), count: 1 }] : own;
}

/** What the first head of a network of features is called. */
const ADDED = 'head';

/**
 * The Dense layer that gives the scores; nothing but activations comes after it. Of an imported graph that gives features
 * alone, the one that `withNewHead` adds.
 *
 * @throws HarrierError `not-supported` when the network does not end so
 */
export function headOf(network: Network): string {
  const { calls } = network;
  for (let place = calls.length; place > 0; ) {
    const { layer, inputs } = calls[place - 1];
    const { type } = layer.layer;
    if (type === 'OnnxGraph') return ADDED;
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
