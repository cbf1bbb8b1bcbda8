import { defaultThreads } from '../../platform/node/engine/default-threads.ts';
import { decodeImage } from '../../platform/node/images/decode.ts';
import { RemoteImages } from '../../platform/node/remote/remote-images.ts';
import { readInput, STANDARD_INPUT } from './input.ts';
import type { ReadingCalls, ReadingSetup } from './reading.ts';
import { ThreadPool } from './thread-pool.ts';

/** Threads at most: libvips decodes in four threads of the process, however many ask it. */
const MOST = 4;

/** Threads that read images, from files and the network. */
export class ReadingThreads {
  readonly #setup: ReadingSetup;
  readonly #threads: ThreadPool<ReadingCalls>;

  /** @param threads at most; default: one for each core */
  constructor(setup: ReadingSetup, threads = defaultThreads()) {
    this.#setup = setup;
    this.#threads = new ThreadPool('./reading-thread', Math.min(MOST, threads), setup);
  }

  /**
   * Reads an image as the model takes it.
   * @returns uint8 `[height, width, 3]`
   * @throws HarrierError as `readInput` and `decodeImage` do; ThreadEnded
   */
  async read(name: string): Promise<Uint8Array> {
    if (name !== STANDARD_INPUT) return this.#threads.call('read', [name]);
    const { shape, remote } = this.#setup;
    return decodeImage(await readInput(name, new RemoteImages(remote)), shape, name);
  }

  /** Ends the threads. Images that are not read by then fail. */
  async close(): Promise<void> {
    await this.#threads.close();
  }
}
