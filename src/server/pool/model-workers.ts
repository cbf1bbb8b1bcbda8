import { createHash } from 'node:crypto';
import type { HarrierError } from '../../errors.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { ServedModel } from '../service.ts';
import { InferenceWorker } from './inference-worker.ts';

/** How many workers there are, and what each may use. */
export interface WorkerOptions {
  /** Threads that classify. */
  readonly workers: number;
  /** Threads of one operation inside each of them. */
  readonly threads: number;
  /** The same for a batch that runs while nothing else does. Default: as many. */
  readonly threadsAlone?: number;
  /** Largest image, in pixels before resizing. */
  readonly maxPixels: number;
  /** Counters for batches, restarts and reloads. */
  readonly metrics: Metrics;
  /** Takes one entry for each failure of a worker. */
  readonly log: Log;
}

/** A worker that dies right after its start is started again ever later: from a tenth of a second to half a minute. */
const FIRST_RESTART_MS = 100;
const LAST_RESTART_MS = 30_000;

/** Workers that hold the same model. */
interface Generation {
  readonly model: ServedModel;
  /** @param first whether it is the worker that takes what runs alone */
  readonly start: (first: boolean) => InferenceWorker;
  readonly workers: Set<InferenceWorker>;
}

/** Keeps workers that hold the served model alive: starts them, replaces those that die, lets a new model take over. */
export class ModelWorkers {
  readonly #options: WorkerOptions;
  readonly #onReady: () => void;
  readonly #closed: () => HarrierError;
  #generation: Generation | undefined;
  /** Of earlier models: they end after their batch. */
  readonly #retiring = new Set<InferenceWorker>();
  /** Of workers that died and are started again in a while. */
  readonly #restarts = new Set<NodeJS.Timeout>();
  #isClosed = false;

  /**
   * @param onReady told when a worker can take a batch
   * @param closed makes the error of a model that is loaded while the workers are ended
   */
  constructor(options: WorkerOptions, onReady: () => void, closed: () => HarrierError) {
    this.#options = options;
    this.#onReady = onReady;
    this.#closed = closed;
  }

  get model(): ServedModel | undefined {
    return this.#generation?.model;
  }

  /** Those that can take a batch, now or after the one that they have. */
  get alive(): InferenceWorker[] {
    return [...(this.#generation?.workers ?? [])].filter(({ isAlive }) => isAlive);
  }

  /** Number of those that have a batch. */
  get busy(): number {
    return this.alive.filter(({ isBusy }) => isBusy).length;
  }

  /**
   * Loads a model into new workers, then lets them take over; the old ones finish what they have. When the model is
   * refused, everything stays as it was.
   * @throws HarrierError `bad-graph`, `not-supported`
   */
  async load(modelBytes: Uint8Array, where: string): Promise<ServedModel> {
    const { workers: count, threads, threadsAlone = threads, maxPixels } = this.#options;
    const start = (first: boolean) =>
      new InferenceWorker({
        modelBytes,
        where,
        threads,
        threadsAlone: first ? threadsAlone : threads,
        maxPixels,
      });
    const workers = new Set(Array.from({ length: count }, (_, i) => start(i === 0)));
    try {
      const [info] = await Promise.all(Array.from(workers, ({ ready }) => ready));
      if (this.#isClosed) throw this.#closed();
      const version = createHash('sha256').update(modelBytes).digest('hex').slice(0, 12);
      const generation = { model: { ...info, version }, start, workers };
      for (const old of this.#generation?.workers ?? []) this.#retire(old);
      this.#generation = generation;
      for (const worker of workers) this.#watch(generation, worker);
      return generation.model;
    } catch (error) {
      for (const worker of workers) worker.end();
      await Promise.all(Array.from(workers, ({ gone }) => gone));
      throw error;
    }
  }

  /** Ends all workers after what they have. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const restart of this.#restarts) clearTimeout(restart);
    const all = [...(this.#generation?.workers ?? []), ...this.#retiring];
    for (const worker of all) worker.end();
    await Promise.all(all.map(({ gone }) => gone));
  }

  #retire(worker: InferenceWorker): void {
    this.#retiring.add(worker);
    worker.gone.then(() => this.#retiring.delete(worker));
    worker.end();
  }

  /** Replaces a worker when it dies, as long as its model is served. */
  #watch(generation: Generation, worker: InferenceWorker, delay = FIRST_RESTART_MS): void {
    const { metrics, log } = this.#options;
    let next = Math.min(2 * delay, LAST_RESTART_MS);
    worker.ready.then(
      () => {
        next = FIRST_RESTART_MS;
        this.#onReady();
      },
      () => {},
    );
    worker.gone.then((reason) => {
      generation.workers.delete(worker);
      const isServed = () => this.#generation === generation && !this.#isClosed;
      if (!isServed()) return;
      metrics.workerRestarts.add();
      log('error', 'a worker died', { reason: reason && String(reason), restartInMs: next });
      const restart = setTimeout(() => {
        this.#restarts.delete(restart);
        if (!isServed()) return;
        const replacement = generation.start(worker.takesMoreAlone);
        generation.workers.add(replacement);
        this.#watch(generation, replacement, next);
      }, next);
      this.#restarts.add(restart);
    });
  }
}
