import type { RunStore } from '../../runs/run-store.ts';
import type { ByteStorage } from './byte-storage.ts';
import { withTabLock } from './lock.ts';

/** Place of a run in the browser's storage. */
export interface StorageRunOptions {
  /** The name of the lock that its writers share. */
  readonly lock: string;
  /** What another tab does that holds the lock, for people: `training`. */
  readonly doing: string;
  /** Names in the storage, where they are not those of the run's files: `checkpoints/last.safetensors` to another. */
  readonly names?: Readonly<Record<string, string>>;
}

/** The files of a run in a browser's storage. Other files may lie beside them. */
export class StorageRunStore implements RunStore {
  readonly #storage: ByteStorage;
  readonly #options: StorageRunOptions;

  constructor(storage: ByteStorage, options: StorageRunOptions) {
    this.#storage = storage;
    this.#options = options;
  }

  where(name?: string): string {
    return name === undefined ? 'the storage of this page' : this.#nameOf(name);
  }

  read(name: string): Promise<Uint8Array | undefined> {
    return this.#storage.read(this.#nameOf(name));
  }

  async write(name: string, content: Uint8Array | string): Promise<void> {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    await this.#storage.write(this.#nameOf(name), bytes);
  }

  note(name: string, content: string): Promise<void> {
    return this.write(name, content);
  }

  remove(name: string): Promise<void> {
    return this.#storage.remove(this.#nameOf(name));
  }

  async list(): Promise<readonly string[]> {
    const { names = {} } = this.#options;
    const original = new Map(Object.entries(names).map(([name, kept]) => [kept, name]));
    return (await this.#storage.names()).map((kept) => original.get(kept) ?? kept).sort();
  }

  /** A browser's storage leaves nothing half-written. */
  async tidy(): Promise<void> {}

  exclusively<T>(action: () => Promise<T>): Promise<T> {
    return withTabLock(this.#options.lock, this.#options.doing, action);
  }

  #nameOf(name: string): string {
    return this.#options.names?.[name] ?? name;
  }
}
