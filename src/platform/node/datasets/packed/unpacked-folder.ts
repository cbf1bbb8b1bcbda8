import { createHash } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { OnProgress } from '../../../../data/progress.ts';
import { HarrierError } from '../../../../errors.ts';
import type { ColumnNames } from '../../../../options/words.ts';
import { cacheDirectory, makeDirectory, storageError, temporaryName } from '../../files/cache.ts';
import { isUnused, noteUse } from '../../files/last-used.ts';
import { lockHolder, withLock } from '../../files/lock.ts';
import { readError } from '../../files/read-error.ts';
import { renameInto } from '../../files/rename-into.ts';

/** How the name of a folder of downloads ends. */
const DOWNLOADS = '.downloads';
/** What else belongs to a folder of the cache, by the ends of names. */
const BESIDE = /\.(?:lock|downloads|\d+-[0-9a-f]{8}\.tmp)$/;

/** How packed images are unpacked. */
export interface UnpackOptions {
  /** Harrier's cache folder; what is unpacked lies in its sub-folder `unpacked`. */
  readonly cacheDirectory?: string;
  /** Names of the columns of Parquet files, where they have no usual ones. */
  readonly columns?: ColumnNames;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/**
 * Unpacks something into an empty folder.
 *
 * @param downloads a folder that need not be there, for what is downloaded first: an attempt that fails leaves it to the
 *   next one
 */
export type Unpack = (folder: string, options: UnpackOptions, downloads: string) => Promise<void>;

/**
 * The folder of the cache with what is packed in a file: unpacked once, and anew when the file has changed. It appears
 * whole or not at all.
 *
 * @throws HarrierError `not-found` when there is no such file, `storage` when the cache cannot be written; what `unpack`
 *   throws; the signal's reason when aborted
 */
export async function unpackedFolder(
  path: string,
  unpack: Unpack,
  options: UnpackOptions = {},
): Promise<string> {
  const info = await stat(path).catch((error) => {
    throw readError(error, path, 'file');
  });
  if (!info.isFile()) {
    throw new HarrierError('bad-data', 'this is no file', { where: path, expected: 'a file with images' });
  }
  const place = placeHash(options, resolve(path));
  return keptFolder(basename(path), place, hashOf(info.size, info.mtimeMs, info.ino), unpack, options);
}

/**
 * A folder of the cache for something that is known by a place and a version: filled once for each version. Other versions
 * of the place are removed, but those that somebody fills now, and the last one if it was used within a day.
 */
export async function keptFolder(
  name: string,
  place: string,
  version: string,
  fill: Unpack,
  options: UnpackOptions,
): Promise<string> {
  const { directory, prefix } = placeOf(name, place, options);
  const folder = join(directory, prefix + version);
  if (await isUsed(folder)) return folder;
  await makeDirectory(directory);
  const onWait = (holder: number, seconds: number) =>
    options.onProgress?.({
      what: `waiting for process ${holder}, which is unpacking ${name}`,
      done: Math.floor(seconds),
      total: 0,
      unit: 'seconds',
    });
  return withLock(`${folder}.lock`, { onWait, signal: options.signal }, async () => {
    if (await isUsed(folder)) return folder;
    const last = await lastKept(name, place, options);
    for (const old of await readdir(directory)) {
      const isOld = old.startsWith(prefix) && !old.startsWith(basename(folder));
      const isLeft = old.startsWith(basename(folder)) && old.endsWith('.tmp');
      if (isLeft || (isOld && !(await isInUse(join(directory, old), last)))) {
        await rm(join(directory, old), { recursive: true, force: true }).catch(() => {});
      }
    }
    const temporary = temporaryName(folder);
    const downloads = folder + DOWNLOADS;
    const forget = () => rm(downloads, { recursive: true, force: true }).catch(() => {});
    try {
      await makeDirectory(temporary);
      await fill(temporary, options, downloads);
      await renameInto(temporary, folder);
      await forget();
    } catch (error) {
      await rm(temporary, { recursive: true, force: true }).catch(() => {});
      // The next attempt would find the same.
      if (error instanceof HarrierError && error.code === 'bad-data') await forget();
      options.signal?.throwIfAborted();
      throw isOfSystem(error) ? storageError(error, folder) : error;
    }
    return folder;
  });
}

/** Whether there is such a folder; it is then used from now on. */
async function isUsed(folder: string): Promise<boolean> {
  await noteUse(folder);
  return isThere(folder);
}

/** Whether somebody fills an older version at this moment, or may still read it. @param last the version that was used last */
async function isInUse(path: string, last: string | undefined): Promise<boolean> {
  if (await lockHolder(`${path.replace(BESIDE, '')}.lock`)) return true;
  return path === last && !(await isUnused(path));
}

/** The version of a place that the cache has, of several the one that was used last; undefined where it has none. */
export async function lastKept(
  name: string,
  place: string,
  options: UnpackOptions,
): Promise<string | undefined> {
  const { directory, prefix } = placeOf(name, place, options);
  const names = await readdir(directory).catch(() => []);
  const paths = names
    .filter((each) => each.startsWith(prefix) && !BESIDE.test(each))
    .map((each) => join(directory, each));
  const used = await Promise.all(
    paths.map(async (path) => (await stat(path).catch(() => undefined))?.mtimeMs ?? 0),
  );
  return paths[used.indexOf(Math.max(...used))];
}

function placeOf(name: string, place: string, { cacheDirectory: cache = cacheDirectory() }: UnpackOptions) {
  const called = name.replace(/[^A-Za-z0-9_-]+/g, '_').slice(0, 40);
  return { directory: join(cache, 'unpacked'), prefix: `${called}-${place}-` };
}

function isOfSystem(error: unknown): boolean {
  return !(error instanceof HarrierError) && typeof (error as NodeJS.ErrnoException)?.syscall === 'string';
}

/** What tells a place in the cache: columns that were named make another folder of the same file. */
export function placeHash({ columns }: Pick<UnpackOptions, 'columns'>, ...parts: readonly unknown[]): string {
  return hashOf(...parts, ...(columns ? [columns] : []));
}

export function hashOf(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
