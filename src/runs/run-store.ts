/**
 * Where the files of one run lie: a folder of Node, or a browser's storage for this site. Names are paths below it with
 * `/` between, such as `checkpoints/last.safetensors`. Every file appears whole or not at all.
 */
export interface RunStore {
  /** What a person calls the place, or one file in it: the path of a folder, or a name in the storage of a page. */
  where(name?: string): string;
  /** The bytes under a name; undefined when there are none. @throws HarrierError `storage` */
  read(name: string): Promise<Uint8Array | undefined>;
  /**
   * Writes a file under another name, then renames it: a reader sees the old bytes or the new ones.
   *
   * @param content text is written as UTF-8
   * @throws HarrierError `storage`; `in-use` when another process has taken the run over: nothing is then changed
   */
  write(name: string, content: Uint8Array | string): Promise<void>;
  /**
   * As `write`, but for what nobody misses after a power cut: it is not forced to the disk, and who holds the lock is
   * not asked.
   */
  note(name: string, content: string): Promise<void>;
  /** Removes a file; one that is not there is no error. @throws HarrierError `storage` */
  remove(name: string): Promise<void>;
  /** The names of all files, sorted. @throws HarrierError `storage` */
  list(): Promise<readonly string[]>;
  /** Removes what interrupted writes left. Only the holder of the lock may do so. */
  tidy(): Promise<void>;
  /**
   * Holds the lock of the run while something is done.
   * @param waiting waits for another process that holds it, where a store can
   * @throws HarrierError `in-use` when another process (or tab) holds it; whatever `action` throws
   */
  exclusively<T>(action: () => Promise<T>, waiting?: Waiting): Promise<T>;
}

/** How somebody waits for another process. */
export interface Waiting {
  /** Told again and again of the other's number. */
  readonly onWait: (holder: number) => void;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}
