import { HarrierError } from '../../errors.ts';
import type { ByteStorage } from './byte-storage.ts';
import { openDatabase } from './storage-database.ts';
import { openFolder } from './storage-folder.ts';

/**
 * Opens the storage of this site, in pages and in workers. All its methods throw HarrierError `storage` when the
 * browser refuses: because no room is left (the error says how much), or in a private window that stores nothing.
 *
 * @param folder name of a group of entries
 */
export async function openStorage(folder: string): Promise<ByteStorage> {
  const inside = (await openFolder(folder)) ?? (await openDatabase(folder));
  const { kind } = inside;
  const guarded =
    <A extends unknown[], T>(act: (...args: A) => Promise<T>) =>
    (...args: A): Promise<T> =>
      act(...args).catch(async (cause) => {
        const [name, bytes] = args as unknown as [name?: string, bytes?: Uint8Array];
        throw await storageError(cause, name ?? folder, bytes?.length);
      });
  return {
    kind,
    read: guarded(inside.read),
    write: guarded(inside.write),
    remove: guarded(inside.remove),
    names: guarded(inside.names),
  };
}

async function storageError(cause: unknown, where: string, bytes?: number): Promise<HarrierError> {
  const message = cause instanceof Error ? cause.message : String(cause);
  if (!(cause instanceof DOMException && cause.name === 'QuotaExceededError')) {
    return new HarrierError('storage', 'the browser cannot store this', {
      where,
      received: message,
      next: 'Private windows store nothing. Otherwise load the page again.',
      cause,
    });
  }
  const { quota = 0, usage = 0 } = (await navigator.storage?.estimate?.().catch(() => undefined)) ?? {};
  const left = Math.max(0, quota - usage);
  return new HarrierError('storage', 'the browser has no storage left for this page', {
    where,
    ...(bytes === undefined ? {} : { expected: megabytes(bytes) }),
    // Browsers do not tell every page the truth, lest it be used to know people again.
    ...(bytes === undefined || left < bytes ? { received: `${megabytes(left)} left` } : {}),
    next: 'Remove data that you no longer need from this page, or free some disk space.',
    cause,
  });
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
