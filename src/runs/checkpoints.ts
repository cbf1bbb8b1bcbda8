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
    next: "Restore this run's own checkpoint, or start a new run.",
  });
}

/** Where a run stands, and its best epoch where it has one. */
export interface KeptCheckpoints {
  readonly last: Checkpoint;
  readonly best?: Checkpoint;
}

/**
 * The checkpoints to resume from; undefined where the run begins.
 *
 * @param onLost told what is missing, where the run may then begin anew; without it that is an error
 * @throws HarrierError `bad-checkpoint` when one is damaged, another run's, or missing
 */
export async function checkpointsOf(
  run: StoredRun,
  id: string | undefined,
  sha256?: () => Sha256,
  onLost?: (sentence: string) => void,
): Promise<KeptCheckpoints | undefined> {
  const last = await readCheckpoint(run, 'last', id, sha256);
  if (!last) return undefined;
  const { best: named, epoch, stepInEpoch } = last.position;
  if (!named) return { last };
  const best = await readCheckpoint(run, 'best', id, sha256);
  if (best) return { last, best };
  // Right after its best epoch a run stands at it: both files are then the same.
  if (named.epoch === epoch && stepInEpoch === 0) return { last, best: last };
  const missing = `the checkpoint of the best epoch (${named.epoch}) is missing`;
  if (onLost) {
    onLost(`${run.file('best')}: ${missing}, so training starts over.`);
    return undefined;
  }
  throw new HarrierError('bad-checkpoint', missing, {
    where: run.file('best'),
    next: `Restore it, or remove ${run.file('last')} too: the run then starts over.`,
  });
}

export interface KeeperOptions {
  /** Of the run; undefined where an older version began it. */
  readonly id: string | undefined;
  readonly sha256?: () => Sha256;
  /** Milliseconds from any beginning. */
  readonly clock: () => number;
  /** Seconds from one checkpoint to the next, at least. Default: every one is kept. */
  readonly leastSeconds?: number;
  /** Told once when checkpoints cannot be kept, and training goes on without them; else that is an error. */
  readonly onUnsaved?: (error: unknown) => void;
}

/** Keeps the checkpoints of a run as it is trained, and its history. */
export class CheckpointKeeper {
  readonly #run: StoredRun;
  readonly #options: KeeperOptions;
  #written = Number.NEGATIVE_INFINITY;
  /** The best one that has not been written yet. */
  #best: Checkpoint | undefined;
  #failed = false;

  constructor(run: StoredRun, options: KeeperOptions) {
    this.#run = run;
    this.#options = options;
  }

  /**
   * Keeps a checkpoint, unless one was written a moment ago.
   *
   * @param now whether it must be written now
   */
  async save(checkpoint: Checkpoint, isBest: boolean, now: boolean): Promise<void> {
    const { clock, leastSeconds = 0, onUnsaved } = this.#options;
    if (isBest) this.#best = checkpoint;
    if (this.#failed || (!now && clock() - this.#written < leastSeconds * 1000)) return;
    try {
      await this.#write(checkpoint);
      this.#written = clock();
    } catch (error) {
      if (!onUnsaved) throw error;
      this.#failed = true;
      onUnsaved(error);
      await removeCheckpoints(this.#run).catch(() => {});
    }
  }

  /** The last one is written last: it always has the best that it names, and all of its history. */
  async #write(checkpoint: Checkpoint): Promise<void> {
    const { id, sha256 } = this.#options;
    const encoded = (each: Checkpoint) => encodeCheckpoint({ ...each, run: id }, sha256);
    const last = encoded(checkpoint);
    if (this.#best) await this.#run.write('best', this.#best === checkpoint ? last : encoded(this.#best));
    this.#best = undefined;
    await this.#run.write('history', historyToCsv(checkpoint.position.history));
    await this.#run.write('last', last);
  }
}

/** Removes the checkpoints of a run, and the history that goes with them. */
export async function removeCheckpoints(run: StoredRun): Promise<void> {
  for (const name of ['last', 'best', 'history'] as const) await run.remove(name);
}
