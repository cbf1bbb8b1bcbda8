import type { AugmentationConfig } from '../data/augmentation/index.ts';
import { OnnxGraph } from '../layers/index.ts';
import { headOf, type Network, type TrainedNetwork, type TunedPart, withNewHead } from '../models/index.ts';
import { optimizerFrom } from '../optimizers/index.ts';
import type { FitOptions } from '../training/index.ts';
import type { RunLength } from './few-images.ts';
import { pretrainedLength, pretrainedMethod, pretrainedSplit } from './pretrained-fine-tuning.ts';
import type { TrainingMethod } from './recipe.ts';

/** Options of `fineTuning`. */
export interface FineTuningOptions {
  /** What there is already, such as what `trainedNetwork` finds in a `model.onnx`. */
  readonly from: TrainedNetwork;
  /** Classes to tell apart from now on. */
  readonly classes: number;
  /** Training images that there are. */
  readonly images: number;
  /** Default `all`. */
  readonly trainable?: TunedPart;
  /** Default: as many as it takes for the head, and for all layers where they are trained, to settle. */
  readonly epochs?: number;
  /** Whether an image's mirror image shows the same class. Default true. */
  readonly mirrored?: boolean;
  /** Seeds the weights of the new head. */
  readonly seed: number;
}

/** The options of `fit` that fine-tune a network. */
export type FineTuning = Required<
  Pick<FitOptions, 'network' | 'weights' | 'optimizer' | 'epochs' | 'batchSize' | 'augmentation'>
> &
  Pick<FitOptions, 'loss' | 'averageMomentum'>;

/** Whether the head alone is trained, or layers before it too. */
type Reach = 'head' | 'all';

function reachOf(part: TunedPart): Reach {
  return part === 'head' || part === 'last:1' ? 'head' : 'all';
}

/** Steps after which all has settled, and a new head alone, which needs fewer. */
const STEPS: Readonly<Record<Reach, number>> = { all: 150, head: 80 };
/** Epochs even of many images. */
const FEWEST_EPOCHS: Readonly<Record<Reach, number>> = { all: 2, head: 6 };
/** Few images make at least so many batches, that every epoch takes several steps. */
const BATCHES = 8;
const [SMALLEST_BATCH, LARGEST_BATCH] = [8, 32];

/** Learning rates of the new head: alone, and before layers that follow it at a rate of their own. */
const HEAD_RATE: Readonly<Record<Reach, number>> = { all: 0.003, head: 0.01 };
/** What was learned before should move little. */
const BODY_RATE = 2e-4;
const WEIGHT_DECAY = 0.01;

/**
 * How a network that was trained before learns other classes from few images: a new head at AdamW's full rate, the
 * layers before it at a small part of that or not at all, in batches that suit the number of images.
 *
 * @throws HarrierError `not-supported` when the network has no last layer that could be replaced
 */
export function fineTuning(options: FineTuningOptions): FineTuning {
  const { from, classes, images, trainable = 'all', mirrored = true, seed } = options;
  const { network, weights } = withNewHead(from, { classes, trainable, seed });
  const length = fineTuningLength(from.network, images, trainable);
  const method = fineTuningMethod(from.network, trainable);
  return {
    network,
    weights,
    batchSize: length.batchSize,
    epochs: options.epochs ?? length.epochs,
    optimizer: optimizerFrom(method.optimizer),
    augmentation: mirrored
      ? method.augmentation!
      : method.augmentation!.filter(({ name }) => name !== 'RandomFlip'),
    ...(method.loss && { loss: method.loss }),
    ...(method.averageMomentum !== undefined && { averageMomentum: method.averageMomentum }),
  };
}

/**
 * What settings of a fine-tuning there are, and their defaults; those of its length are for many images.
 * @throws HarrierError `not-supported` when the network has no last layer that could be replaced
 */
export function fineTuningMethod(network: Network, trainable: TunedPart): TrainingMethod {
  if (isForPhotos(network)) return pretrainedMethod(network, trainable);
  const head = headOf(network);
  return {
    name: 'fine-tuning',
    ...fineTuningLength(network, Number.MAX_SAFE_INTEGER, trainable),
    optimizer:
      reachOf(trainable) === 'head'
        ? adamW(HEAD_RATE.head)
        : { ...adamW(BODY_RATE), groups: [{ parameters: `${head}/*`, optimizer: adamW(HEAD_RATE.all) }] },
    augmentation: lightAugmentation(true),
    validationSplit: 0,
  };
}

/** Networks for images with a longer side than this learn what photos show, as imported graphs do. */
const LARGEST_SMALL = 64;

function isForPhotos({ inputShape: [height, width], layers }: Network): boolean {
  return Math.max(height, width) > LARGEST_SMALL || layers.some(({ layer }) => layer instanceof OnnxGraph);
}

/**
 * How long a number of images is trained on, and in what batches: a batch is a small part of few images, so that an
 * epoch of them has steps enough.
 *
 * @param given the batch size where somebody chose it
 */
export function fineTuningLength(
  network: Network,
  images: number,
  trainable: TunedPart,
  given?: number,
): RunLength {
  if (reachOf(trainable) === 'all' && isForPhotos(network)) return pretrainedLength(images, given);
  const batchSize = given ?? Math.min(LARGEST_BATCH, Math.max(SMALLEST_BATCH, Math.round(images / BATCHES)));
  const stepsPerEpoch = Math.ceil(images / batchSize);
  return {
    batchSize,
    epochs: Math.max(
      FEWEST_EPOCHS[reachOf(trainable)],
      Math.round(STEPS[reachOf(trainable)] / stepsPerEpoch),
    ),
  };
}

/** Fraction of a number of training images that is set aside where nobody says, to choose the epoch and to calibrate. */
export function fineTuningSplit(network: Network, images: number, trainable: TunedPart): number {
  return reachOf(trainable) === 'all' && isForPhotos(network) ? pretrainedSplit(images) : 0;
}

function adamW(rate: number) {
  return {
    name: 'AdamW',
    weightDecay: WEIGHT_DECAY,
    learningRate: { name: 'cosineDecay', initialLearningRate: rate, decaySteps: { fraction: 1 } },
  };
}

/** Small changes of place and light, which leave every class what it is. */
export function lightAugmentation(mirrored: boolean): AugmentationConfig[] {
  return [
    ...(mirrored ? [{ name: 'RandomFlip' } as const] : []),
    { name: 'RandomTranslation', pixels: 2, fill: 'reflect' },
    { name: 'RandomColorJitter', brightness: 0.2, contrast: 0.2 },
  ];
}
