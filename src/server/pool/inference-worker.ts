import { Caller } from '../../calls.ts';
import { HarrierError } from '../../errors.ts';
import type { PlainError } from '../../plain-error.ts';
import { startWorker, threadChannel } from '../../platform/node/worker.ts';
import type { ImageAnswer, InputImage, ServedModel } from '../service.ts';
import type { WorkerCalls, WorkerSetup } from './messages.ts';

/** One thread with its own copy of the model. It takes one batch at a time. */
export class InferenceWorker {
  /** What the model says of itself; rejects when the thread cannot load it. */
  readonly ready: Promise<Omit<ServedModel, 'version'>>;
  /** Resolves when the thread is gone, with what ended it unless it was asked to. */
  readonly gone: Promise<unknown>;
  /** Whether it has more threads for a batch that runs alone. */
  readonly takesMoreAlone: boolean;
  readonly #calls: Caller<WorkerCalls>;
  #isBusy = false;
  #isReady = false;
  #isGone = false;
  #isEnding = false;

  constructor(setup: WorkerSetup) {
    const thread = startWorker('./worker', import.meta.url, { workerData: setup });
    this.#calls = new Caller(threadChannel(thread));
    this.takesMoreAlone = setup.threadsAlone > setup.threads;
    this.gone = new Promise((resolve) => {
      let reason: unknown;
      thread.on('error', (error) => {
        reason = error;
      });
      thread.on('exit', () => {
        this.#isGone = true;
        this.#calls.fail(ended());
        resolve(reason);
      });
    });
    this.ready = this.#calls.call('model', []);
    this.ready.then(
      () => {
        this.#isReady = true;
      },
      // Callers that do not wait for it hear of it from `gone`.
      () => this.end(),
    );
  }

  /** Loaded, and neither gone nor about to go. */
  get isAlive(): boolean {
    return this.#isReady && !this.#isGone && !this.#isEnding;
  }

  get isBusy(): boolean {
    return this.#isBusy;
  }

  /**
   * @param alone nothing else is under way
   * @returns for each image the answer, or why there are none
   * @throws HarrierError `overloaded` when the thread ends meanwhile
   */
  async run(images: readonly InputImage[], alone: boolean): Promise<readonly (ImageAnswer | PlainError)[]> {
    this.#isBusy = true;
    try {
      return await this.#calls.call('classify', [images, alone]);
    } finally {
      this.#isBusy = false;
      if (this.#isEnding) this.#end();
    }
  }

  /**
   * Lets it finish what it does, be that loading, then end. It is never ended by force: ONNX Runtime takes the whole
   * process down when its thread is terminated in the middle of a run.
   */
  end(): void {
    if (this.#isEnding || this.#isGone) return;
    this.#isEnding = true;
    if (!this.isBusy) this.#end();
  }

  #end(): void {
    // Its end is its answer.
    this.#calls.call('end', []).catch(() => {});
  }
}

function ended(): HarrierError {
  return new HarrierError('overloaded', 'the worker that processed this request stopped', {
    next: 'Send the request again.',
  });
}
