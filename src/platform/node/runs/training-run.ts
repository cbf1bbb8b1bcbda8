import type { OnProgress } from '../../../data/progress.ts';
import { HarrierError } from '../../../errors.ts';
import { type EpochRecord, type Evaluation, historyToCsv } from '../../../evaluation/index.ts';
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  fit as fitNetwork,
  type RunPosition,
  type StepProgress,
  weightsToUse,
} from '../../../training/index.ts';
import type { PreparedRun } from './prepare-run.ts';
import type { RunFile, RunFolder } from './run-folder.ts';
import type { RunRecord } from './run-record.ts';
import { finishRun } from './run-results.ts';
import { nativeSha256 } from '../files/sha256.ts';
import { nodeBatches } from '../datasets/threaded-batches.ts';

export interface RunHooks {
  readonly onStep?: (step: StepProgress) => void;
  readonly onEpoch?: (record: EpochRecord) => void;
  /** Work besides the steps: judging on validation or test images. */
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
 * Trains until the end, or until interrupted: from the last checkpoint in the folder where there is one, else from
 * the beginning. At the end the model is judged on the test images, once, and the results are written.
 *
 * @throws HarrierError `diverged`, `bad-checkpoint`, `storage`; checkpoints saved before stay as they are
 */
export async function trainRun(
  run: PreparedRun,
  record: RunRecord,
  folder: RunFolder,
  hooks: RunHooks = {},
): Promise<RunOutcome> {
  const { options, network, optimizer, runtime, train, validation } = run;
  await folder.removeLeftovers();
  const resume = await readCheckpoint(folder, 'last');
  const best = resume?.position.best && (await readCheckpoint(folder, 'best'));
  if (resume?.position.best && !best) {
    throw new HarrierError('bad-checkpoint', 'the best checkpoint is missing', {
      where: folder.file('best'),
      next: 'Put it back, or start a new run.',
    });
  }
  await folder.writeRecord(record);
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
    openBatches: nodeBatches({ threads: options.threads }),
    seed: options.seed,
    earlyStopping: options.earlyStopping,
    resume,
    bestWeights: best && weightsToUse(best),
    weights: resume ? undefined : await run.firstWeights?.(),
    clock: () => performance.now(),
    onStep: hooks.onStep,
    onEpoch: hooks.onEpoch,
    onValidation: (done, total) => hooks.onProgress?.({ what: 'validating', done, total, unit: 'images' }),
    interrupted: hooks.interrupted,
    checkpointSeconds: hooks.checkpointSeconds ?? 60,
    save: (checkpoint, isBest) => saveCheckpoint(folder, { ...checkpoint, run: record.id }, isBest),
  });
  if (result.ended === 'interrupted') return { ended: 'interrupted', position: result.position };
  const finished = await finishRun(run, record, folder, result, hooks.onProgress);
  return { ended: result.ended, ...finished };
}

/**
 * A checkpoint of a run, or undefined when none was kept yet.
 * @throws HarrierError `bad-checkpoint` when it is damaged, or another run's
 */
export async function readCheckpoint(
  folder: RunFolder,
  name: 'last' | 'best',
): Promise<Checkpoint | undefined> {
  const bytes = await folder.read(name);
  if (!bytes) return undefined;
  const checkpoint = decodeCheckpoint(bytes, folder.file(name), nativeSha256);
  const { id } = await folder.record();
  if (checkpoint.run === id) return checkpoint;
  const run = (identity: string | undefined) => identity ?? 'a run of an older version, which has no id';
  throw new HarrierError('bad-checkpoint', 'this checkpoint belongs to another run', {
    where: folder.file(name),
    expected: run(id),
    received: run(checkpoint.run),
    next: "Put this run's own back, or start a new run.",
  });
}

/** The best is written first: whoever finds the last checkpoint then also finds the best that it speaks of. */
async function saveCheckpoint(folder: RunFolder, checkpoint: Checkpoint, isBest: boolean): Promise<void> {
  const bytes = encodeCheckpoint(checkpoint, nativeSha256);
  const files: [RunFile, Uint8Array | string][] = [
    ...(isBest ? [['best', bytes] as [RunFile, Uint8Array]] : []),
    ['last', bytes],
    ['history', historyToCsv(checkpoint.position.history)],
  ];
  for (const [name, content] of files) await folder.write(name, content);
}
