import type { AugmentationConfig } from '../data/augmentation/index.ts';
import { OnnxGraph } from '../layers/index.ts';
import { headOf, type Network, type TunedPart, trainedDepths } from '../models/index.ts';
import type { RunLength } from './few-images.ts';
import type { TrainingMethod } from './recipe.ts';

/** The learning rate of a head alone. */
const HEAD_RATE = 0.003;
/** Rates of the layers next to the head, and of the head after them, which was fitted on features before. */
const RATES = {
  convolutions: { last: 1e-3, head: 1.6e-3 },
  // Attention is spoilt by rates that convolutions stand.
  attention: { last: 3e-4, head: 5e-4 },
};
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

/** Images of a step, and steps after which the layers have settled. */
const BATCH = 16;
const STEPS = 500;
/** Epochs even of many images, and at most, of few. */
const [FEWEST_EPOCHS, MOST_EPOCHS] = [3, 12];

/**
 * How a network for photos is fine-tuned: AdamW whose rate falls from layer to layer towards the input (Howard and Ruder,
 * "Universal Language Model Fine-tuning for Text Classification", 2018), a warm-up, then a cosine; parts of the images at
 * the full size, mirrored, in changed light; evaluated and kept is an average of the weights.
 */
export function pretrainedMethod(network: Network, trainable: TunedPart): TrainingMethod {
  const isHead = trainable === 'head' || trainable === 'last:1';
  const head = headOf(network);
  const rates = hasAttention(network) ? RATES.attention : RATES.convolutions;
  return {
    name: 'fine-tuning',
    ...(isHead ? { epochs: 6, batchSize: 32 } : { epochs: FEWEST_EPOCHS, batchSize: BATCH }),
    optimizer: isHead
      ? adamW(HEAD_RATE)
      : {
          ...adamW(rates.last),
          groups: [
            { parameters: `${head}/*`, optimizer: adamW(rates.head) },
            ...groupsOf(network, trainable, rates.last),
          ],
        },
    loss: { labelSmoothing: LABEL_SMOOTHING },
    augmentation: photoAugmentation(),
    averageMomentum: AVERAGE_MOMENTUM,
    validationSplit: 0,
  };
}

/** Networks of layers of our own are convolutions; of imported ones, those that normalize tokens attend. */
function hasAttention({ layers }: Network): boolean {
  return layers.some(({ layer }) => layer instanceof OnnxGraph && layer.opTypes.has('LayerNormalization'));
}

/** How long more than the head of such a network is trained on a number of images. */
export function pretrainedLength(images: number, batchSize = BATCH): RunLength {
  const epochs = Math.round(STEPS / Math.ceil(images / batchSize));
  return { batchSize, epochs: Math.min(MOST_EPOCHS, Math.max(FEWEST_EPOCHS, epochs)) };
}

/** Fraction of the images that is set aside, and images from which on it is enough of them. */
const [VALIDATION_SPLIT, ENOUGH_TO_SPLIT] = [0.1, 200];

/**
 * Fraction of the training images that more than the head is not trained on, where nobody says: they choose the epoch,
 * and say how sure the model may be, which label smoothing makes too unsure.
 */
export function pretrainedSplit(images: number): number {
  return images < ENOUGH_TO_SPLIT ? 0 : VALIDATION_SPLIT;
}

/** Groups of parameters from the input on, each with a rate between that of the first layers and that of the last. */
function groupsOf(network: Network, trainable: TunedPart, lastRate: number) {
  const { total, depths } = trainedDepths(network, trainable);
  const count = Math.min(GROUPS, total);
  const members = new Map<number, string[]>();
  for (const [name, depth] of depths) {
    const group = Math.floor(((depth - 1) * count) / total);
    members.set(group, [...(members.get(group) ?? []), name]);
  }
  return [...members]
    .filter(([group]) => group < count - 1)
    .map(([group, parameters]) => ({
      parameters,
      optimizer: adamW(lastRate * FIRST_PART ** ((count - 1 - group) / Math.max(1, count - 1))),
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

function photoAugmentation(): AugmentationConfig[] {
  return [
    { name: 'RandomResizedCrop', smallest: 0.35 },
    { name: 'RandomFlip' },
    { name: 'RandomColorJitter', brightness: 0.2, contrast: 0.2, saturation: 0.2 },
  ];
}
