import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import type { Batch } from '../../../data/augmentation/index.ts';
import { type BatchPlan, checkBatchPlan, stepsPerEpoch } from '../../../data/batch-plan.ts';
import {
  type BatchMemory,
  type BatchSource,
  batchMemory,
  type OpenBatches,
  openBatches,
} from '../../../data/batches.ts';
import { type ImageShape, imageBytes } from '../../../data/dataset.ts';
import { type ErrorCode, type ErrorDetails, HarrierError } from '../../../errors.ts';
import { startWorker } from '../worker.ts';
import type { SharedDataset } from './thread-dataset.ts';

/** What the thread is told about the run. */
export interface ThreadPlan extends Omit<BatchPlan, 'dataset'> {
  readonly dataset: SharedDataset;
}

/** A batch to prepare, in memory that is sent along. */
export interface BatchOrder {
  readonly epoch: number;
  readonly step: number;
  readonly memory: BatchMemory;
}

/** The memory comes back, with how much of it is filled, or with what went wrong. */
export interface BatchAnswer {
  readonly memory: BatchMemory;
  readonly pixels?: number;
  readonly targets?: number;
  readonly imageShape?: ImageShape;
  readonly error?: { readonly code?: ErrorCode; readonly message: string; readonly details?: ErrorDetails };
}

/** Batches prepared ahead of the one in use. */
const AHEAD = 2;
/** Bytes of an image from which copying and scaling it is worth a thread without augmentation. */
const LARGE = 128 * 128 * 3;

/**
 * Batches from a thread that works ahead, where that is worth it: with augmentation, scaling or large images, more than one
 * core, and pixels that a thread can read in place; else they are computed when they are needed. The bytes are the
 * same.
 *
 * @param threads cores that training uses
 */
export function nodeBatches({ threads = availableParallelism() }: { threads?: number } = {}): OpenBatches {
  return (plan) => {
    const { augmentation = [], resolution = [] } = plan;
    const busy =
      augmentation.length > 0 || resolution.length > 0 || imageBytes(plan.dataset.imageShape) >= LARGE;
    const helps = busy && threads > 1 && availableParallelism() > 1 && plan.dataset.pixelSource !== undefined;
    return helps ? openThreadedBatches(plan) : openBatches(plan);
  };
}

/**
 * Batches from a thread that works ahead.
 *
 * @throws HarrierError `bad-option` for a plan that makes no sense, `not-supported` for a data set whose pixels a thread cannot read in place
 */
export function openThreadedBatches(plan: BatchPlan): BatchSource {
  checkBatchPlan(plan);
  const { dataset, ...rest } = plan;
  const { classNames, imageShape, labels, pixelSource: source } = dataset;
  if (!source) {
    throw new HarrierError('not-supported', 'the pixels of this data set cannot be read by a thread', {
      where: dataset.name,
      next: 'Put them into shared memory (new SharedArrayBuffer), or use openBatches.',
    });
  }
  const shared: SharedDataset = { name: dataset.name, classNames, imageShape, labels, source };
  return new ThreadedBatches(plan, { ...rest, dataset: shared });
}

interface Ordered {
  readonly epoch: number;
  readonly step: number;
  readonly answer: Promise<BatchAnswer>;
}

class ThreadedBatches implements BatchSource {
  readonly #worker: Worker;
  readonly #steps: number;
  /** Memory that nobody uses at present. */
  readonly #free: BatchMemory[];
  /** In the order in which the thread answers. */
  readonly #ordered: Ordered[] = [];
  readonly #waiting: { resolve: (answer: BatchAnswer) => void; reject: (error: Error) => void }[] = [];
  #inUse: BatchMemory | undefined;
  #failure: Error | undefined;

  constructor(plan: BatchPlan, threadPlan: ThreadPlan) {
    this.#steps = stepsPerEpoch(plan);
    this.#free = Array.from({ length: AHEAD + 1 }, () => batchMemory(plan));
    this.#worker = startWorker('./batch-thread', import.meta.url, { workerData: threadPlan });
    this.#worker.on('message', (answer: BatchAnswer) => this.#waiting.shift()?.resolve(answer));
    this.#worker.on('error', (cause) => this.#fail(threadError(cause.message, cause)));
    this.#worker.on('exit', (code) => this.#fail(threadError(`the thread ended with code ${code}`)));
  }

  async batch(epoch: number, step: number): Promise<Batch> {
    if (this.#failure) throw this.#failure;
    if (this.#inUse) this.#free.push(this.#inUse);
    this.#inUse = undefined;
    // Steps are asked for in their order but for the first; what was prepared for others is of no use.
    while (this.#ordered.length > 0 && !isFor(this.#ordered[0], epoch, step)) {
      this.#free.push((await this.#ordered.shift()!.answer).memory);
    }
    this.#orderAhead(epoch, step);
    const answer = await this.#ordered.shift()!.answer;
    this.#inUse = answer.memory;
    const { memory, pixels, targets, imageShape, error } = answer;
    if (error) throw revived(error);
    return {
      pixels: new Uint8Array(memory.pixels, 0, pixels),
      targets: new Float32Array(memory.targets, 0, targets),
      imageShape: imageShape!,
    };
  }

  async close(): Promise<void> {
    this.#fail(threadError('it is closed'));
    await this.#worker.terminate();
  }

  /** Orders the step and those after it, as far as there is memory. */
  #orderAhead(epoch: number, step: number): void {
    const last = this.#ordered.at(-1);
    let next = last ? this.#after(last) : { epoch, step };
    for (let memory = this.#free.pop(); memory; memory = this.#free.pop()) {
      const answer = new Promise<BatchAnswer>((resolve, reject) => {
        this.#waiting.push({ resolve, reject });
      });
      // Who does not come to wait for it learns of a failure at the next batch.
      answer.catch(() => {});
      this.#ordered.push({ ...next, answer });
      const order: BatchOrder = { ...next, memory };
      this.#worker.postMessage(order, [memory.pixels, memory.targets]);
      next = this.#after(next);
    }
  }

  #after({ epoch, step }: { epoch: number; step: number }): { epoch: number; step: number } {
    return step + 1 < this.#steps ? { epoch, step: step + 1 } : { epoch: epoch + 1, step: 0 };
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}

function isFor(ordered: Ordered, epoch: number, step: number): boolean {
  return ordered.epoch === epoch && ordered.step === step;
}

function threadError(received: string, cause?: unknown): HarrierError {
  return new HarrierError('bad-data', 'the thread that prepares batches failed', {
    received,
    next: 'Run with --threads 1 to prepare them without a thread.',
    cause,
  });
}

/** The error of the thread as it would have been thrown here. */
function revived({ code, message, details }: NonNullable<BatchAnswer['error']>): Error {
  if (code === undefined) return threadError(message);
  // The message is whole already.
  return Object.assign(new HarrierError(code, message), { details });
}
