import type { Worker } from 'node:worker_threads';
import { Caller } from '../../calls.ts';
import { defaultThreads } from '../../platform/node/engine/default-threads.ts';
import { decodeImage } from '../../platform/node/images/decode.ts';
import { RemoteImages } from '../../platform/node/remote/remote-images.ts';
import { startWorker, threadChannel } from '../../platform/node/worker.ts';
import { readInput, STANDARD_INPUT } from './input.ts';
import type { ReadingCalls, ReadingSetup } from './reading.ts';

/** Threads at most: libvips decodes in four threads of the process, however many ask it. */
const MOST = 4;

/** The threads are gone: what is read now says nothing about an image. */
export class ReadersEnded extends Error {
  constructor(cause: unknown) {
    super('a thread that reads images has ended', { cause });
  }
}

/**
 * Threads that read images, from files and the network, while the thread that asks computes: ONNX Runtime blocks that
 * one for as long as it runs.
 */
export class ReadingThreads {
  readonly #setup: ReadingSetup;
  readonly #threads: { readonly worker: Worker; readonly calls: Caller<ReadingCalls> }[] = [];
  #next = 0;

  /** @param threads at most; default: one for each core */
  constructor(setup: ReadingSetup, threads = defaultThreads()) {
    this.#setup = setup;
    for (let i = 0; i < Math.min(MOST, threads); i++) {
      const worker = startWorker('./reading-thread', import.meta.url, { workerData: setup });
      const calls = new Caller<ReadingCalls>(threadChannel(worker));
      const end = (cause?: unknown) => calls.fail(new ReadersEnded(cause));
      worker.on('error', end);
      worker.on('exit', () => end());
      this.#threads.push({ worker, calls });
    }
  }

  /**
   * Reads an image as the model takes it.
   * @returns uint8 `[height, width, 3]`
   * @throws HarrierError as `readInput` and `decodeImage` do; ReadersEnded
   */
  async read(name: string): Promise<Uint8Array> {
    if (name === STANDARD_INPUT) {
      const { shape, remote } = this.#setup;
      return decodeImage(await readInput(name, new RemoteImages(remote)), shape, name);
    }
    const { calls } = this.#threads[this.#next];
    this.#next = (this.#next + 1) % this.#threads.length;
    return calls.call('read', [name]);
  }

  /** Ends the threads, with what they are at. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }
}
