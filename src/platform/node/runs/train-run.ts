import { type CheckpointName, readCheckpoint as readStored } from '../../../runs/checkpoints.ts';
import type { PreparedRun } from '../../../runs/prepare-run.ts';
import type { RunPlatform } from '../../../runs/run-platform.ts';
import type { RunRecord } from '../../../runs/run-record.ts';
import { type RunHooks, type RunOutcome, trainRun as trainStored } from '../../../runs/train-run.ts';
import type { Checkpoint } from '../../../training/index.ts';
import { featureCache } from '../backbones/feature-cache.ts';
import { nodeBatches } from '../datasets/threaded-batches.ts';
import { nativeSha256 } from '../files/sha256.ts';
import { HARRIER_VERSION } from '../version.ts';
import type { RunFolder } from './run-folder.ts';

/** What Node brings to a run. */
export const NODE_RUNS: RunPlatform = {
  version: HARRIER_VERSION,
  clock: () => performance.now(),
  sha256: nativeSha256,
  openBatches: nodeBatches,
  openFeatures: featureCache,
  // Only a run that finishes loads the encoder.
  imageUri: async (pixels, shape) => (await import('../images/report-images.ts')).imageDataUri(pixels, shape),
};

/**
 * Trains a run until the end, or until it is interrupted. It starts from the last checkpoint in the folder, if there
 * is one. At the end it evaluates the model once on the test images and writes the results.
 *
 * Its caller holds the lock of the folder, so that no other process writes to it meanwhile:
 * `folder.exclusively(() => trainRun(run, record, folder))`.
 *
 * @throws HarrierError `diverged`, `bad-checkpoint`, `storage`; earlier checkpoints stay
 */
export function trainRun(
  run: PreparedRun,
  record: RunRecord,
  folder: RunFolder,
  hooks?: RunHooks,
): Promise<RunOutcome> {
  return trainStored(run, record, folder, NODE_RUNS, hooks);
}

/**
 * A checkpoint of a run, or undefined when none was kept yet.
 * @throws HarrierError `bad-checkpoint` when it is damaged, or another run's
 */
export async function readCheckpoint(
  folder: RunFolder,
  name: CheckpointName,
): Promise<Checkpoint | undefined> {
  const id = (await folder.read('record')) && (await folder.record()).id;
  return readStored(folder, name, id, nativeSha256);
}
