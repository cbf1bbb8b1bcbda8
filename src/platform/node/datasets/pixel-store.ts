import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type PixelSource, sharedPixels } from '../../../data/pixel-source.ts';
import { HarrierError } from '../../../errors.ts';

/** Images of one size, one after another in a file; read whole when small, else image by image. */
export interface PixelStore {
  /** Copies image `slot` to `out` at `offset`. @throws HarrierError `storage` when the file can no longer be read */
  read(slot: number, out: Uint8Array, offset: number): void;
  readonly inMemory: boolean;
  readonly source: PixelSource;
}

const abandoned = new FinalizationRegistry<number>((descriptor) => closeSync(descriptor));

/**
 * @param bytes size of one image
 * @param memoryBytes a file up to this size is read into memory
 */
export function openPixelStore(path: string, bytes: number, memoryBytes: number): PixelStore {
  const descriptor = openOrFail(path);
  const size = fstatSync(descriptor).size;
  const fill = (out: Uint8Array, offset: number, length: number, position: number) => {
    let done = 0;
    while (done < length) {
      let count = 0;
      let cause: unknown;
      try {
        count = readSync(descriptor, out, offset + done, length - done, position + done);
      } catch (error) {
        cause = error;
      }
      if (count === 0) {
        throw unreadable(path, cause);
      }
      done += count;
    }
  };
  if (size <= memoryBytes) {
    const all = new Uint8Array(new SharedArrayBuffer(size));
    try {
      fill(all, 0, size, 0);
    } finally {
      closeSync(descriptor);
    }
    return {
      inMemory: true,
      source: sharedPixels(all)!,
      read: (slot, out, offset) => out.set(all.subarray(slot * bytes, (slot + 1) * bytes), offset),
    };
  }
  const store: PixelStore = {
    inMemory: false,
    source: { place: path },
    read: (slot, out, offset) => fill(out, offset, bytes, slot * bytes),
  };
  // Nobody closes a data set; the descriptor goes when what reads it is collected.
  abandoned.register(store.read, descriptor);
  return store;
}

function openOrFail(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

function unreadable(path: string, cause: unknown): HarrierError {
  return new HarrierError('storage', 'the cache of decoded images cannot be read', {
    where: path,
    next: 'Delete that file and run the command again.',
    cause,
  });
}
