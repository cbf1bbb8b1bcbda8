import { setTimeout as sleep } from 'node:timers/promises';
import type { ImageInput } from '../../data/dataset.ts';
import { PREPROCESSING_KEY, preprocessingMetadata, STRETCHED } from '../../data/preprocessing.ts';
import { HarrierError } from '../../errors.ts';
import { errorFromPlain } from '../../plain-error.ts';
import { memoryLimit } from '../../platform/node/memory.ts';
import { Decoders, decodeBudget } from '../decoding/decoders.ts';
import { isLarge } from '../decoding/weight.ts';
import { checkNumbers } from '../numbers.ts';
import { gone, tooLate } from '../problem.ts';
import {
  type Answer,
  type ClassificationService,
  type ClassifyOptions,
  checkCount,
  type ImageAnswer,
  type InputImage,
  type ServedModel,
  type ServiceState,
} from '../service.ts';
import type { InferenceWorker } from './inference-worker.ts';
import { ModelWorkers, type WorkerOptions } from './model-workers.ts';
import { type Job, Queue } from './queue.ts';

/** The workers of a model, and their limits. */
export interface PoolOptions extends WorkerOptions {
  /** Images that may wait. */
  readonly maxQueue: number;
  /** Images that run together at most. */
  readonly maxBatch: number;
  /** Milliseconds that an image may wait for others to run with. Nothing waits while all workers are idle. */
  readonly maxDelayMs: number;
  /** Bytes of memory that large images may take while they are decoded. Default: what is free, and a fourth less. */
  readonly decodeBudget?: () => number;
}

/** Milliseconds between looks at what is still being decoded when it closes. */
const DECODING_MS = 20;

/** Milliseconds without a crowd after which the next batch is taken to stay alone. */
const QUIET_MS = 100;

/**
 * Classifies in worker threads: decoding and inference never hold up the thread that talks to the network.
 *
 * Images wait in one queue. An idle worker takes all that wait, up to a batch; while other workers are busy it may
 * first wait a moment for more, because a batch costs less than its images one by one. A batch that runs while nothing
 * else does has more threads, in a worker that holds the model a second time for it.
 */
export class WorkerPool implements ClassificationService {
  readonly #options: PoolOptions;
  readonly #queue = new Queue();
  readonly #decoders: Decoders;
  /** Made once: where an error comes from takes longer to find out than a refusal may. */
  readonly #full: HarrierError;
  readonly #workers: ModelWorkers;
  readonly #gauges: readonly (() => void)[];
  #state: ServiceState = 'loading';
  #timer: NodeJS.Timeout | undefined;
  /** When something came last while something ran. */
  #crowdedAt = Number.NEGATIVE_INFINITY;
  #emptied: () => void = () => {};

