import { lstat, readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HarrierError } from '../../../errors.ts';
import { readError } from '../files/read-error.ts';

export type Part = 'train' | 'test' | 'validation';

export interface FolderFile {
  /** Path below the root, with `/` between its parts. */
  readonly path: string;
  readonly label: number;
  /** The part that its folder names; undefined when the folder has no parts. */
  readonly part: Part | undefined;
  readonly size: number;
  readonly mtimeMs: number;
}

export interface FolderListing {
  readonly root: string;
  readonly classNames: readonly string[];
  /** By part, class and path: the order depends on names alone. */
  readonly files: readonly FolderFile[];
}

/** What a folder of a part may be called, in lower case. */
export const PART_NAMES: Readonly<Record<string, Part>> = {
  train: 'train',
  training: 'train',
  test: 'test',
  testing: 'test',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
};

/** What operating systems and archivers leave in folders. */
const JUNK = new Set(['thumbs.db', 'desktop.ini', '__macosx']);

/**
 * Finds the classes and files of an image folder: one sub-folder per class, or `train`, `test` and `val` folders
 * (`training`, `testing`, `valid`, `validation` too) that each have one sub-folder per class. Everything below a
 * class's folder is an image of it, however deep; hidden files and files beside the class folders are ignored. Links
 * to files and folders are followed, a folder once per class, so that circles end. A link that leads nowhere is listed
 * as a file: whoever reads it finds out.
 *
 * Classes are in the order of their names (by character code, as Keras sorts them).
 *
 * @throws HarrierError `not-found` when there is no such folder; `bad-data` when it is a file, is empty, has fewer
 * than two classes, a class without files, a test class that training lacks, or one file under two classes (by links);
 * `storage` when it cannot be read
 */
export async function listImageFolder(root: string): Promise<FolderListing> {
  const top = await subFolders(root);
  const parts = await partsOf(root, top);
  const classNames = (parts ? await subFolders(join(root, parts.get('train')!)) : top).sort(byCode);
  checkClasses(parts ? join(root, parts.get('train')!) : root, classNames);
  const files: FolderFile[] = [];
  const owners = new Map<string, FolderFile>();
  for (const [part, folder] of parts ?? [[undefined, '']]) {
    const there = folder ? await subFolders(join(root, folder)) : classNames;
    const stranger = there.find((name) => !classNames.includes(name));
    if (stranger !== undefined) {
      throw new HarrierError('bad-data', `the class "${stranger}" is not in the training folder`, {
        where: join(root, folder, stranger),
        expected: `one of ${shortList(classNames)}`,
        next: 'Remove the folder, or add training images of that class.',
      });
    }
    for (const [label, name] of classNames.entries()) {
      const relative = folder ? `${folder}/${name}` : name;
      const found = there.includes(name) ? await filesBelow(root, relative) : [];
      if (found.length === 0 && (part === undefined || part === 'train')) {
        throw new HarrierError('bad-data', 'the folder of this class is empty', {
          where: join(root, relative),
          expected: 'at least one image',
          next: 'Add images, or remove the folder.',
        });
      }
      for (const { identity, ...file } of found) {
        const own = { ...file, label, part };
        const other = owners.get(identity) ?? own;
        if (other.label !== label && (await isSameFile(root, other, own))) {
          throw twoClasses(root, classNames, other, own);
        }
        owners.set(identity, other);
        files.push(own);
      }
    }
  }
  return { root, classNames, files };
}

/** The folder of each part, training first; undefined when the sub-folders are classes. */
async function partsOf(root: string, top: readonly string[]): Promise<Map<Part, string> | undefined> {
  const named = new Map<Part, string>();
  for (const name of top) {
    const part = PART_NAMES[name.toLowerCase()];
    // A folder that is no part: then `train` and its like are classes (a data set of vehicles may well have trains).
    if (part === undefined) return undefined;
    if (named.has(part)) {
      throw new HarrierError('bad-data', `"${named.get(part)}" and "${name}" both name the ${part} part`, {
        where: root,
        next: 'Keep one of them.',
      });
    }
    named.set(part, name);
  }
  const train = named.get('train');
  if (train === undefined || (await subFolders(join(root, train))).length === 0) return undefined;
  const order: Part[] = ['train', 'test', 'validation'];
  return new Map(order.filter((part) => named.has(part)).map((part) => [part, named.get(part)!]));
}

