import { Caller, type Result } from 'harrier/src/calls.ts';
import { HarrierError } from 'harrier/src/errors.ts';
import { workerChannel } from '../workers/channel.ts';
import type { ActionName, Actions } from './protocol.ts';

/** The worker that runs models. It starts with the first call, and after it has stopped with the next one. */
export class ModelWorker {
  #calls: Caller<Actions> | undefined;

  /** @throws what the worker threw */
  call<N extends ActionName>(name: N, ...args: Parameters<Actions[N]>): Promise<Result<Actions[N]>> {
    this.#calls ??= this.#start();
    return this.#calls.call(name, args as never);
  }

  #start(): Caller<Actions> {
    const worker = new Worker(new URL('../workers/inference.ts', import.meta.url), { type: 'module' });
    const calls = new Caller<Actions>(workerChannel(worker));
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      this.#calls = undefined;
      calls.fail(
        new HarrierError('not-supported', 'the worker that runs models has stopped', {
          received: event.message || 'no reason',
          next: 'Load the page again.',
        }),
      );
    };
    return calls;
  }
}
