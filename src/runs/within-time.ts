import { stepsPerEpoch } from '../data/batch-plan.ts';
import { epochsWithin, measureImage, measurePace } from '../training/index.ts';
import type { FittingRun } from './fit-run.ts';
import type { PreparedRun } from './prepare-run.ts';
import type { RunPlatform } from './run-platform.ts';

/** Part of the time that is planned with: a machine is not equally fast all the time. */
const PLANNED = 0.9;

/** How long a run can be. */
export interface LengthWithin {
  /** Of the epochs that are wanted, those that fit: from 0. */
  readonly epochs: number;
  /** Seconds of an epoch on images of the network's size. */
  readonly epochSeconds: number;
  /** Seconds that are left for epochs. */
  readonly seconds: number;
}

/**
 * Times some steps of a run, and finds how many of its epochs fit into the time that is left, with the evaluation on
 * validation images after each and on the test images at the end.
 *
 * @param left seconds that are left when it is asked
 * @throws HarrierError as `measurePace` does
 */
export async function lengthWithin(
  run: FittingRun & Pick<PreparedRun, 'test'>,
  left: () => number,
  { openBatches, clock }: Pick<RunPlatform, 'openBatches' | 'clock'>,
): Promise<LengthWithin> {
  const { options, network, optimizer, runtime, train, validation, stepGraph } = run;
  const pace = await measurePace({
    ...options,
    network,
    optimizer,
    runtime,
    train,
    stepGraph,
    weights: await run.firstWeights?.(),
    openBatches: openBatches?.({ threads: options.threads }),
    clock,
  });
  const steps = stepsPerEpoch({ dataset: train, batchSize: options.batchSize });
  const validationImages = validation?.size ?? 0;
  const seconds = PLANNED * left() - run.test.size * pace.image;
  const { imageShape } = train;
  const { epochs, resolution } = options;
  return {
    epochs: epochsWithin(seconds, pace, { epochs, steps, validationImages, imageShape, resolution }),
    epochSeconds: steps * pace.step + validationImages * pace.image,
    seconds: Math.max(0, seconds),
  };
}

/** How long a run takes, as a few steps tell. */
export interface TimedRun {
  /** Seconds of the whole training. */
  readonly seconds: number;
  /** Seconds of an epoch; absent where a head is fitted on features. */
  readonly epochSeconds?: number;
}

/**
 * Times a few steps of a run, or, of a head, a few images: each goes through the network once for each view.
 *
 * @throws HarrierError as `measurePace` does
 */
export async function timeRun(
  run: FittingRun & Pick<PreparedRun, 'test'>,
  platform: Pick<RunPlatform, 'openBatches' | 'clock'>,
): Promise<TimedRun> {
  const { options, train, validation, test } = run;
  const { from, head, augmentation = [], epochs } = options;
  if (head === undefined) {
    const { epochSeconds } = await lengthWithin(run, () => Number.POSITIVE_INFINITY, platform);
    return { seconds: epochs * epochSeconds, epochSeconds };
  }
  if (!from || !run.firstWeights) throw new Error('a head is fitted on a model');
  const image = await measureImage({ ...run, clock: platform.clock }, await run.firstWeights());
  const views = augmentation.some(({ name }) => name === 'RandomFlip') ? 2 : 1;
  return { seconds: image * (views * train.size + (validation?.size ?? 0) + test.size) };
}
