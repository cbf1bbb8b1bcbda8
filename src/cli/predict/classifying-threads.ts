import type { ClassifierAnswer } from '../../models/classifier.ts';
import { defaultThreads } from '../../platform/node/engine/default-threads.ts';
import type { ClassifyingCalls, ClassifyingSetup } from './classifying.ts';
import { ThreadPool } from './thread-pool.ts';

/** Copies of the model at most: further cores work on the same batch. */
const MOST = 4;

/**
 * Threads that classify, each with a copy of the model on one core (on more where there are more than four). The cores
 * are shared with threads that read images. Several threads of one operation would wait for the slowest of them; these
 * never wait for each other.
 */
export class ClassifyingThreads {
  readonly #threads: ThreadPool<ClassifyingCalls>;

  /** @param threads cores to use; default: all */
  constructor(model: Omit<ClassifyingSetup, 'threads'>, threads = defaultThreads()) {
    const count = Math.min(MOST, threads);
    const setup: ClassifyingSetup = { ...model, threads: Math.floor(threads / count) };
    this.#threads = new ThreadPool('./classifying-thread', count, setup);
  }

  /** Batches that can be classified at the same time. */
  get count(): number {
    return this.#threads.count;
  }

  /**
   * As `Classifier.answer`. The memory of the pixels is handed over.
   * @throws HarrierError as `Classifier.answer` does; ThreadEnded
   */
  answer(pixels: Uint8Array<ArrayBuffer>): Promise<ClassifierAnswer> {
    return this.#threads.call('answer', [pixels], [pixels.buffer]);
  }

  /** Ends the threads, after what they are at. */
  async close(): Promise<void> {
    await this.#threads.close();
  }
}
