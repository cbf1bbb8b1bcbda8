import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { Caller, type Moved } from '../../../calls.ts';
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
import { HarrierError } from '../../../errors.ts';
import { startWorker, threadChannel } from '../worker.ts';
import type { SharedDataset } from './thread-dataset.ts';

/** What the thread is told about the run. */
export interface ThreadPlan extends Omit<BatchPlan, 'dataset'> {
  readonly dataset: SharedDataset;
}

/** A batch in the memory that was sent along, and how much of that it fills. */
export interface PreparedBatch {
  readonly memory: BatchMemory;
  readonly pixels: number;
  readonly targets: number;
  readonly imageShape: ImageShape;
}

/** What the thread is asked for. */
export interface BatchCalls {
  prepare(epoch: number, step: number, memory: BatchMemory): Moved<PreparedBatch>;
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
  const { classNames, imageShape, labels, tags, pixelSource: source } = dataset;
  if (!source) {
    throw new HarrierError('not-supported', 'the pixels of this data set cannot be read by a thread', {
      where: dataset.name,
      next: 'Use shared memory (new SharedArrayBuffer) for them, or use openBatches.',
    });
  }
  const own = { name: dataset.name, classNames, imageShape, labels, source };
  const shared: SharedDataset = { ...own, ...(tags && { tags }) };
  return new ThreadedBatches(plan, { ...rest, dataset: shared });
}

interface Ordered {
  readonly epoch: number;
  readonly step: number;
  /** Settles with a batch or with why there is none, and never rejects: nobody may wait for it. */
  readonly answer: Promise<PreparedBatch | Error>;
}

class ThreadedBatches implements BatchSource {
  readonly #worker: Worker;
  readonly #calls: Caller<BatchCalls>;
  readonly #plan: BatchPlan;
  readonly #steps: number;
  /** Memory that nobody uses at present. */
  readonly #free: BatchMemory[];
  /** In the order in which the thread answers. */
  readonly #ordered: Ordered[] = [];
  #inUse: BatchMemory | undefined;

  constructor(plan: BatchPlan, threadPlan: ThreadPlan) {
    this.#plan = plan;
    this.#steps = stepsPerEpoch(plan);
    this.#free = Array.from({ length: AHEAD + 1 }, () => batchMemory(plan));
    this.#worker = startWorker('./batch-thread', import.meta.url, { workerData: threadPlan });
    this.#calls = new Caller(threadChannel(this.#worker));
    this.#worker.on('error', (cause) => this.#calls.fail(threadError(cause.message, cause)));
    this.#worker.on('exit', (code) => this.#calls.fail(threadError(`the thread ended with code ${code}`)));
  }

  async batch(epoch: number, step: number): Promise<Batch> {
    if (this.#inUse) this.#free.push(this.#inUse);
    this.#inUse = undefined;
    // Steps are asked for in their order but for the first; what was prepared for others is of no use.
    while (this.#ordered.length > 0 && !isFor(this.#ordered[0], epoch, step)) {
      const unused = await this.#ordered.shift()!.answer;
      this.#free.push(memoryOf(unused, this.#plan));
    }
    this.#orderAhead(epoch, step);
    const answer = await this.#ordered.shift()!.answer;
    this.#inUse = memoryOf(answer, this.#plan);
    if (answer instanceof HarrierError) throw answer;
    if (answer instanceof Error) throw threadError(answer.message, answer);
    const { memory, pixels, targets, imageShape } = answer;
    return {
      pixels: new Uint8Array(memory.pixels, 0, pixels),
      targets: new Float32Array(memory.targets, 0, targets),
      imageShape,
    };
  }

  async close(): Promise<void> {
    this.#calls.fail(threadError('it is closed'));
    await this.#worker.terminate();
  }

  /** Orders the step and those after it, as far as there is memory. */
  #orderAhead(epoch: number, step: number): void {
    const last = this.#ordered.at(-1);
    let next = last ? this.#after(last) : { epoch, step };
    for (let memory = this.#free.pop(); memory; memory = this.#free.pop()) {
      const answer = this.#calls
        .call('prepare', [next.epoch, next.step, memory], [memory.pixels, memory.targets])
        .catch((error: Error) => error);
      this.#ordered.push({ ...next, answer });
      next = this.#after(next);
    }
  }

  #after({ epoch, step }: { epoch: number; step: number }): { epoch: number; step: number } {
    return step + 1 < this.#steps ? { epoch, step: step + 1 } : { epoch: epoch + 1, step: 0 };
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

/** The memory of a batch for use again. Where there is no batch its memory stayed with the thread. */
function memoryOf(answer: PreparedBatch | Error, plan: BatchPlan): BatchMemory {
  return answer instanceof Error ? batchMemory(plan) : answer.memory;
}
