import { openBatches } from '../data/batches.ts';
import type { ImageShape } from '../data/dataset.ts';
import { imageShapeIn, type Resolution, resolutionOver } from '../data/resolution.ts';
import { subset } from '../data/subset.ts';
import { Classifier, exportModel } from '../models/index.ts';
import { learningRates } from '../optimizers/index.ts';
import { firstWeights } from './fit.ts';
import type { FitOptions } from './fit-options.ts';
import { Trainer } from './trainer.ts';

/** How fast this machine trains a network. */
export interface Pace {
  /** Seconds of a step on images of the network's size. */
  readonly step: number;
  /** Seconds of an image that is evaluated. */
  readonly image: number;
}

/** Steps that are timed, and a time after which no other begins. */
const [STEPS, LONGEST_MS] = [5, 3000];
/** Images that are evaluated at once, for their time. */
const IMAGES = 32;

/**
 * Times a few steps of a training, and the evaluation of a few images. Nothing is kept of them.
 * @throws HarrierError as `fit` does in its first step
 */
export async function measurePace(
  options: Omit<FitOptions, 'epochs' | 'resume' | 'validation'>,
): Promise<Pace> {
  const { network, optimizer, train, batchSize, clock, seed } = options;
  const { augmentation, sampling, classWeight, resolution } = options;
  const weights = options.weights ?? firstWeights(network, seed, train);
  const open = options.openBatches ?? openBatches;
  const trainer = new Trainer({ ...options, weights });
  const plan = { dataset: train, batchSize, seed, augmentation, sampling, classWeight, resolution };
  const batches = open(plan);
  const steps: number[] = [];
  try {
    // At a rate of zero, nothing that these steps do can go wrong.
    const rates = learningRates(optimizer, 0, { steps: 1, stepsPerEpoch: 1 }).map(() => 0);
    const inEpoch = Math.ceil(train.size / batchSize);
    const began = clock();
    for (let i = 0; i <= STEPS && (i < 2 || clock() - began < LONGEST_MS); i++) {
      const from = clock();
      const { pixels, targets, imageShape } = await batches.batch(0, i % inEpoch);
      await trainer.step(pixels, targets, i, rates, [imageShape.height, imageShape.width]);
      // The first one compiles the graph.
      if (i > 0) steps.push(((clock() - from) / 1000) * (areaOf(train.imageShape) / areaOf(imageShape)));
    }
  } finally {
    await batches.close();
    await trainer.dispose();
  }
  return { step: middle(steps), image: await measureImage(options, weights) };
}

/**
 * Seconds of an image that goes through a network.
 * @throws HarrierError as `Classifier.load`
 */
export async function measureImage(
  { network, runtime, train, clock }: Pick<FitOptions, 'network' | 'runtime' | 'train' | 'clock'>,
  weights: NonNullable<FitOptions['weights']>,
): Promise<number> {
  const images = Math.min(IMAGES, train.size);
  const part = subset(train, [...Array(images).keys()], train.name);
  const classifier = await Classifier.load(runtime, exportModel(network, weights));
  try {
    await classifier.predictImages(part);
    const from = clock();
    await classifier.predictImages(part);
    return (clock() - from) / 1000 / images;
  } finally {
    await classifier.dispose();
  }
}

/** A training whose length is to be found. */
export interface PlannedLength {
  /** Epochs that are wanted. */
  readonly epochs: number;
  /** Steps of an epoch. */
  readonly steps: number;
  /** Images that are evaluated after each epoch. */
  readonly validationImages: number;
  readonly imageShape: ImageShape;
  readonly resolution?: Resolution;
}

/** How many of the wanted epochs fit into so many seconds, from 0. Sizes of images begin earlier in a shorter run. */
export function epochsWithin(seconds: number, pace: Pace, length: PlannedLength): number {
  const { epochs: wanted, resolution = [] } = length;
  const total = (epochs: number) =>
    epochSeconds(pace, { ...length, epochs, resolution: resolutionOver(resolution, wanted, epochs) }).reduce(
      (sum, each) => sum + each,
      0,
    );
  let epochs = wanted;
  while (epochs > 0 && total(epochs) > seconds) epochs--;
  return epochs;
}

/** Seconds that each of the wanted epochs takes. */
export function epochSeconds(
  pace: Pace,
  { epochs, steps, validationImages, imageShape, resolution }: PlannedLength,
): number[] {
  return Array.from({ length: epochs }, (_, epoch) => {
    const part = areaOf(imageShapeIn(epoch, imageShape, resolution)) / areaOf(imageShape);
    return steps * pace.step * part + validationImages * pace.image;
  });
}

function areaOf({ height, width }: ImageShape): number {
  return height * width;
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