function checkClasses(root: string, classNames: readonly string[]): void {
  if (classNames.length >= 2 && classNames.length <= 65_536) return;
  const received =
    classNames.length === 1 ? `only "${classNames[0]}"` : `${classNames.length || 'no'} folders`;
  throw new HarrierError(
    'bad-data',
    classNames.length === 1 ? 'the folder has one class' : 'the folder has no usable classes',
    {
      where: root,
      expected: 'a sub-folder of images for each of two classes or more (at most 65,536)',
      received,
      next: 'Sort the images into one sub-folder per class, named after it.',
    },
  );
}

/** One file may be reached by links, or have two names (hard links); some file systems give several files one number. */
async function isSameFile(root: string, a: FolderFile, b: FolderFile): Promise<boolean> {
  const [first, second] = await Promise.all([a, b].map(({ path }) => realpath(join(root, path))));
  return first === second || (await stat(first)).nlink > 1;
}

function twoClasses(root: string, classNames: readonly string[], a: FolderFile, b: FolderFile): HarrierError {
  const names = `"${classNames[a.label]}" and "${classNames[b.label]}"`;
  return new HarrierError('bad-data', `one image stands under two classes, ${names}: links lead to it`, {
    where: root,
    received: `${a.path} and ${b.path}`,
    next: 'Remove one of the two.',
  });
}

async function subFolders(path: string): Promise<string[]> {
  const names: string[] = [];
  for (const name of await visibleNames(path)) {
    const full = join(path, name);
    const info = await stat(full).catch(() => undefined);
    if (info?.isDirectory()) names.push(name);
    // It may have been the folder of a class.
    else if (!info && (await isLink(full))) {
      throw new HarrierError('bad-data', 'this link leads nowhere', {
        where: full,
        expected: 'a folder of images of one class',
        next: 'Mend the link, or remove it.',
      });
    }
  }
  return names;
}

async function isLink(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined))?.isSymbolicLink() === true;
}

async function visibleNames(path: string): Promise<string[]> {
  try {
    const names = await readdir(path);
    return names.filter((name) => !name.startsWith('.') && !JUNK.has(name.toLowerCase()));
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

interface FoundFile {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
  /** The same for all names of one file. */
  readonly identity: string;
}

/** Every file below a folder, by name. A folder that links lead to again is passed over. */
async function filesBelow(
  root: string,
  relative: string,
  seen: Set<string> = new Set(),
): Promise<FoundFile[]> {
  const found: FoundFile[] = [];
  const own = await stat(join(root, relative), { bigint: true }).catch((error) => {
    throw readError(error, join(root, relative), 'folder');
  });
  seen.add(identityOf(own));
  for (const name of (await visibleNames(join(root, relative))).sort(byCode)) {
    const path = `${relative}/${name}`;
    const full = join(root, path);
    const info = await stat(full, { bigint: true }).catch(async (error) => {
      if (await isLink(full)) return undefined;
      throw readError(error, full, 'file');
    });
    if (!info) {
      found.push({ path, size: 0, mtimeMs: 0, identity: path });
    } else if (info.isFile()) {
      const mtimeMs = Number(info.mtimeNs) / 1e6;
      found.push({ path, size: Number(info.size), mtimeMs, identity: identityOf(info) });
    } else if (info.isDirectory() && !seen.has(identityOf(info))) {
      found.push(...(await filesBelow(root, path, seen)));
    }
  }
  return found;
}

/** As large whole numbers: on Windows a file's number does not fit a float64. */
function identityOf({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): string {
  return `${dev}:${ino}`;
}

function byCode(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function shortList(names: readonly string[]): string {
  return names.length <= 10 ? names.join(', ') : `${names.slice(0, 10).join(', ')}, …`;
}
