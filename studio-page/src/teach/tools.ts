import type { Answered, Answers, Asked, Question } from '../workers/image-worker.ts';
import { errorOf } from './messages.ts';

type Waiting = { resolve: (answer: never) => void; reject: (error: unknown) => void };

let worker: Worker | undefined;
let last = 0;
const waiting = new Map<number, Waiting>();

/** Asks the worker that reads images and runs the model. @throws what the worker threw */
export function ask<Q extends Question>(question: Q): Promise<Answers[Q['type']]> {
  worker ??= start();
  const id = ++last;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    worker!.postMessage({ id, question } satisfies Asked);
  });
}

function start(): Worker {
  const made = new Worker(new URL('../workers/image-worker.ts', import.meta.url), { type: 'module' });
  made.addEventListener('message', ({ data }: MessageEvent<Answered>) => {
    const asker = waiting.get(data.id);
    waiting.delete(data.id);
    if ('error' in data) asker?.reject(errorOf(data.error));
    else asker?.resolve(data.answer as never);
  });
  made.addEventListener('error', (event) => {
    // It did not even start, or ran out of memory: nobody will be answered by it any more.
    const error = new Error(`What reads images has stopped: ${event.message || 'it could not be loaded'}.`);
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    made.terminate();
    worker = undefined;
  });
  return made;
}
