import type { Worker } from 'node:worker_threads';
import { HarrierError } from '../../errors.ts';
import { startWorker } from '../../platform/node/worker.ts';
import type { InputImage, ServedModel } from '../service.ts';
import { errorFrom, type Failure, type Order, type Report, type WorkerSetup } from './messages.ts';

/** One thread with its own copy of the model. It takes one batch at a time. */
export class InferenceWorker {
  /** What the model says of itself; rejects when the thread cannot load it. */
  readonly ready: Promise<Omit<ServedModel, 'version'>>;
  /** Resolves when the thread is gone, with what ended it unless it was asked to. */
  readonly gone: Promise<unknown>;
  /** Whether it has more threads for a batch that runs alone. */
  readonly takesMoreAlone: boolean;
  readonly #thread: Worker;
  #batch: PromiseWithResolvers<readonly (Float32Array | Failure)[]> | undefined;
  #isReady = false;
  #isGone = false;
  #isEnding = false;

  constructor(setup: WorkerSetup) {
    const thread = startWorker('./worker', import.meta.url, { workerData: setup });
    this.#thread = thread;
    this.takesMoreAlone = setup.threadsAlone > setup.threads;
    this.ready = new Promise((resolve, reject) => {
      thread.on('message', (report: Report) => {
        if (report.kind === 'batch') this.#answer(report.results);
        else if (report.kind === 'refused') reject(errorFrom(report.failure));
        else {
          this.#isReady = true;
          resolve(report.model);
        }
      });
      thread.on('error', reject);
      thread.on('exit', () => reject(ended()));
    });
    // Whoever does not wait for it hears of it from `gone`.
    this.ready.catch(() => {});
    this.gone = new Promise((resolve) => {
      let reason: unknown;
      thread.on('error', (error) => {
        reason = error;
      });
      thread.on('exit', () => {
        this.#isGone = true;
        this.#batch?.reject(ended());
        this.#batch = undefined;
        resolve(reason);
      });
    });
  }

  /** Loaded, and neither gone nor about to go. */
  get isAlive(): boolean {
    return this.#isReady && !this.#isGone && !this.#isEnding;
  }

  get isBusy(): boolean {
    return this.#batch !== undefined;
  }

  /**
   * @param alone nothing else is under way
   * @returns for each image its probabilities, or why there are none
   * @throws HarrierError `overloaded` when the thread ends meanwhile
   */
  run(images: readonly InputImage[], alone: boolean): Promise<readonly (Float32Array | Failure)[]> {
    const batch = withResolvers<readonly (Float32Array | Failure)[]>();
    this.#batch = batch;
    this.#order({ kind: 'batch', images, alone });
    return batch.promise;
  }

  /**
   * Lets it finish what it does, be that loading, then end. It is never ended by force: ONNX Runtime takes the whole
   * process down when its thread is terminated in the middle of a run.
   */
  end(): void {
    if (this.#isEnding || this.#isGone) return;
    this.#isEnding = true;
    if (!this.isBusy) this.#order({ kind: 'end' });
  }

  #order(order: Order): void {
    this.#thread.postMessage(order);
  }

  #answer(results: readonly (Float32Array | Failure)[]): void {
    this.#batch?.resolve(results);
    this.#batch = undefined;
    if (this.#isEnding) this.#order({ kind: 'end' });
  }
}

function ended(): HarrierError {
  return new HarrierError('overloaded', 'the worker that held this request came to an end', {
    next: 'Send the request again.',
  });
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(reason: unknown): void;
}

/** Promise.withResolvers, which Node 20 does not have. */
function withResolvers<T>(): PromiseWithResolvers<T> {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  return { promise, resolve, reject };
}
