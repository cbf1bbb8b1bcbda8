import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, HarrierError } from 'harrier';
import type { ByteStorage } from 'harrier/web';

const LAST = 'checkpoint-last.safetensors';
const BEST = 'checkpoint-best.safetensors';

/** Seconds between two that are written: they are large, and epochs of few images short. */
const SECONDS = 5;

/** The checkpoints of one training, in the browser's storage. */
export class CheckpointFiles {
  readonly #storage: ByteStorage;
  readonly #job: string;
  readonly #onFailure: (error: unknown) => void;
  #written = Number.NEGATIVE_INFINITY;
  /** The best one that has not been written yet. */
  #best: Checkpoint | undefined;
  #failed = false;

  /** @param onFailure told once, when the browser does not keep them; training goes on without */
  constructor(storage: ByteStorage, job: string, onFailure: (error: unknown) => void) {
    this.#storage = storage;
    this.#job = job;
    this.#onFailure = onFailure;
  }

  /**
   * Keeps a checkpoint, unless one was written a moment ago. The best is written first: whoever finds the last one then
   * also finds the best that it speaks of.
   *
   * @param now whether it must be written now
   */
  async save(checkpoint: Checkpoint, isBest: boolean, now: boolean): Promise<void> {
    if (isBest) this.#best = checkpoint;
    if (this.#failed || (!now && performance.now() - this.#written < SECONDS * 1000)) return;
    try {
      if (this.#best) await this.#write(BEST, this.#best);
      this.#best = undefined;
      await this.#write(LAST, checkpoint);
      this.#written = performance.now();
    } catch (error) {
      this.#failed = true;
      this.#onFailure(error);
      await this.remove().catch(() => {});
    }
  }

  /**
   * Where the training stands; undefined where nothing was kept.
   * @throws HarrierError `bad-checkpoint` when it is damaged, or of another training
   */
  async read(): Promise<{ last: Checkpoint; best?: Checkpoint } | undefined> {
    const last = await this.#read(LAST);
    if (!last) return undefined;
    const best = last.position.best && (await this.#read(BEST));
    if (last.position.best && !best) {
      throw new HarrierError('bad-checkpoint', 'the checkpoint of the best epoch is missing', {
        next: 'Train again from the beginning.',
      });
    }
    return best ? { last, best } : { last };
  }

  async remove(): Promise<void> {
    for (const name of [LAST, BEST]) await this.#storage.remove(name);
  }

  async #write(name: string, checkpoint: Checkpoint): Promise<void> {
    const bytes = encodeCheckpoint({ ...checkpoint, run: this.#job });
    await this.#storage.write(name, bytes);
  }

  async #read(name: string): Promise<Checkpoint | undefined> {
    const bytes = await this.#storage.read(name);
    if (!bytes) return undefined;
    const checkpoint = decodeCheckpoint(bytes, 'the checkpoint');
    if (checkpoint.run === this.#job) return checkpoint;
    throw new HarrierError('bad-checkpoint', 'what was kept belongs to another training', {
      next: 'Train again from the beginning.',
    });
  }
}
