import { HarrierError } from '../../errors.ts';
import { memoryLimit } from '../../platform/node/memory.ts';
import type { WorkerPool } from '../pool/pool.ts';
import { HttpError } from '../problem.ts';
import type { ServedModel } from '../service.ts';

/** Which models may be in memory, and how they come there. */
export interface LoadedModelsOptions {
  /** Models in memory at a time. */
  readonly most: number;
  /** Reads the model at an address: its file's path and bytes. @throws HarrierError why it cannot be used */
  readonly read: (url: string) => Promise<{ readonly file: string; readonly bytes: Uint8Array }>;
  /** Makes the workers of a model. */
  readonly pool: () => WorkerPool;
  /** Bytes of memory that this process may use, and those that it uses. */
  readonly memory?: () => { readonly limit: number; readonly used: number };
}

/** A model in memory. */
export interface LoadedModel {
  readonly name: string;
  /** Where it was loaded from. */
  readonly url: string;
  readonly pool: WorkerPool;
  readonly model: ServedModel;
}

/** Part of the memory that models may fill; the rest is for requests. */
const MEMORY_PART = 0.85;
/** Bytes of a thread with ONNX Runtime before it has a model, and times that a model's bytes are in memory: as measured. */
const THREAD_BYTES = 50 * 2 ** 20;
const COPIES = 5;

/**
 * Models that are loaded and unloaded while others answer. Each has its own workers, so that one that is loaded stops
 * none that answers. Those that are on their way in or out count: the memory is theirs too.
 */
export class LoadedModels {
  readonly #options: LoadedModelsOptions;
  readonly #loaded = new Map<string, LoadedModel>();
  /** Models on their way in or out, and the bytes that they will take. */
  readonly #moving = new Map<string, { readonly work: Promise<unknown>; bytes: number }>();
  #isClosed = false;

  constructor(options: LoadedModelsOptions) {
    this.#options = options;
  }

  /** All that answer, by name. */
  get all(): readonly LoadedModel[] {
    return [...this.#loaded.values()];
  }

  /** @throws HttpError 404 when no model of this name is loaded */
  find(name: string): LoadedModel {
    const found = this.#loaded.get(name);
    if (found) return found;
    throw new HttpError(404, 'not-found', 'no model of this name is loaded', {
      where: name.slice(0, 200),
      next: 'GET /models lists those that are; POST /models loads one.',
    });
  }

  /**
   * Loads a model into workers of its own.
   * @throws HttpError 409 when the name is taken, 507 when there is no room; HarrierError why the model cannot be used
   */
  async load(name: string, url: string): Promise<LoadedModel> {
    if (this.#isClosed) throw closed();
    if (this.#loaded.has(name) || this.#moving.has(name)) {
      const state = this.#loaded.has(name) ? 'loaded already' : 'being loaded or unloaded';
      throw new HttpError(409, 'in-use', `a model of this name is ${state}`, { where: name.slice(0, 200) });
    }
    const { most } = this.#options;
    if (this.#loaded.size + this.#moving.size >= most) {
      throw noRoom({
        expected: `at most ${most} models at a time`,
        received: `${this.#loaded.size} loaded, ${this.#moving.size} on their way in or out`,
      });
    }
    const moving = { work: Promise.resolve() as Promise<unknown>, bytes: 0 };
    const work = this.#bring(name, url, moving);
    moving.work = work.catch(() => {});
    this.#moving.set(name, moving);
    try {
      const loaded = await work;
      this.#loaded.set(name, loaded);
      return loaded;
    } finally {
      this.#moving.delete(name);
    }
  }

  /**
   * Takes a model away: it takes no more requests, answers those that it has, and its memory is free afterwards.
   * @throws HttpError 404
   */
  async unload(name: string): Promise<LoadedModel> {
    const found = this.find(name);
    this.#loaded.delete(name);
    const work = found.pool.close();
    this.#moving.set(name, { work, bytes: 0 });
    try {
      await work;
      return found;
    } finally {
      this.#moving.delete(name);
    }
  }

  /** Lets all models finish what they have; none is loaded any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#moving.values()].map(({ work }) => work));
    await Promise.all(this.all.map(({ name }) => this.unload(name)));
  }

  async #bring(name: string, url: string, moving: { bytes: number }): Promise<LoadedModel> {
    const { read, pool: makePool } = this.#options;
    const { file, bytes } = await read(url);
    this.#checkMemory(bytes.length, moving);
    const pool = makePool();
    try {
      const model = await pool.load(bytes, file);
      if (this.#isClosed) throw closed();
      return { name, url, pool, model };
    } catch (error) {
      await pool.close();
      throw isOutOfMemory(error) ? noRoom({ received: (error as Error).message, cause: error }) : error;
    }
  }

  #checkMemory(modelBytes: number, moving: { bytes: number }): void {
    const { memory = () => ({ limit: memoryLimit(), used: process.memoryUsage.rss() }) } = this.#options;
    const { limit, used } = memory();
    const coming = [...this.#moving.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    const wanted = THREAD_BYTES + COPIES * modelBytes;
    if (used + coming + wanted > MEMORY_PART * limit) {
      throw noRoom({
        expected: `${megabytes(wanted)} free of the ${megabytes(MEMORY_PART * limit)} that models may fill`,
        received: `${megabytes(used + coming)} in use`,
      });
    }
    moving.bytes = wanted;
  }
}

function noRoom(details: HarrierError['details']): HttpError {
  return new HttpError(507, 'overloaded', 'there is no room for another model', {
    ...details,
    next: 'Unload one that is not needed: DELETE /models/NAME.',
  });
}

function isOutOfMemory(error: unknown): boolean {
  return (
    error instanceof Error && /bad.?alloc|out of memory|allocate memory|OUT_OF_MEMORY/i.test(error.message)
  );
}

function closed(): HarrierError {
  return new HarrierError('overloaded', 'the server is closed');
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
