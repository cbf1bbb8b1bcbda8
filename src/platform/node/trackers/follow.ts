import type { EpochRecord } from '../../../evaluation/index.ts';
import type { TrackedResult, TrackedRun, Tracker, Unfinished } from './tracker.ts';

/**
 * Tells several trackers of one run. Training never waits for them, and a tracker that fails is told nothing more: the run
 * goes on, and one sentence says so.
 */
export class Followed {
  readonly #queues: { readonly tracker: Tracker; tail: Promise<boolean> }[];
  readonly #onLost: (sentence: string) => void;

  constructor(trackers: readonly Tracker[], onLost: (sentence: string) => void) {
    this.#queues = trackers.map((tracker) => ({ tracker, tail: Promise.resolve(true) }));
    this.#onLost = onLost;
  }

  begin(run: TrackedRun): void {
    this.#tell((tracker) => tracker.begin(run));
  }

  epoch(record: EpochRecord): void {
    this.#tell((tracker) => tracker.epoch(record));
  }

  /** Resolves when all trackers know everything, or are lost. */
  async end(result: TrackedResult | Unfinished): Promise<void> {
    this.#tell((tracker) => tracker.end(result));
    await Promise.all(this.#queues.map(({ tail }) => tail));
  }

  #tell(what: (tracker: Tracker) => Promise<void>): void {
    for (const queue of this.#queues) {
      const { tracker } = queue;
      queue.tail = queue.tail.then(async (isThere) => {
        if (!isThere) return false;
        try {
          await what(tracker);
          return true;
        } catch (error) {
          const reason = error instanceof Error ? error.message : `${error}`;
          this.#onLost(
            `Note: ${tracker.name} does not follow this run any more; training goes on. ${reason.replace(/\.?$/, '.')}`,
          );
          return false;
        }
      });
    }
  }
}
