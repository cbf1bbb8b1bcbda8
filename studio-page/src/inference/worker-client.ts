import type { Progress } from 'harrier/src/data/progress.ts';
import { HarrierError } from 'harrier/src/errors.ts';
import type { ActionName, Actions, Reply, Request } from './protocol.ts';

type Arguments<N extends ActionName> = N extends 'open'
  ? [Parameters<Actions['open']>[0], Parameters<Actions['open']>[1], Parameters<Actions['open']>[2]]
  : Parameters<Actions[N]>;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress?: (progress: Progress) => void;
}

/** The worker that runs models, as functions. It starts with the first call. */
export class ModelWorker {
  #worker: Worker | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;

  /** @throws HarrierError as the worker threw it */
  call<N extends ActionName>(
    name: N,
    args: Arguments<N>,
    onProgress?: (progress: Progress) => void,
  ): Promise<Awaited<ReturnType<Actions[N]>>> {
    const worker = this.#start();
    return new Promise((resolve, reject) => {
      const id = this.#count++;
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject, onProgress });
      worker.postMessage({ id, name, args } satisfies Request);
    });
  }

  #start(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(new URL('../workers/inference.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      const waiting = this.#waiting.get(data.id);
      if (!waiting) return;
      if ('progress' in data) {
        waiting.onProgress?.(data.progress);
        return;
      }
      this.#waiting.delete(data.id);
      if ('value' in data) waiting.resolve(data.value);
      else waiting.reject(new WorkerError(data.error));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(
        new HarrierError('not-supported', 'what runs models has stopped', {
          received: event.message || 'no reason',
          next: 'Load the page again.',
        }),
      );
    };
    this.#worker = worker;
    return worker;
  }

  #fail(error: HarrierError): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

/** What the worker threw: its message is a whole sentence already. */
class WorkerError extends Error {
  readonly code: string | undefined;
  constructor({ code, message }: { readonly code?: string; readonly message: string }) {
    super(message);
    this.code = code;
  }
}
