import type { Sha256 } from '../data/sha256.ts';
import { HarrierError } from '../errors.ts';
import { historyToCsv } from '../evaluation/index.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../training/index.ts';
import type { StoredRun } from './stored-run.ts';

/** Which checkpoints of a run there are: where it stands, and its best epoch by the validation images. */
export type CheckpointName = 'last' | 'best';

/**
 * A checkpoint of a run, or undefined when none was kept yet.
 *
 * @param id of the run; undefined where an older version began it
 * @param sha256 begins a SHA-256
 * @throws HarrierError `bad-checkpoint` when it is damaged, or another run's
 */
export async function readCheckpoint(
  run: StoredRun,
  name: CheckpointName,
  id: string | undefined,
  sha256?: () => Sha256,
): Promise<Checkpoint | undefined> {
  const bytes = await run.read(name);
  if (!bytes) return undefined;
  const checkpoint = decodeCheckpoint(bytes, run.file(name), sha256);
  if (checkpoint.run === id) return checkpoint;
  const called = (identity: string | undefined) => identity ?? 'a run of an older version, which has no id';
  throw new HarrierError('bad-checkpoint', 'this checkpoint belongs to another run', {
    where: run.file(name),
    expected: called(id),
    received: called(checkpoint.run),
    next: "Put this run's own back, or start a new run.",
  });
}

/** Keeps a checkpoint and the history. The best is written first: a last checkpoint always has the best that it names. */
export async function saveCheckpoint(
  run: StoredRun,
  checkpoint: Checkpoint,
  isBest: boolean,
  sha256?: () => Sha256,
): Promise<void> {
  const bytes = encodeCheckpoint(checkpoint, sha256);
  if (isBest) await run.write('best', bytes);
  await run.write('last', bytes);
  await run.write('history', historyToCsv(checkpoint.position.history));
}
