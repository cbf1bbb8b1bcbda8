import { mirrorsSides } from '../data/augmentation/index.ts';
import { optimizerFrom } from '../optimizers/index.ts';
import { fineTuningMethod } from '../recipes/index.ts';
import { checkMemory } from '../training/index.ts';
import { checkReject } from './check-reject.ts';
import { fitHead, type HeadFit } from './fit-head.ts';
import { checkHeadMemory } from './head-memory.ts';
import { planRun, type RunMethod } from './plan-run.ts';
import { type PreparedRun, partsOf } from './prepare-run.ts';
import type { RunPlatform } from './run-platform.ts';
import type { RunOptions, RunRecord } from './run-record.ts';
import type { StartingModel } from './starting-model.ts';
import { trainingImages } from './training-images.ts';

/** A tenth of the images is set aside to compare the two models on, but no fewer than this. */
const [VALIDATION_SPLIT, FEWEST_VALIDATION_IMAGES] = [0.1, 100];
/** More are needed to learn from. */
const LARGEST_SPLIT = 0.5;

/**
 * The run that trains all layers, after a head was fitted on features, on the same images. Some of them are set aside to
 * compare the two models on, unless the first run has validation images.
 *
 * @throws HarrierError `not-supported` when the layers cannot be trained, or memory does not suffice; `bad-option` where
 *   too few images can be set aside for --reject
 */
export async function fineTuningAfter(head: PreparedRun, from: StartingModel): Promise<PreparedRun> {
  return prepared(head, fineTuningOptions(head, from), { from });
}

/** The same where that run has begun. @throws HarrierError as `planRun` */
export async function resumedFineTuning(
  head: PreparedRun,
  { options, network }: Pick<RunRecord, 'options' | 'network'>,
  reopen: RunMethod['reopen'],
): Promise<PreparedRun> {
  const { threads, device, data } = head.options;
  return prepared(head, { ...options, threads, device, data }, { stored: network, reopen });
}

/** What a head says of the validation images that was fitted on the training images of a fine-tuning. */
export async function rivalHead(
  run: PreparedRun,
  platform: Pick<RunPlatform, 'sha256' | 'clock' | 'openFeatures'>,
  onProgress?: Parameters<typeof fitHead>[3],
): Promise<HeadFit> {
  const options: RunOptions = { ...run.options, head: 'linear', loss: {} };
  return fitHead({ ...run, options }, undefined, platform, onProgress);
}

async function prepared(head: PreparedRun, wanted: RunOptions, method: RunMethod): Promise<PreparedRun> {
  const { images } = trainingImages(head, { ...wanted, limit: undefined }, head.data.rules);
  const plan = planRun(wanted, images, method);
  const { network, optimizer, options } = plan;
  checkReject(options, network, images.validation?.size);
  // It begins with a head that is fitted on features, and is compared with one.
  checkHeadMemory(
    { ...head, ...plan, ...images },
    { next: 'Take fewer images with --limit.', options: ['limit'] },
  );
  const { loss, microBatch, averageMomentum } = options;
  const batch = Math.min(options.batchSize, images.train.size);
  const memory = { network, optimizer, loss, runtime: head.runtime, batch, microBatch, averageMomentum };
  return {
    ...head,
    ...plan,
    ...images,
    data: { ...head.data, ...partsOf(images) },
    stepGraph: await checkMemory(memory),
    skipped: 0,
    notes: [],
  };
}

function fineTuningOptions({ options, train, validation }: PreparedRun, from: StartingModel): RunOptions {
  const { head: _, thenFineTune: __, ...common } = options;
  const method = fineTuningMethod(from.network, 'all');
  const isMirrored = mirrorsSides(common.augmentation);
  return {
    ...common,
    epochs: method.epochs,
    batchSize: method.batchSize,
    optimizer: optimizerFrom(method.optimizer).config,
    // Of several labels, the method's own smoothing means nothing.
    loss: common.multiLabel || common.loss.labelSmoothing !== undefined ? common.loss : (method.loss ?? {}),
    averageMomentum: method.averageMomentum,
    augmentation: method.augmentation?.filter(({ name }) => isMirrored || name !== 'RandomFlip'),
    validationSplit: validation ? common.validationSplit : validationSplitOf(train.size, common.reject),
    from: { ...common.from!, trainable: 'all' },
    testTimeAugmentation: common.testTimeAugmentation ?? (isMirrored ? from.testTimeAugmentation : 'none'),
  };
}

/** @param keep the fraction of known images that a model with --reject keeps: the larger, the more images it takes to tell */
function validationSplitOf(images: number, keep = 0): number {
  // Of few images in each class, rounding takes some away.
  const least = Math.max(FEWEST_VALIDATION_IMAGES, Math.ceil(1.25 / (1 - keep)));
  return Math.min(LARGEST_SPLIT, Math.max(VALIDATION_SPLIT, Math.round((1000 * least) / images) / 1000));
}
