import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HarrierError } from '../../../errors.ts';
import { type FolderPurpose, folderLayout, shortList } from './folder-layout.ts';
import { byCode, type FolderView, type FoundFile, filesBelow } from './folder-tree.ts';
import type { LabelRules } from './label-rules.ts';
import type { Part } from './part-names.ts';

export interface FolderFile extends FoundFile {
  readonly label: number;
  /** The part that its folder names; undefined when the folder has no parts. */
  readonly part: Part | undefined;
}

export interface FolderListing {
  readonly root: string;
  /** In Unicode's composed form (NFC), however the folders are spelt. */
  readonly classNames: readonly string[];
  /** Whether the folder names its parts. */
  readonly hasParts: boolean;
  /** By part, class and path: the order depends on names alone. */
  readonly files: readonly FolderFile[];
  /** Where images have any number of labels: uint8 `[files, classNames.length]`. A file's label is then its rarest. */
  readonly tags?: Uint8Array;
  /** Sentences about images that are not used, and about how the folder was understood. */
  readonly notes: readonly string[];
  /** The list of images or the archive that it was made of, where it is no folder's. */
  readonly source?: string;
  /** What people call the root, where that is a folder of the cache: the archive that was unpacked there. */
  readonly called?: string;
  /** What says more of the images than their files, hashed: labels, parts and groups of a list. */
  readonly key?: string;
  /** Which of its classes are used, hashed: each choice has its own decoded images. */
  readonly choice?: string;
  /** The group of each file, where a list has groups: all of one stay on one side of a split. */
  readonly groups?: readonly (string | undefined)[];
  /** When each image was taken, where a list says so: numbers that rise with time. */
  readonly times?: readonly number[];
  /** What `by` of `ListingOptions` says of each file. */
  readonly values?: readonly (string | undefined)[];
}

export interface ListingOptions extends LabelRules {
  /** Default `training`. */
  readonly purpose?: FolderPurpose;
  /** Class names spelt as the folders are, as runs of versions before 0.2 have them. */
  readonly rawNames?: boolean;
  /** Images have any number of labels, which a list names. */
  readonly multiLabel?: boolean;
  /** A column of a list, or an expression over paths whose first capture is the value: read beside everything else. */
  readonly by?: string;
}

/**
 * Finds the classes and files of an image folder: one sub-folder per class, or folders of parts (`train`, `test`,
 * `val`, their synonyms; see `folderLayout`) that each have one sub-folder per class. Everything below a class's
 * folder is an image of it, however deep; hidden files and what systems leave in folders are ignored, images beside
 * the class folders are noted. Links to files and folders are followed, a folder once per class, so that circles end.
 * A link that leads nowhere is listed as a file; reading it then fails.
 *
 * Classes are in the order of their names (by character code, as Keras sorts them). Folders whose names differ in
 * Unicode's form alone (an é of one character or of two) are one class.
 *
 * @throws HarrierError `not-found` when there is no such folder; `bad-data` when it is a file, is empty, has fewer
 * than two classes (for training), a class without files, a test class that training lacks, one file under two classes
 * (by links), or a layout that can be understood in two ways; `storage` when it cannot be read
 */
export async function listImageFolder(
  root: string,
  { purpose = 'training', rawNames = false }: ListingOptions = {},
): Promise<FolderListing> {
  const { parts, notes } = await folderLayout(root, purpose);
  const spelt = (folder: string) => (rawNames ? folder : folder.normalize('NFC'));
  const foldersOf = (view: FolderView): Map<string, string[]> => {
    const folders = new Map<string, string[]>();
    for (const name of view.folders) folders.set(spelt(name), [...(folders.get(spelt(name)) ?? []), name]);
    return folders;
  };
  const training = parts.find(({ part }) => part === undefined || part === 'train');
  const named = training ? [training] : parts;
  const classNames = [...new Set(named.flatMap(({ view }) => [...foldersOf(view).keys()]))].sort(byCode);
  checkClasses(root, named[0].view, classNames, purpose);
  const files: FolderFile[] = [];
  const owners = new Map<string, FolderFile>();
  for (const { part, view } of parts) {
    const there = foldersOf(view);
    const stranger = [...there.keys()].find((name) => !classNames.includes(name));
    if (stranger !== undefined) {
      throw new HarrierError('bad-data', `the class "${stranger}" is not in the training folder`, {
        where: join(root, view.path, stranger),
        expected: `one of ${shortList(classNames)}`,
        next: 'Remove the folder, or add training images of that class.',
      });
    }
    for (const [label, name] of classNames.entries()) {
      const found: FoundFile[] = [];
      const seen = new Set<string>();
      for (const folder of there.get(name) ?? []) {
        const below = view.path === '' ? folder : `${view.path}/${folder}`;
        for (const each of await filesBelow(root, below, seen)) found.push(each);
      }
      const isNeeded = purpose === 'training' && (part === undefined || part === 'train');
      if (found.length === 0 && isNeeded) {
        throw new HarrierError('bad-data', 'the folder of this class is empty', {
          where: join(root, view.path, name),
          expected: 'at least one image',
          next: 'Add images, or remove the folder.',
        });
      }
      for (const file of found) {
        const own = { ...file, label, part };
        const other = owners.get(file.identity) ?? own;
        if (other.label !== label && (await isSameFile(root, other, own))) {
          throw twoClasses(root, classNames, other, own);
        }
        owners.set(file.identity, other);
        files.push(own);
      }
    }
  }
  if (files.length === 0) {
    throw new HarrierError('bad-data', 'the folder holds no images', {
      where: root,
      expected: 'a sub-folder of images for each class',
    });
  }
  return { root, classNames, hasParts: parts.some(({ part }) => part !== undefined), files, notes };
}

function checkClasses(
  root: string,
  { path, folders, images }: FolderView,
  classNames: readonly string[],
  purpose: FolderPurpose,
): void {
  const least = purpose === 'training' ? 2 : 1;
  if (classNames.length >= least && classNames.length <= 65_536) return;
  const beside = images > 0 ? ` and ${images} images in none` : '';
  const received =
    classNames.length === 1 ? `only "${classNames[0]}"` : `${folders.length || 'no'} folders${beside}`;
  throw new HarrierError(
    'bad-data',
    classNames.length === 1 ? 'the folder has one class' : 'the folder has no usable classes',
    {
      where: path === '' ? root : join(root, path),
      expected: `a sub-folder of images for each ${least === 2 ? 'of two classes or more' : 'class'} (at most 65,536)`,
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
  return new HarrierError('bad-data', `links put one image into two classes, ${names}`, {
    where: root,
    received: `${a.path} and ${b.path}`,
    next: 'Remove one of the two.',
  });
}
