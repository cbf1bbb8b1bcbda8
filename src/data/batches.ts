import { augmentationsFrom, type Batch } from './augmentation/index.ts';
import { type BatchDataset, type BatchPlan, checkBatchPlan, stepsPerEpoch } from './batch-plan.ts';
import { classWeights } from './class-weight.ts';
import { type ImageShape, imageBytes } from './dataset.ts';
import { type EpochOrder, epochOrder } from './epoch-order.ts';
import { areaResampler } from './resample.ts';
import { imageShapeIn } from './resolution.ts';

/** Returns the batches of a run, one after another, from any step on. */
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

/**
 * Opens a source of batches. A platform's source may prepare batches in a thread. All sources return the same bytes.
 */
export type OpenBatches = (plan: BatchPlan) => BatchSource;

/** Memory for a batch, to be used over and over. */
export interface BatchMemory {
  readonly pixels: ArrayBuffer;
  readonly targets: ArrayBuffer;
}

/** Memory for the largest batch of a plan. */
export function batchMemory({ dataset, batchSize }: BatchPlan): BatchMemory {
  const images = Math.min(batchSize, dataset.size);
  return {
    pixels: new ArrayBuffer(images * imageBytes(dataset.imageShape)),
    targets: new ArrayBuffer(images * dataset.classNames.length * Float32Array.BYTES_PER_ELEMENT),
  };
}

/** In the place of a weight of 0: the row still says which class it is, for accuracy, and no loss feels it. */
const NEXT_TO_NOTHING = 1e-30;

/** Opens a source that computes each batch when it is asked for, in the calling thread. */
export function openBatches(plan: BatchPlan): BatchSource {
  const make = batchMaker(plan);
  const memory = batchMemory(plan);
  return {
    batch: async (epoch, step) => make(epoch, step, memory),
    close: async () => {},
  };
}

/**
 * What every source of batches computes: the images of a step in the order of its epoch, scaled and augmented, and
 * their classes as one-hot rows, times their weight, or their labels as multi-hot rows. A pure function of the plan, the epoch and the step; the result
 * lies in the memory given.
 */
export function batchMaker(plan: BatchPlan): (epoch: number, step: number, memory: BatchMemory) => Batch {
  checkBatchPlan(plan);
  const { dataset, batchSize, seed, augmentation = [], sampling, resolution } = plan;
  const { tags } = dataset;
  const classes = dataset.classNames.length;
  const steps = stepsPerEpoch(plan);
  const gather = scaledGather(dataset);
  const augment = augmentationsFrom(augmentation);
  const weights = classWeights(dataset, plan.classWeight);
  let order: (EpochOrder & { readonly epoch: number }) | undefined;
  return (epoch, step, memory) => {
    if (order?.epoch !== epoch) order = { epoch, ...epochOrder(dataset, { seed, epoch, sampling }) };
    const [images, draws] = [order.images, order.draws].map((all) =>
      all.subarray(step * batchSize, (step + 1) * batchSize),
    );
    const imageShape = imageShapeIn(epoch, dataset.imageShape, resolution);
    const pixels = new Uint8Array(memory.pixels, 0, images.length * imageBytes(imageShape));
    gather(images, imageShape, pixels);
    const targets = new Float32Array(memory.targets, 0, images.length * classes).fill(0);
    images.forEach((index, i) => {
      if (tags) targets.set(tags.subarray(index * classes, (index + 1) * classes), i * classes);
      else targets[i * classes + dataset.labels[index]] = weights[dataset.labels[index]] || NEXT_TO_NOTHING;
    });
    const batch = { pixels, targets, imageShape };
    augment(batch, { seed, purpose: 'augmentation', epoch, step: epoch * steps + step, images: draws });
    return batch;
  };
}

/** Copies images of a data set and scales them down where they are to be smaller. */
function scaledGather(
  dataset: BatchDataset,
): (images: Uint32Array, shape: ImageShape, out: Uint8Array) => void {
  const { height: side, channels } = dataset.imageShape;
  let whole = new Uint8Array();
  let scale: { readonly size: number; readonly resample: ReturnType<typeof areaResampler> } | undefined;
  return (images, { height: size }, out) => {
    if (size === side) {
      dataset.gather(images, out);
      return;
    }
    if (scale?.size !== size) scale = { size, resample: areaResampler(side, size, channels) };
    const bytes = images.length * imageBytes(dataset.imageShape);
    if (whole.length < bytes) whole = new Uint8Array(bytes);
    dataset.gather(images, whole);
    scale.resample(whole, out);
  };
}
