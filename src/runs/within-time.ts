import { mirrorsSides } from '../data/augmentation/index.ts';
import { stepsPerEpoch } from '../data/batch-plan.ts';
import { viewsOf } from '../data/views.ts';
import {
  epochSeconds,
  epochsWithin,
  measureImage,
  measurePace,
  type Pace,
  type PlannedLength,
} from '../training/index.ts';
import type { FittingRun } from './fit-run.ts';
import { isWarmedUp } from './head-memory.ts';
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
  run: FittingRun & Pick<PreparedRun, 'test' | 'isCold'>,
  left: () => number,
  platform: Pick<RunPlatform, 'openBatches' | 'clock'>,
): Promise<LengthWithin> {
  const { pace, length } = await paceOf(run, platform);
  const { testTimeAugmentation = 'none', augmentation } = run.options;
  // The model that is evaluated looks at each image as often as it has views.
  const tested = run.test.size * viewsOf(testTimeAugmentation).length;
  // A new last layer begins with what a head on features finds.
  const warmedUp = isWarmedUp(run) ? run.train.size * (mirrorsSides(augmentation) ? 2 : 1) : 0;
  const seconds = PLANNED * left() - (tested + warmedUp) * pace.image;
  return {
    epochs: epochsWithin(seconds, pace, length),
    epochSeconds: wholeEpoch(pace, length),
    seconds: Math.max(0, seconds),
  };
}

async function paceOf(
  run: FittingRun,
  { openBatches, clock }: Pick<RunPlatform, 'openBatches' | 'clock'>,
): Promise<{ readonly pace: Pace; readonly length: PlannedLength }> {
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
  const { epochs, resolution, batchSize } = options;
  const steps = stepsPerEpoch({ dataset: train, batchSize });
  const validationImages = validation?.size ?? 0;
  return { pace, length: { epochs, steps, validationImages, imageShape: train.imageShape, resolution } };
}

/** Seconds of an epoch on images of the network's size. */
function wholeEpoch(pace: Pace, length: PlannedLength): number {
  return epochSeconds(pace, { ...length, epochs: 1, resolution: undefined })[0];
}

/** How long a run takes, as a few steps tell. */
export interface TimedRun {
  /** Seconds of the whole training. */
  readonly seconds: number;
  /** Seconds of an epoch on images of the network's size; absent where a head is fitted on features. */
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
  const { from, head, augmentation = [] } = options;
  if (head === undefined) {
    const { pace, length } = await paceOf(run, platform);
    const seconds = epochSeconds(pace, length).reduce((total, each) => total + each, 0);
    return { seconds, epochSeconds: wholeEpoch(pace, length) };
  }
  if (!from || !run.firstWeights) throw new Error('a head is fitted on a model');
  const image = await measureImage({ ...run, clock: platform.clock }, await run.firstWeights());
  const views = mirrorsSides(augmentation) ? 2 : 1;
  return { seconds: image * (views * train.size + (validation?.size ?? 0) + test.size) };
}
