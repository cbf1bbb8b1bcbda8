import type { Worker } from 'node:worker_threads';
import { Caller, type Methods, type Result } from '../../calls.ts';
import { startWorker, threadChannel } from '../../platform/node/worker.ts';

/** A thread has ended: what it was at says nothing about an image. */
export class ThreadEnded extends Error {
  constructor(cause: unknown) {
    super('a thread has ended before its work', { cause });
  }
}

interface Thread<M extends Methods<M>> {
  readonly worker: Worker;
  readonly calls: Caller<M>;
}

/** Threads that do the same work, each in its turn. One starts when its first turn comes. */
export class ThreadPool<M extends Methods<M> & { readonly end: () => Promise<void> }> {
  readonly #module: string;
  readonly #workerData: unknown;
  readonly #threads: (Thread<M> | undefined)[];
  #next = 0;
  #closing: Promise<unknown> | undefined;

  /**
   * @param module a file of this folder, such as `./reading-thread`
   * @param workerData what each is told at its start
   */
  constructor(module: string, count: number, workerData: unknown) {
    this.#module = module;
    this.#workerData = workerData;
    this.#threads = Array.from({ length: count }, () => undefined);
  }

  /** Threads at most. */
  get count(): number {
    return this.#threads.length;
  }

  /**
   * Calls the thread whose turn it is.
   * @param transfer memory of the arguments that is handed over
   * @throws what the method throws; ThreadEnded
   */
  call<N extends keyof M & string>(
    name: N,
    args: Parameters<Caller<M>['call']>[1],
    transfer?: readonly ArrayBuffer[],
  ): Promise<Result<M[N]>> {
    if (this.#closing) return Promise.reject(new ThreadEnded('closed'));
    const turn = this.#next;
    this.#next = (turn + 1) % this.count;
    this.#threads[turn] ??= this.#start();
    return this.#threads[turn].calls.call(name, args as never, transfer);
  }

  /**
   * Ends the threads, after their method `end`. Native code (libvips, ONNX Runtime) brings the process down where its
   * thread ends in the middle.
   */
  close(): Promise<unknown> {
    this.#closing ??= Promise.all(
      this.#threads.map(async (thread) => {
        await thread?.calls.call('end', [] as never).catch(() => {});
        await thread?.worker.terminate();
      }),
    );
    return this.#closing;
  }

  #start(): Thread<M> {
    const worker = startWorker(this.#module, import.meta.url, { workerData: this.#workerData });
    const calls = new Caller<M>(threadChannel(worker));
    worker.on('error', (error) => calls.fail(new ThreadEnded(error)));
    worker.on('exit', () => calls.fail(new ThreadEnded('ended')));
    return { worker, calls };
  }
}
