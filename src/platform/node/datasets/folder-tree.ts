import type { Dirent } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HarrierError } from '../../../errors.ts';
import { readError } from '../files/read-error.ts';
import { isImageName } from '../images/image-names.ts';
import { isJunkFile, isJunkFolder } from './junk.ts';

/** What lies in a folder, without what systems and programs leave there. Names are in the order of their codes. */
export interface FolderView {
  /** Path below the root; empty for the root itself. */
  readonly path: string;
  readonly folders: readonly string[];
  readonly files: readonly string[];
  /** Number of files that are called like images. */
  readonly images: number;
  /** Files whose names are not UTF-8, with those bytes as `\xE9`. */
  readonly garbled: readonly string[];
}

/**
 * Looks into one folder below a root. Links are followed.
 *
 * @throws HarrierError `bad-data` for a file in place of the folder, a sub-folder whose name is not UTF-8, or a link
 * without an image's name that leads nowhere: each may have been the folder of a class; `not-found`; `storage`
 */
export async function lookInto(root: string, path = ''): Promise<FolderView> {
  const full = path === '' ? root : join(root, path);
  const folders: string[] = [];
  const files: string[] = [];
  const garbled: string[] = [];
  for (const entry of await entriesOf(full)) {
    const { name, isGarbled } = nameOf(entry.name);
    if (isGarbled) {
      if (entry.isDirectory()) throw garbledFolder(full, name);
      if (!isJunkFile(name)) garbled.push(name);
      continue;
    }
    const kind = await kindOf(entry, join(full, name));
    if (kind === 'folder' && !isJunkFolder(name)) folders.push(name);
    else if (kind === 'file' && !isJunkFile(name)) files.push(name);
    else if (kind === 'nowhere' && !isJunkFile(name)) files.push(name);
  }
  return {
    path,
    folders: folders.sort(byCode),
    files: files.sort(byCode),
    images: files.filter(isImageName).length,
    garbled: garbled.sort(byCode),
  };
}

/** A link that leads nowhere may have been the folder of a class. @throws HarrierError `bad-data` */
export async function checkLinks(root: string, { path, files }: FolderView): Promise<void> {
  for (const name of files) {
    const full = join(root, path, name);
    if (!(await stat(full).catch(() => undefined)) && (await isLink(full))) {
      throw new HarrierError('bad-data', 'this link is broken', {
        where: full,
        expected: 'a folder of images of one class',
        next: 'Repair the link, or remove it.',
      });
    }
  }
}

export interface FoundFile {
  /** Path below the root, with `/` between its parts. */
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  /** The same for all names of one file. */
  readonly identity: string;
  /** Why it cannot even be opened. */
  readonly problem?: string;
}

/** Every file below a folder, by name. A folder that links lead to again is passed over. */
export async function filesBelow(
  root: string,
  relative: string,
  seen: Set<string> = new Set(),
): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  const own = await stat(join(root, relative), { bigint: true }).catch((error) => {
    throw readError(error, join(root, relative), 'folder');
  });
  seen.add(identityOf(own));
  const view = await lookInto(root, relative);
  for (const name of [...view.folders, ...view.files].sort(byCode)) {
    const path = `${relative}/${name}`;
    const full = join(root, path);
    const info = await stat(full, { bigint: true }).catch(async (error) => {
      if (await isLink(full)) return undefined;
      throw readError(error, full, 'file');
    });
    if (!info) {
      found.push({ path, size: 0, mtimeMs: 0, ctimeMs: 0, identity: path });
    } else if (info.isFile()) {
      const [mtimeMs, ctimeMs] = [Number(info.mtimeNs) / 1e6, Number(info.ctimeNs) / 1e6];
      found.push({ path, size: Number(info.size), mtimeMs, ctimeMs, identity: identityOf(info) });
    } else if (info.isDirectory() && !seen.has(identityOf(info))) {
      // One by one: a call takes no million arguments.
      for (const each of await filesBelow(root, path, seen)) found.push(each);
    }
  }
  for (const name of view.garbled) {
    const path = `${relative}/${name}`;
    const problem = 'its name is not UTF-8, as names from old archives are. Rename the file.';
    found.push({ path, size: 0, mtimeMs: 0, ctimeMs: 0, identity: path, problem });
  }
  return found;
}

export function byCode(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** As large whole numbers: on Windows a file's number does not fit a float64. */
export function identityOf({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): string {
  return `${dev}:${ino}`;
}

async function entriesOf(path: string): Promise<Dirent<Buffer>[]> {
  try {
    return await readdir(path, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') {
      throw new HarrierError('bad-data', 'this is a file', {
        where: path,
        expected: 'a folder with one sub-folder of images per class',
        cause: error,
      });
    }
    throw readError(error, path, 'folder');
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A name as text; bytes of a name that is not UTF-8 are written as `\xE9`. */
function nameOf(bytes: Buffer): { readonly name: string; readonly isGarbled: boolean } {
  try {
    return { name: utf8.decode(bytes), isGarbled: false };
  } catch {
    const name = Array.from(bytes, (byte) =>
      byte >= 32 && byte < 127
        ? String.fromCharCode(byte)
        : `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    ).join('');
    return { name, isGarbled: true };
  }
}

async function kindOf(entry: Dirent<Buffer>, path: string): Promise<'folder' | 'file' | 'nowhere' | 'other'> {
  if (entry.isDirectory()) return 'folder';
  if (entry.isFile()) return 'file';
  // Links, and file systems that do not say what an entry is.
  const info = await stat(path).catch(() => undefined);
  if (!info) return 'nowhere';
  return info.isDirectory() ? 'folder' : info.isFile() ? 'file' : 'other';
}

async function isLink(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isSymbolicLink() === true;
}

function garbledFolder(parent: string, name: string): HarrierError {
  return new HarrierError('bad-data', 'the name of this folder is not UTF-8', {
    where: `${parent}/${name}`,
    expected: 'the name of a class in UTF-8 (names from old archives are often in Latin-1)',
    next: 'Rename the folder.',
  });
}
