import { effect, signal } from '@preact/signals';
import { Caller } from 'harrier/src/calls.ts';
import type { BackboneCalls } from '../workers/backbone-worker.ts';
import { workerChannel } from '../workers/channel.ts';
import type { Job, Outcome, PageBackbone } from './messages.ts';
import { classes } from './project.ts';

/** How far the backbone is with the images that are there. */
export interface Looked {
  readonly done: number;
  readonly total: number;
  /** Of the image before, where it was not known already. */
  readonly milliseconds?: number;
  /** Why it has stopped. */
  readonly error?: unknown;
}

export const looked = signal<Looked>({ done: 0, total: 0 });

let started: Caller<BackboneCalls> | undefined;

/** The worker that has the backbone; begun when it is first asked. */
function calls(): Caller<BackboneCalls> {
  started ??= start();
  return started;
}

function start(): Caller<BackboneCalls> {
  const worker = new Worker(new URL('../workers/backbone-worker.ts', import.meta.url), { type: 'module' });
  const caller = new Caller<BackboneCalls>(workerChannel(worker));
  worker.addEventListener('error', (event) => {
    worker.terminate();
    started = undefined;
    caller.fail(
      new Error(
        `The worker that computes features has stopped: ${event.message || 'it could not be loaded'}.`,
      ),
    );
  });
  return caller;
}

/**
 * Computes the features of images as they come, one after another, until it is told to end.
 *
 * @returns ends it
 */
export function lookAtImages(backbone: PageBackbone, mirrored: boolean): () => void {
  const known = new Set<string>();
  looked.value = { done: 0, total: 0 };
  let [isBusy, isOver] = [false, false];
  const next = async (): Promise<void> => {
    if (isOver) return;
    const images = (classes.peek() ?? []).flatMap((each) => each.images);
    const done = images.filter(({ id }) => known.has(id)).length;
    looked.value = { ...looked.peek(), done, total: images.length };
    const image = images.find(({ id }) => !known.has(id));
    if (!image || isBusy) return;
    isBusy = true;
    try {
      const milliseconds = await calls().call('look', [backbone, image, mirrored]);
      if (milliseconds !== undefined) looked.value = { ...looked.peek(), milliseconds };
    } catch (error) {
      if (!isOver) looked.value = { ...looked.peek(), error };
      isOver = true;
    }
    known.add(image.id);
    isBusy = false;
    await next();
  };
  const stop = effect(() => {
    void classes.value;
    void next();
  });
  return () => {
    isOver = true;
    stop();
  };
}

/** Fits a head on the features of a job's images. @throws what the worker threw */
export function teachHead(
  backbone: PageBackbone,
  job: Job,
  onProgress: Parameters<BackboneCalls['teach']>[2],
): Promise<{ readonly outcome: Outcome; readonly model: Uint8Array<ArrayBuffer> }> {
  return calls().call('teach', [backbone, job, onProgress]);
}
