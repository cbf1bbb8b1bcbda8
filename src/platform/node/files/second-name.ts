import { constants } from 'node:fs';
import { copyFile, link, lstat, open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { temporaryName } from './cache.ts';
import { renameInto } from './rename-into.ts';
import { toDisk } from './to-disk.ts';

/** What file systems answer that know no second names, or none from where the file lies. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EMLINK'];

/**
 * A further name for a file, or a copy where the file system knows none. The name leads to the whole file or to nothing,
 * even if this process is killed; fails with `EEXIST` where it is taken.
 */
export async function secondName(from: string, to: string): Promise<void> {
  await linkOr(wholeCopy, from, to);
}

/** A copy of a file with its time, with the same promise. */
export async function wholeCopy(from: string, to: string): Promise<void> {
  const temporary = temporaryName(to);
  try {
    await copyFile(from, temporary, constants.COPYFILE_EXCL);
    const { atime, mtime } = await stat(from);
    await utimes(temporary, atime, mtime).catch(() => {});
    // A file that must not be written to is copied with that, too.
    const file = await open(temporary, 'r+').catch(() => open(temporary, 'r'));
    await toDisk(file).finally(() => file.close());
    await linkOr(renameUnlessTaken, temporary, to);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function linkOr(
  otherwise: (from: string, to: string) => Promise<void>,
  from: string,
  to: string,
): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (!NO_LINKS.includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    await otherwise(from, to);
  }
}

async function renameUnlessTaken(from: string, to: string): Promise<void> {
  if (await lstat(to).catch(() => undefined)) {
    throw Object.assign(new Error(`there is a file ${to} already`), { code: 'EEXIST' });
  }
  await renameInto(from, to);
}

/** Whether a name is in another folder, and that of the same content: of the same file, or of a copy, but no link to it. */
export async function isCopy(from: string, to: string): Promise<boolean> {
  try {
    if (!(await lstat(to)).isFile()) return false;
    // Folders may be one under two names: by a link, or in upper and lower case. The file then has no second name.
    if (await isSameFile(dirname(from), dirname(to))) return false;
    if (await isSameFile(from, to)) return true;
    const [one, other] = await Promise.all([from, to].map((path) => stat(path)));
    return one.size === other.size && (await readFile(from)).equals(await readFile(to));
  } catch {
    return false;
  }
}

/** Whether two names are of one file or folder. */
export async function isSameFile(a: string, b: string): Promise<boolean> {
  const [one, other] = await Promise.all([a, b].map((path) => stat(path, { bigint: true })));
  return one.dev === other.dev && one.ino === other.ino;
}
