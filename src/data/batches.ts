import { HarrierError } from '../errors.ts';
import { type AugmentationConfig, augmentationsFrom, type Batch } from './augmentation/index.ts';
import { type ClassWeight, classWeights } from './class-weight.ts';
import { type Dataset, imageBytes } from './dataset.ts';
import { checkSampling, type EpochOrder, epochOrder, type Sampling } from './epoch-order.ts';

/** All that the batches of a run follow from. */
export interface BatchPlan {
  readonly dataset: BatchDataset;
  readonly batchSize: number;
  readonly seed: number;
  readonly augmentation?: readonly AugmentationConfig[];
  /** Which images an epoch shows. Default `natural`: each once. */
  readonly sampling?: Sampling;
  /** How much images count in the loss, by class. Default: all alike. */
  readonly classWeight?: ClassWeight;
}

/** @throws HarrierError `bad-option` for what makes no sense, or does not go together */
export function checkBatchPlan({
  dataset,
  augmentation = [],
  sampling = 'natural',
  classWeight,
}: BatchPlan): void {
  tryAugmentation(dataset, augmentation);
  checkSampling(sampling);
  classWeights(dataset, classWeight);
  if (sampling === 'balanced' && classWeight === 'balanced') {
    throw new HarrierError(
      'bad-option',
      'balanced sampling and balanced class weights do the same, and twice is too much',
      {
        next: 'Choose one of them.',
      },
    );
  }
}

/** Applies augmentations to one black image: what does not fit its size is known before a run begins. */
function tryAugmentation(
  { imageShape, classNames }: BatchDataset,
  configs: readonly AugmentationConfig[],
): void {
  const pixels = new Uint8Array(imageBytes(imageShape));
  const targets = new Float32Array(classNames.length);
  const occasion = { seed: 0, purpose: 'try', epoch: 0, step: 0, images: [0] };
  augmentationsFrom(configs)({ pixels, targets, imageShape }, occasion);
}

/** What batches need of a data set. */
export type BatchDataset = Pick<
  Dataset,
  'name' | 'size' | 'classNames' | 'imageShape' | 'labels' | 'gather' | 'pixelSource'
>;

/** Gives the batches of a run, one after another, from any step on. */
export interface BatchSource {
  /**
   * The batch of a step; its arrays may be used again once the next is asked for. Asking for steps in their order lets
   * a source prepare what comes next while the caller computes.
   *
   * @param epoch from 0
   * @param step from 0, within the epoch
   */
  batch(epoch: number, step: number): Promise<Batch>;
  /** Ends what runs beside the caller. */
  close(): Promise<void>;
}

/** Makes a source of batches; a platform's may work ahead in a thread of its own. All give the same bytes. */
export type OpenBatches = (plan: BatchPlan) => BatchSource;

/** Memory for a batch, to be used over and over. */
export interface BatchMemory {
  readonly pixels: ArrayBuffer;
  readonly targets: ArrayBuffer;
}

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

/** Memory for the largest batch of a plan. */
export function batchMemory({ dataset, batchSize }: BatchPlan): BatchMemory {
  const images = Math.min(batchSize, dataset.size);
  return {
    pixels: new ArrayBuffer(images * imageBytes(dataset.imageShape)),
    targets: new ArrayBuffer(images * dataset.classNames.length * Float32Array.BYTES_PER_ELEMENT),
  };
}

/** Computes each batch when it is asked for, where it is asked for. */
export function openBatches(plan: BatchPlan): BatchSource {
  const make = batchMaker(plan);
  const memory = batchMemory(plan);
  return {
    batch: async (epoch, step) => make(epoch, step, memory),
    close: async () => {},
  };
}

/**
 * What every source of batches computes: the images of a step in the order of its epoch, augmented, and their classes
 * as one-hot rows, times their weight. A pure function of the plan, the epoch and the step; the result lies in the memory given.
 */
export function batchMaker(plan: BatchPlan): (epoch: number, step: number, memory: BatchMemory) => Batch {
  checkBatchPlan(plan);
  const { dataset, batchSize, seed, augmentation = [], sampling } = plan;
  const { imageShape } = dataset;
  const classes = dataset.classNames.length;
  const steps = stepsPerEpoch(plan);
  const augment = augmentationsFrom(augmentation);
  const weights = classWeights(dataset, plan.classWeight);
  let order: (EpochOrder & { readonly epoch: number }) | undefined;
  return (epoch, step, memory) => {
    if (order?.epoch !== epoch) order = { epoch, ...epochOrder(dataset, { seed, epoch, sampling }) };
    const [images, draws] = [order.images, order.draws].map((all) =>
      all.subarray(step * batchSize, (step + 1) * batchSize),
    );
    const pixels = new Uint8Array(memory.pixels, 0, images.length * imageBytes(imageShape));
    dataset.gather(images, pixels);
    const targets = new Float32Array(memory.targets, 0, images.length * classes).fill(0);
    images.forEach((index, i) => {
      targets[i * classes + dataset.labels[index]] = weights[dataset.labels[index]];
    });
    const batch = { pixels, targets, imageShape };
    augment(batch, { seed, purpose: 'augmentation', epoch, step: epoch * steps + step, images: draws });
    return batch;
  };
}
