import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { readError } from '../files/read-error.ts';
import type { FolderFile, FolderListing } from './folder-listing.ts';

/** Files up to this are hashed whole, larger ones at both ends. */
const WHOLE_BYTES = 64 * 2 ** 10;
const END_BYTES = 16 * 2 ** 10;
/** Files that are open at the same time: far fewer than any system allows. */
const AT_ONCE = 16;

/**
 * A key of every file's content. Sizes and times of change are not enough: archives restore times, and two images of
 * one size may change places. Small files are hashed; of larger ones both ends, with the file's number and the times
 * that the system alone sets. A file that cannot be read has the reason as its key, so that a failure is never taken
 * for its content.
 *
 * @throws HarrierError `storage` when the machine, not a file, is the reason (too many open files)
 */
export async function contentKeys(listing: FolderListing, signal?: AbortSignal): Promise<string[]> {
  const keys = new Array<string>(listing.files.length);
  let next = 0;
  const worker = async () => {
    for (let slot = next++; slot < keys.length; slot = next++) {
      signal?.throwIfAborted();
      keys[slot] = await contentKey(join(listing.root, listing.files[slot].path), listing.files[slot]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return keys;
}

/** Whether a key says why a file could not be read. */
export function isFailureKey(key: string): boolean {
  return key.startsWith('!');
}

async function contentKey(
  path: string,
  { size, identity, mtimeMs, ctimeMs, problem }: FolderFile,
): Promise<string> {
  if (problem) return '!name';
  try {
    const file = await open(path, 'r');
    try {
      const hash = createHash('sha256');
      const buffer = Buffer.alloc(Math.min(size, size <= WHOLE_BYTES ? size : END_BYTES));
      const add = async (position: number) => {
        const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
        hash.update(buffer.subarray(0, bytesRead));
      };
      await add(0);
      if (size <= WHOLE_BYTES) return `${size}:${hash.digest('hex')}`;
      await add(size - buffer.length);
      return `${size}:${hash.digest('hex')}:${identity}:${mtimeMs}:${ctimeMs}`;
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    if (['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'].includes(code)) throw readError(error, path, 'file');
    return `!${code}`;
  }
}
