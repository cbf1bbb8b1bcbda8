import type { OnProgress } from '../data/progress.ts';
import { HarrierError } from '../errors.ts';
import type { EpochRecord, Evaluation } from '../evaluation/index.ts';
import { fit as fitNetwork, type RunPosition, type StepProgress, weightsToUse } from '../training/index.ts';
import { readCheckpoint, saveCheckpoint } from './checkpoints.ts';
import { finishRun } from './finish-run.ts';
import type { PreparedRun } from './prepare-run.ts';
import type { RunPlatform } from './run-platform.ts';
import type { RunRecord } from './run-record.ts';
import type { StoredRun } from './stored-run.ts';

/** Who is told about a run while it goes on. */
export interface RunHooks {
  readonly onStep?: (step: StepProgress) => void;
  readonly onEpoch?: (record: EpochRecord) => void;
  /** Work besides the steps: evaluating on validation or test images. */
  readonly onProgress?: OnProgress;
  /** Asked after every step; when true, the run saves and ends. */
  readonly interrupted?: () => boolean;
  /** Seconds between checkpoints within an epoch. Default 60. */
  readonly checkpointSeconds?: number;
}

export type RunOutcome =
  | { readonly ended: 'interrupted'; readonly position: RunPosition }
  | { readonly ended: 'finished' | 'early'; readonly record: RunRecord; readonly evaluation: Evaluation };

/**
 * Trains until the end, or until interrupted: from the last checkpoint that is kept where there is one, else from the
 * beginning. At the end the model is evaluated on the test images, once, and the results are written.
 *
 * @throws HarrierError `diverged`, `bad-checkpoint`, `storage`; checkpoints saved before stay as they are
 */
export async function trainRun(
  run: PreparedRun,
  record: RunRecord,
  stored: StoredRun,
  platform: RunPlatform,
  hooks: RunHooks = {},
): Promise<RunOutcome> {
  const { options, network, optimizer, runtime, train, validation } = run;
  const { sha256, openBatches, clock } = platform;
  await stored.store.tidy();
  const { id } = (await stored.read('record')) ? await stored.record() : record;
  const resume = await readCheckpoint(stored, 'last', id, sha256);
  const best = resume?.position.best && (await readCheckpoint(stored, 'best', id, sha256));
  if (resume?.position.best && !best) {
    throw new HarrierError('bad-checkpoint', 'the best checkpoint is missing', {
      where: stored.file('best'),
      next: 'Put it back, or start a new run.',
    });
  }
  await stored.writeRecord(record);
  const result = await fitNetwork({
    network,
    optimizer,
    loss: options.loss,
    runtime,
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
    resume,
    bestWeights: best && weightsToUse(best),
    weights: resume ? undefined : await run.firstWeights?.(),
    clock,
    onStep: hooks.onStep,
    onEpoch: hooks.onEpoch,
    onValidation: (done, total) => hooks.onProgress?.({ what: 'validating', done, total, unit: 'images' }),
    interrupted: hooks.interrupted,
    checkpointSeconds: hooks.checkpointSeconds ?? 60,
    save: (checkpoint, isBest) => saveCheckpoint(stored, { ...checkpoint, run: record.id }, isBest, sha256),
  });
  if (result.ended === 'interrupted') return { ended: 'interrupted', position: result.position };
  const finished = await finishRun(run, record, stored, result, platform, hooks.onProgress);
  return { ended: result.ended, ...finished };
}
