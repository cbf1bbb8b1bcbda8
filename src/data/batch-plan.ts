import { HarrierError } from '../errors.ts';
import { type AugmentationConfig, augmentationsFrom } from './augmentation/index.ts';
import { type ClassWeight, classWeights } from './class-weight.ts';
import { type Dataset, type ImageShape, imageBytes } from './dataset.ts';
import { checkSampling, type Sampling } from './epoch-order.ts';
import { checkResolution, imageShapeIn, type Resolution } from './resolution.ts';

/** All that the batches of a run follow from. */
export interface BatchPlan {
  /** The images. */
  readonly dataset: BatchDataset;
  /** Images per batch; the last batch of an epoch may be smaller. */
  readonly batchSize: number;
  /** Seeds the order of images and their augmentation. */
  readonly seed: number;
  /** Random changes of the images, applied in order. Default: none. */
  readonly augmentation?: readonly AugmentationConfig[];
  /** Which images an epoch shows. Default `natural`: each once. */
  readonly sampling?: Sampling;
  /** How much images count in the loss, by class. Default: all alike. */
  readonly classWeight?: ClassWeight;
  /** To what sizes images are scaled down, before they are augmented, from which epochs on. Default: none. */
  readonly resolution?: Resolution;
}

/** What batches need of a data set. */
export type BatchDataset = Pick<
  Dataset,
  'name' | 'size' | 'classNames' | 'imageShape' | 'labels' | 'tags' | 'gather' | 'pixelSource'
>;

/** Steps of one epoch: the last partial batch is kept. */
export function stepsPerEpoch({
  dataset,
  batchSize,
}: {
  readonly dataset: Pick<Dataset, 'size'>;
  readonly batchSize: number;
}): number {
  return Math.ceil(dataset.size / batchSize);
}

/** Every shape that the training images have in the course of a run. */
export function imageShapesOf({ dataset, resolution = [] }: BatchPlan): readonly ImageShape[] {
  const first = resolution[0]?.fromEpoch === 1 ? [] : [dataset.imageShape];
  return [
    ...first,
    ...resolution.map(({ fromEpoch }) => imageShapeIn(fromEpoch - 1, dataset.imageShape, resolution)),
  ];
}

/** @throws HarrierError `bad-option` for what makes no sense, or does not go together */
export function checkBatchPlan(plan: BatchPlan): void {
  const { dataset, augmentation = [], sampling = 'natural', classWeight, resolution = [] } = plan;
  checkResolution(resolution, dataset.imageShape);
  for (const shape of imageShapesOf(plan)) tryAugmentation(shape, augmentation);
  checkSampling(sampling);
  if (dataset.tags && (classWeight !== undefined || sampling === 'balanced')) {
    throw new HarrierError('bad-option', 'images with any number of labels have no one class to balance', {
      where: classWeight !== undefined ? 'classWeight' : 'sampling',
      next: 'Leave it out. Rare labels learn more from the asymmetric loss.',
    });
  }
  classWeights(dataset, classWeight);
  if (sampling === 'balanced' && classWeight === 'balanced') {
    throw new HarrierError(
      'bad-option',
      'balanced sampling and balanced class weights have the same effect and cannot be combined',
      { next: 'Choose one of them.' },
    );
  }
}

/** Applies augmentations to one black image: what does not fit its size is known before a run begins. */
function tryAugmentation(imageShape: ImageShape, configs: readonly AugmentationConfig[]): void {
  const pixels = new Uint8Array(imageBytes(imageShape));
  const occasion = { seed: 0, purpose: 'try', epoch: 0, step: 0, images: [0] };
  augmentationsFrom(configs)({ pixels, targets: new Float32Array(1), imageShape }, occasion);
}
