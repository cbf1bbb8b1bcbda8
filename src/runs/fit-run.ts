import type { OnProgress } from '../data/progress.ts';
import { HarrierError } from '../errors.ts';
import type { EpochRecord } from '../evaluation/index.ts';
import type { Runtime } from '../runtime/index.ts';
import { type FitResult, fit, type StepGraph, type StepProgress, weightsToUse } from '../training/index.ts';
import { CheckpointKeeper, type KeptCheckpoints } from './checkpoints.ts';
import type { RunPlan } from './plan-run.ts';
import type { RunPlatform } from './run-platform.ts';
import type { StoredRun } from './stored-run.ts';
import type { TrainingImages } from './training-images.ts';

export interface FitHooks {
  readonly onStep?: (step: StepProgress) => void;
  readonly onEpoch?: (record: EpochRecord) => void;
  /** Work besides the steps: evaluating on validation or test images. */
  readonly onProgress?: OnProgress;
  /** Asked after every step; when true, the run saves and ends. */
  readonly interrupted?: () => boolean;
  /** Seconds between checkpoints within an epoch. Default 60. */
  readonly checkpointSeconds?: number;
  /** Seconds from one checkpoint to the next, at least, whatever an epoch takes. Default: each epoch has one. */
  readonly leastSeconds?: number;
  /** Told once when checkpoints cannot be kept, and training goes on without them. Default: that is an error. */
  readonly onUnsaved?: (error: unknown) => void;
  /** The runtime that goes on from the last checkpoint when the first one fails. */
  readonly fallback?: () => Promise<Runtime>;
}

/** A run that can be trained. */
export interface FittingRun extends RunPlan, TrainingImages {
  readonly runtime: Runtime;
  /** The graph of a whole step for that runtime, where it was built already. */
  readonly stepGraph?: StepGraph;
}

/** Where a run keeps its checkpoints, and those that it is resumed from. */
export interface RunCheckpoints {
  /** Identity of the run, which its checkpoints name; undefined where an older version began it. */
  readonly id: string | undefined;
  /** Without it no checkpoint is kept. */
  readonly stored?: StoredRun;
  /** As `checkpointsOf` finds them; without them the run begins. */
  readonly kept?: KeptCheckpoints;
}

/**
 * Trains until the end, or until interrupted.
 *
 * @throws HarrierError as `fit` does, and `storage`; checkpoints saved before stay as they are
 */
export async function fitRun(
  run: FittingRun,
  { id, stored, kept }: RunCheckpoints,
  { sha256, openBatches, clock }: Pick<RunPlatform, 'sha256' | 'openBatches' | 'clock'>,
  hooks: FitHooks = {},
): Promise<FitResult> {
  const { options, network, optimizer, train, validation } = run;
  const { leastSeconds, onUnsaved, fallback } = hooks;
  const keeper = stored && new CheckpointKeeper(stored, { id, sha256, clock, leastSeconds, onUnsaved });
  let latest: Partial<KeptCheckpoints> = kept ?? {};
  const fitOn = async (runtime: Runtime): Promise<FitResult> =>
    fit({
      network,
      optimizer,
      loss: options.loss,
      runtime,
      stepGraph: runtime === run.runtime ? run.stepGraph : undefined,
      train,
      validation,
      epochs: options.epochs,
      batchSize: options.batchSize,
      microBatch: options.microBatch,
      averageMomentum: options.averageMomentum,
      augmentation: options.augmentation,
      sampling: options.sampling,
      classWeight: options.classWeight,
      resolution: options.resolution,
      openBatches: openBatches?.({ threads: options.threads }),
      seed: options.seed,
      earlyStopping: options.earlyStopping,
      keepBest: options.keepBest,
      calibrate: options.calibrate !== false,
      resume: latest.last,
      bestWeights: latest.best && weightsToUse(latest.best),
      weights: latest.last ? undefined : await run.firstWeights?.(),
      clock,
      onStep: hooks.onStep,
      onEpoch: hooks.onEpoch,
      onValidation: (done, total) => hooks.onProgress?.({ what: 'validating', done, total, unit: 'images' }),
      interrupted: hooks.interrupted,
      checkpointSeconds: hooks.checkpointSeconds ?? 60,
      save: async (checkpoint, isBest) => {
        // Kept in memory only where another runtime may go on from it.
        if (fallback) latest = { last: checkpoint, best: isBest ? checkpoint : latest.best };
        await keeper?.save(checkpoint, isBest, hooks.interrupted?.() ?? false);
      },
    });
  try {
    return await fitOn(run.runtime);
  } catch (error) {
    if (!fallback || !isOfTheRuntime(error)) throw error;
    return fitOn(await fallback());
  }
}

/** Whether another runtime may do better: a fault of the data or the training is one there too. */
function isOfTheRuntime(error: unknown): boolean {
  return (
    !(error instanceof HarrierError) || ['device-lost', 'bad-graph', 'not-supported'].includes(error.code)
  );
}