  /** @throws HarrierError `bad-option` for a number that makes no sense */
  constructor(options: PoolOptions) {
    checkNumbers('WorkerPool', options);
    this.#options = options;
    this.#workers = new ModelWorkers(options, () => this.#schedule(), closed);
    const { metrics, maxQueue, maxPixels, workers } = options;
    const budget = options.decodeBudget ?? (() => decodeBudget(memoryLimit(), process.memoryUsage.rss()));
    this.#decoders = new Decoders({ most: workers, maxPixels, budget });
    this.#full = new HarrierError('overloaded', 'too many images are waiting', {
      expected: `at most ${maxQueue} at a time`,
      next: 'Try again in a second.',
    });
    this.#gauges = [
      metrics.gauge('harrier_queue_images', 'Images that wait for a worker.', () => this.#queue.length),
      metrics.gauge(
        'harrier_large_images',
        'Large images that are decoded, or wait for it.',
        () => this.#decoders.images,
      ),
      metrics.gauge('harrier_workers', 'Workers that can take images.', () => this.workers),
      metrics.gauge('harrier_workers_busy', 'Workers that have a batch.', () => this.#workers.busy),
    ];
  }

  /** The model that is served, and whether workers are ready. */
  get state(): ServiceState {
    return this.#state;
  }

  get model(): ServedModel | undefined {
    return this.#workers.model;
  }

  get maxQueue(): number {
    return this.#options.maxQueue;
  }

  get workers(): number {
    return this.#workers.alive.length;
  }

  /**
   * Loads a model into new workers, then lets them take over; the old ones finish what they have. When the model is
   * refused, everything stays as it was.
   * @throws HarrierError `bad-graph`, `not-supported`
   */
  async load(modelBytes: Uint8Array, where: string): Promise<ServedModel> {
    const model = await this.#workers.load(modelBytes, where);
    if (this.#state === 'loading') this.#state = 'ready';
    this.#schedule();
    return model;
  }

  get overload(): HarrierError | undefined {
    if (this.#state === 'closed') return closed();
    if (!this.model) {
      return new HarrierError('overloaded', 'the model is still loading', { next: 'Try again in a moment.' });
    }
    return this.#queue.length < this.#options.maxQueue ? undefined : this.#full;
  }

  async classify(images: readonly InputImage[], { deadlineMs, signal }: ClassifyOptions): Promise<Answer> {
    const { overload } = this;
    if (overload) throw overload;
    const { maxQueue } = this.#options;
    checkCount(images.length, maxQueue);
    if (this.#queue.length + images.length > maxQueue) throw this.#full;
    const large = images.filter(isLargeFile);
    if (large.length === 0) return this.#enqueue(images, deadlineMs, signal);
    if (this.#decoders.images + large.length > maxQueue) throw this.#full;
    return this.#decodeFirst(images, deadlineMs, signal);
  }

  /** Has large images decoded, then runs them as the pixels that they are. */
  async #decodeFirst(
    images: readonly InputImage[],
    deadlineMs: number,
    signal?: AbortSignal,
  ): Promise<Answer> {
    const start = performance.now();
    const left = () => deadlineMs - (performance.now() - start);
    const { imageShape } = this.model!;
    const ending = new AbortController();
    const timer = setTimeout(() => ending.abort(tooLate()), deadlineMs);
    const leave = () => ending.abort(gone());
    signal?.addEventListener('abort', leave);
    let decoded: InputImage[];
    try {
      signal?.throwIfAborted();
      decoded = await Promise.all(
        images.map(async (image) => {
          if (!isLargeFile(image)) return image;
          const bytes = await this.#decoders.decode(image, imageShape, ending.signal);
          return { kind: 'pixels', bytes, where: image.where } satisfies InputImage;
        }),
      );
    } catch (error) {
      // Nobody waits for the others of this request.
      ending.abort(error);
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', leave);
    }
    const again = () => this.#decodeFirst(images, left(), signal);
    const isSame = () => sameInput(imageShape, this.model!.imageShape);
    // The model was changed in between, and takes images of another size, or scaled in another way.
    if (!isSame()) return again();
    return this.#enqueue(decoded, left(), signal, again).catch((error) => {
      if (isSame()) throw error;
      return again();
    });
  }

  /** From now on the service says that it is about to end; it still classifies. */
  drain(): void {
    if (this.#state !== 'closed') this.#state = 'draining';
  }

  /** Finishes what waits, then ends the workers. */
  async close(): Promise<void> {
    this.drain();
    // What is being decoded comes into the queue, or meets its deadline.
    while (this.#decoders.images > 0 && this.workers > 0) await sleep(DECODING_MS);
    if (this.#queue.length > 0 && this.workers > 0) {
      await new Promise<void>((resolve) => {
        this.#emptied = resolve;
      });
    }
    this.#state = 'closed';
    this.#decoders.close();
    clearTimeout(this.#timer);
    for (const job of this.#queue.take(Number.POSITIVE_INFINITY)) {
      job.failed(closed());
    }
    await this.#workers.close();
    for (const remove of this.#gauges) remove();
  }

  /** @param again asks once more where the model was changed in between */
  #enqueue(
    images: readonly InputImage[],
    deadlineMs: number,
    signal?: AbortSignal,
    again = (left: number): Promise<Answer> => this.#enqueue(images, left, signal),
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const start = performance.now();
      const answers: ImageAnswer[] = new Array(images.length);
      const models = new Set<ServedModel>();
      let open = images.length;
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      const fail = (error: Error): void => {
        end();
        for (const job of jobs) this.#queue.drop(job);
        if (this.#queue.length === 0) this.#emptied();
        reject(error);
      };
      const done = (): void => {
        end();
        const [model, ...others] = models;
        // The model was changed in between, and one answer must not come from two.
        if (others.length > 0) {
          again(deadlineMs - (performance.now() - start)).then(resolve, reject);
        } else resolve({ model, ...joined(answers) });
      };
      const abort = () => fail(gone());
      const timer = setTimeout(() => fail(tooLate()), deadlineMs);
      const jobs = images.map(
        (image, i): Job => ({
          image,
          since: start,
          dropped: false,
          taken: false,
          losses: 0,
          done: (result, model) => {
            answers[i] = result;
            models.add(model);
            if (--open === 0) done();
          },
          failed: fail,
        }),
      );
      for (const job of jobs) this.#queue.add(job);
      signal?.addEventListener('abort', abort);
      this.#schedule();
    });
  }

  /** Gives what waits to idle workers, now or in a moment. */
  #schedule(): void {
    const { maxBatch } = this.#options;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#queue.length > 0 && this.#workers.busy > 0) this.#crowdedAt = performance.now();
    while (this.#queue.length > 0) {
      const idle = this.#workers.alive.filter(({ isBusy }) => !isBusy);
      const worker = idle.find(({ takesMoreAlone }) => takesMoreAlone) ?? idle.at(0);
      if (!worker) return;
      const wait = this.#wait();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#schedule(), wait);
        return;
      }
      const alone = this.#isQuiet();
      this.#run(worker, this.#queue.take(maxBatch), alone);
    }
    this.#emptied();
  }

  /**
   * Whether a batch can have all cores: nothing runs, and for a while nothing has come while something ran. Else the
   * next one would soon share the cores with threads that wait for one another.
   */
  #isQuiet(): boolean {
    return this.#workers.busy === 0 && performance.now() - this.#crowdedAt > QUIET_MS;
  }

  /** Milliseconds for which an idle worker should wait for more images than there are. */
  #wait(): number {
    const { maxBatch, maxDelayMs } = this.#options;
    if (this.#queue.length >= maxBatch || this.#workers.busy === 0) return 0;
    return this.#queue.oldest! + maxDelayMs - performance.now();
  }

  async #run(worker: InferenceWorker, batch: readonly Job[], alone: boolean): Promise<void> {
    const { metrics } = this.#options;
    const model = this.model!;
    const start = performance.now();
    metrics.batchImages.observe(batch.length);
    try {
      const results = await worker.run(
        batch.map(({ image }) => image),
        alone,
      );
      metrics.batchSeconds.observe((performance.now() - start) / 1000);
      // The next batch sets off before the answers of this one are written.
      this.#schedule();
      batch.forEach((job, i) => {
        const result = results[i];
        if ('probabilities' in result) job.done(result, model);
        else job.failed(errorFromPlain(result));
      });
    } catch (error) {
      this.#recover(batch, error as Error);
    }
  }

  /** What a worker held when it ended is tried once more: it may have ended for another's sake. */
  #recover(batch: readonly Job[], error: Error): void {
    for (const job of batch) job.losses++;
    const again = batch.filter(({ dropped, losses }) => !dropped && losses < 2 && this.#state !== 'closed');
    this.#queue.putBack(again);
    for (const job of batch) if (!again.includes(job) && !job.dropped) job.failed(error);
    this.#schedule();
  }
}

/** The answers for single images as one. */
function joined(answers: readonly ImageAnswer[]): Omit<Answer, 'model'> {
  const unknown = answers.flatMap((answer) => answer.unknown ?? []);
  return {
    probabilities: answers.map(({ probabilities }) => probabilities),
    ...(unknown.length > 0 && { unknown }),
  };
}

function isLargeFile({ kind, bytes }: InputImage): boolean {
  return kind === 'file' && isLarge(bytes);
}

/** Whether an image comes out alike for both. */
function sameInput(a: ImageInput, b: ImageInput): boolean {
  const [first, second] = [a, b].map(({ preprocessing }) =>
    preprocessingMetadata(preprocessing ?? STRETCHED),
  );
  return (
    a.height === b.height &&
    a.width === b.width &&
    a.channels === b.channels &&
    first[PREPROCESSING_KEY] === second[PREPROCESSING_KEY]
  );
}

function closed(): HarrierError {
  return new HarrierError('overloaded', 'the server is closed');
}
