import { randomBytes } from 'node:crypto';
import { mkdir, open, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { HarrierError } from '../../../errors.ts';
import { renameInto } from './rename-into.ts';
import { toDisk } from './to-disk.ts';

/**
 * The folder for downloads, decoded images and features, which can be deleted, and for label corrections and test parts
 * of data sets without a folder of their own, which cannot be had again: `HARRIER_CACHE` if set, else `harrier` in the
 * user's cache folder (Linux `$XDG_CACHE_HOME` or `~/.cache`, macOS `~/Library/Caches`, Windows `%LOCALAPPDATA%`).
 *
 * @throws HarrierError `storage` for a user without a home, where no variable names a folder
 */
export function cacheDirectory(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
  home: () => string = homedir,
): string {
  if (environment.HARRIER_CACHE) return environment.HARRIER_CACHE;
  if (platform === 'darwin') return join(homeFolder(home), 'Library', 'Caches', 'harrier');
  if (platform === 'win32') {
    return join(environment.LOCALAPPDATA || join(homeFolder(home), 'AppData', 'Local'), 'harrier');
  }
  return join(environment.XDG_CACHE_HOME || join(homeFolder(home), '.cache'), 'harrier');
}

/** In a container, a process may run under a number that belongs to no user. */
function homeFolder(home: () => string): string {
  try {
    return home();
  } catch (cause) {
    throw new HarrierError('storage', 'this user has no home folder, which would hold downloads', {
      next: 'Set HARRIER_CACHE to a folder for them.',
      cause,
    });
  }
}

/** Creates a folder and its parents. @throws HarrierError `storage` */
export async function makeDirectory(path: string, elsewhere?: Elsewhere): Promise<void> {
  await makeWithParents(path).catch((error) => {
    throw storageError(error, path, elsewhere);
  });
}

/** Not Node's own recursive `mkdir`: it never ends where the parent is there and still nothing can be made: `/proc/x`. */
async function makeWithParents(path: string): Promise<void> {
  const make = async (): Promise<void> => {
    try {
      await mkdir(path);
    } catch (error) {
      if ((await stat(path).catch(() => undefined))?.isDirectory() !== true) throw error;
    }
  };
  try {
    await make();
  } catch (error) {
    const isOrphan = (error as NodeJS.ErrnoException).code === 'ENOENT' && dirname(path) !== path;
    if (!isOrphan) throw error;
    await makeWithParents(dirname(path));
    await make();
  }
}

/** A name beside `path` for a file in the making, unlike that of any other process. */
export function temporaryName(path: string): string {
  const ending = `.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  // A name may be as long as the file system allows already.
  const name = basename(path);
  if (Buffer.byteLength(name) + ending.length <= 255) return path + ending;
  return join(dirname(path), [...name].slice(0, 50).join('') + ending);
}

/** Whether a file's name is one that `temporaryName` gave. */
export function isTemporaryName(name: string): boolean {
  return /\.\d+-[0-9a-f]{8}\.tmp$/.test(name);
}

/**
 * Writes a whole file under another name, then renames it: readers of `path` see the old bytes or the new ones,
 * never half of them, even if this process is killed.
 *
 * @param elsewhere what an error proposes, where the file is not one of the cache
 * @param check is called right before the rename; when it throws, the old file stays
 * @throws HarrierError `storage` when it cannot be written (full disk, no permission); nothing is left behind
 */
export async function writeAtomically(
  path: string,
  data: Uint8Array | string,
  elsewhere?: Elsewhere,
  check: () => Promise<void> = async () => {},
): Promise<void> {
  await makeDirectory(dirname(path), elsewhere);
  const temporary = temporaryName(path);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(data);
      // A rename may reach the disk before the bytes do; after a power cut the file would be empty.
      await toDisk(file);
    } finally {
      await file.close();
    }
    await check();
    await renameInto(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw storageError(error, path, elsewhere);
  }
}

/** How to have a file written to another place, as the end of a sentence, and the options that do it. */
export type Elsewhere = string | { readonly next: string; readonly options?: readonly string[] };

const OTHER_CACHE: Elsewhere = 'set HARRIER_CACHE to another folder';

const REASONS: Record<string, [summary: string, remedy: string]> = {
  ENOSPC: ['the disk is full', 'Free some space'],
  EFBIG: ['the file is larger than this process may write (ulimit -f)', 'Raise the limit'],
  EDQUOT: ['the disk quota is used up', 'Free some space'],
  EACCES: ['no permission to write here', 'Change the permissions'],
  EPERM: ['no permission to write here', 'Change the permissions'],
  ENOENT: ['this folder does not exist', 'Check the path'],
  EROFS: ['the file system is read-only', 'Make it writable'],
  ENOTDIR: ['there is a file in the place of a folder', 'Move it away'],
  EEXIST: ['there is a file in the place of a folder', 'Move it away'],
};

/**
 * A failed read or write of Harrier's own files as a sentence. A HarrierError passes unchanged.
 *
 * @param elsewhere how to have it written to another place
 */
export function storageError(error: unknown, path: string, elsewhere: Elsewhere = OTHER_CACHE): HarrierError {
  if (error instanceof HarrierError) return error;
  const { code = '', message = String(error) } = error as NodeJS.ErrnoException;
  const [summary, remedy] = REASONS[code] ?? [`it cannot be written or read (${message})`, undefined];
  const { next, options = [] } = typeof elsewhere === 'string' ? { next: elsewhere } : elsewhere;
  const advice = remedy && { next: `${remedy}, or ${next}.`, options };
  return new HarrierError('storage', summary, { where: path, ...advice, cause: error });
}
