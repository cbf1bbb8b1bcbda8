import type { AugmentationConfig } from '../data/augmentation/index.ts';
import type { OnnxGraph } from '../layers/index.ts';
import { headOf, type Network, type TunedPart } from '../models/index.ts';
import type { TrainingMethod } from './recipe.ts';

/** Learning rates of the head: alone, and where it was fitted on features before. */
const HEAD_RATE = { alone: 0.003, before: 5e-4 };
/** The rate of the layers next to the head. */
const LAST_RATE = 3e-4;
/** The first layers, which see edges and colours, learn at this part of it. */
const FIRST_PART = 0.1;
/** Layers that share a rate come in this many groups at most. */
const GROUPS = 6;
const WEIGHT_DECAY = 0.01;
/** Fraction of the steps in which the rates rise. */
const WARM_UP = 0.1;
/** How much of the average of the weights stays at each step: it looks back some 30 steps. */
const AVERAGE_MOMENTUM = 0.97;
const LABEL_SMOOTHING = 0.1;

/**
 * How an imported graph is fine-tuned: AdamW whose rate falls from layer to layer towards the input (Howard and Ruder,
 * "Universal Language Model Fine-tuning for Text Classification", 2018), a warm-up, then a cosine; parts of the images at
 * the full size, mirrored, in changed light; evaluated and kept is an average of the weights.
 */
export function importedMethod(
  network: Network,
  graph: OnnxGraph,
  name: string,
  trainable: TunedPart,
): TrainingMethod {
  const isHead = trainable === 'head' || trainable === 'last:1';
  const head = headOf(network);
  const groups = isHead ? [] : groupsOf(graph, name, layersOf(trainable));
  return {
    name: 'fine-tuning',
    epochs: isHead ? 6 : 3,
    batchSize: isHead ? 32 : 16,
    optimizer: isHead
      ? adamW(HEAD_RATE.alone)
      : {
          ...adamW(LAST_RATE),
          groups: [{ parameters: `${head}/*`, optimizer: adamW(HEAD_RATE.before) }, ...groups],
        },
    loss: { labelSmoothing: LABEL_SMOOTHING },
    augmentation: importedAugmentation(),
    averageMomentum: AVERAGE_MOMENTUM,
    validationSplit: 0,
  };
}

/** Layers of the graph that train, besides the head. */
function layersOf(part: TunedPart): number {
  return part === 'all' ? Number.POSITIVE_INFINITY : Number(part.slice('last:'.length)) - 1;
}

/** Groups of parameters from the input on, each with a rate between that of the first layers and that of the last. */
function groupsOf(graph: OnnxGraph, name: string, trained: number) {
  const { weightedLayers: total, parameters } = graph;
  const first = Math.max(0, total - trained);
  const count = Math.min(GROUPS, total);
  const members = new Map<number, string[]>();
  for (const { name: own, layer, isStatistic } of parameters) {
    if (isStatistic || layer <= first) continue;
    const group = Math.floor(((layer - 1) * count) / total);
    members.set(group, [...(members.get(group) ?? []), `${name}/${own}`]);
  }
  return [...members]
    .filter(([group]) => group < count - 1)
    .map(([group, own]) => ({
      parameters: own,
      optimizer: adamW(LAST_RATE * FIRST_PART ** ((count - 1 - group) / Math.max(1, count - 1))),
    }));
}

function adamW(rate: number) {
  return {
    name: 'AdamW',
    weightDecay: WEIGHT_DECAY,
    learningRate: {
      name: 'linearWarmup',
      warmupSteps: { fraction: WARM_UP },
      schedule: { name: 'cosineDecay', initialLearningRate: rate, decaySteps: { fraction: 1 } },
    },
  };
}

function importedAugmentation(): AugmentationConfig[] {
  return [
    { name: 'RandomResizedCrop', smallest: 0.35 },
    { name: 'RandomFlip' },
    { name: 'RandomColorJitter', brightness: 0.2, contrast: 0.2, saturation: 0.2 },
  ];
}
