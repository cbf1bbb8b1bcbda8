import { Caller, type Result } from 'harrier/src/calls.ts';
import { workerChannel } from '../workers/channel.ts';
import type { ImageCalls } from '../workers/image-worker.ts';

let calls: Caller<ImageCalls> | undefined;

/** Asks the worker that reads images and runs the model. @throws what the worker threw */
export function ask<N extends keyof ImageCalls>(
  name: N,
  ...args: Parameters<ImageCalls[N]>
): Promise<Result<ImageCalls[N]>> {
  calls ??= start();
  return calls.call(name, args as never);
}

function start(): Caller<ImageCalls> {
  const worker = new Worker(new URL('../workers/image-worker.ts', import.meta.url), { type: 'module' });
  const made = new Caller<ImageCalls>(workerChannel(worker));
  worker.addEventListener('error', (event) => {
    // It did not even start, or ran out of memory: nobody will be answered by it any more.
    worker.terminate();
    calls = undefined;
    made.fail(
      new Error(`The worker that reads images has stopped: ${event.message || 'it could not be loaded'}.`),
    );
  });
  return made;
}
