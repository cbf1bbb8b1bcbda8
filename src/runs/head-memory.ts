import { mirrorsSides } from '../data/augmentation/index.ts';
import { HarrierError } from '../errors.ts';
import { checkLinearHead } from '../heads/index.ts';
import type { Network } from '../models/index.ts';
import type { Runtime } from '../runtime/index.ts';
import type { RunOptions } from './run-record.ts';
import type { TrainingImages } from './training-images.ts';

/** A run whose images a linear head is fitted on. */
export interface HeadRun extends Pick<TrainingImages, 'train'> {
  readonly network: Network;
  readonly options: Pick<RunOptions, 'augmentation'>;
  readonly runtime: Pick<Runtime, 'freeMemory'>;
}

/**
 * Checks that a linear head can be fitted on the features of a run's training images.
 *
 * @throws HarrierError `not-supported` as `checkLinearHead`
 */
export function checkHeadMemory(
  { train, network, options, runtime }: HeadRun,
  remedy?: Parameters<typeof checkLinearHead>[2],
): void {
  const views = mirrorsSides(options.augmentation) ? 2 : 1;
  const { size: images, classNames } = train;
  const [size = 0] = network.parameters.filter(({ shape }) => shape.length === 2).at(-1)?.shape ?? [];
  checkLinearHead({ images, views, classes: classNames.length, size }, runtime.freeMemory?.(), remedy);
}

/** Whether a run begins with a head that is fitted on features: the new last layer then knows its classes. */
export function isWarmedUp({
  options: { from, head },
  isCold = false,
}: {
  readonly options: Pick<RunOptions, 'from' | 'head'>;
  readonly isCold?: boolean;
}): boolean {
  return from !== undefined && from.trainable !== 'head' && head === undefined && !isCold;
}

/** Why a run cannot begin with such a head, in a sentence; undefined where it can. */
export function coldNote(run: HeadRun): string | undefined {
  try {
    checkHeadMemory(run);
    return undefined;
  } catch (error) {
    if (!(error instanceof HarrierError)) throw error;
    const { summary, details } = error;
    return `the new last layer is not fitted on features first: ${summary} (expected ${details.expected}, received ${details.received}).`;
  }
}
