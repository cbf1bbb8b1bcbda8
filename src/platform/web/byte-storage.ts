/** Bytes by name, which the browser keeps for this site. */
export interface ByteStorage {
  /** Where they are: in files that only this site sees, or in a database where a browser has no such files. */
  readonly kind: 'opfs' | 'indexeddb';
  /** What is kept under a name; undefined when there is nothing. */
  read(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Keeps bytes, in the place of others under that name: all of them or, when it fails, none. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  /** Removes an entry; a missing one is no error. */
  remove(name: string): Promise<void>;
  /** Every name, sorted. */
  names(): Promise<string[]>;
}
