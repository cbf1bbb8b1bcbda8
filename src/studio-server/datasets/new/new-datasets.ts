import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { access, lstat, open, readdir, rm, stat, utimes } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { HarrierError } from '../../../errors.ts';
import { folderLayout } from '../../../platform/node/datasets/folder-layout.ts';
import { isJunkFolder } from '../../../platform/node/datasets/junk.ts';
import { makeDirectory, storageError } from '../../../platform/node/files/cache.ts';
import { renameInto } from '../../../platform/node/files/rename-into.ts';
import { decodeImage } from '../../../platform/node/images/decode.ts';
import type { AddedImage, MadeDataset } from '../../api.ts';
import { notFound } from '../../respond.ts';
import { checkName, type ImagePlace, imagePlace } from './image-place.ts';

/** Begins the names of folders that are not finished: hidden, so that nothing takes them for data sets. */
const UNFINISHED = '.harrier-new-';
/** Data sets that are made at a time: one a page, and some that were left. */
const MOST_AT_ONCE = 8;
const MOST_IMAGES = 100_000;
const ELSEWHERE = 'choose another folder with --data-folder';
const DAY_MS = 86_400_000;
/** An image is read whole, and thrown away, to see whether it can be. */
const ANY = { height: 1, width: 1, channels: 3 } as const;

interface Unfinished {
  readonly name: string;
  /** Hidden, beside the folder that it becomes. */
  readonly path: string;
  /** Files that are taken, in lower case: not all systems tell cases apart. */
  readonly files: Set<string>;
  /** Spelling of class folders, by their names in lower case. */
  readonly folders: Map<string, string>;
  /** Images by their content: where they lay in what was dropped, and what becomes of them. */
  readonly contents: Map<string, { readonly path: string; readonly added: Promise<AddedImage> }>;
  readonly counts: Map<string, number>;
}

/** Data sets that are made in the page: folders in a folder that the server was given for them. */
export class NewDatasets {
  /** The folder that they go to; undefined where the server was given none. */
  readonly folder: string | undefined;
  readonly #unfinished = new Map<string, Unfinished>();
  readonly #finished = new Map<string, MadeDataset>();
  readonly #onMade: (path: string) => string;

  /** @param onMade takes the path of a finished one, and says what it is called */
  constructor(folder: string | undefined, onMade: (path: string) => string) {
    this.folder = folder === undefined ? undefined : resolve(folder);
    this.#onMade = onMade;
  }

  /**
   * Begins a data set.
   * @returns what it is called until it is finished
   * @throws HarrierError `not-supported` without a folder, `bad-data` for a name that it cannot have, `in-use`, `storage`
   */
  async begin(given: string): Promise<{ readonly id: string }> {
    const { folder } = this;
    if (folder === undefined) {
      throw new HarrierError('not-supported', 'this Studio has no folder for data sets', {
        next: 'Start it with one: npx harrier studio --data-folder ./my-data.',
      });
    }
    const name = given.trim().normalize('NFC');
    checkName(name, name);
    await this.#checkFree(name);
    if (this.#unfinished.size >= MOST_AT_ONCE) {
      throw new HarrierError('overloaded', 'too many data sets are being made', {
        expected: `at most ${MOST_AT_ONCE} at a time`,
        next: 'Finish or cancel one, or start Studio again.',
      });
    }
    const id = randomBytes(8).toString('hex');
    const path = join(folder, `${UNFINISHED}${id}`);
    await makeDirectory(path, ELSEWHERE);
    this.#unfinished.set(id, {
      name,
      path,
      files: new Set(),
      folders: new Map(),
      contents: new Map(),
      counts: new Map(),
    });
    return { id };
  }

  /**
   * Adds an image to the class whose folder it lay in. The same image from the same path is sent again because its answer
   * was lost: it is answered as the first time.
   *
   * @param path where it lay in what was dropped
   * @throws HarrierError `bad-data` for what is no usable image, a name that cannot be, or a copy of another image;
   *   `too-large`, `storage`
   */
  async add(id: string, path: string, bytes: Uint8Array): Promise<AddedImage> {
    const set = this.#get(id);
    const place = imagePlace(path);
    const hash = createHash('sha256').update(bytes).digest('hex');
    const known = set.contents.get(hash);
    if (known?.path === path) return known.added;
    if (known !== undefined) {
      throw new HarrierError('bad-data', `this is the same image as ${known.path}`, { where: path });
    }
    if (set.contents.size >= MOST_IMAGES) {
      throw new HarrierError('too-large', 'a data set that is made here cannot be larger', {
        where: path,
        expected: `at most ${MOST_IMAGES} images`,
        next: 'Copy the folders to the machine, and start Studio with --data FOLDER.',
      });
    }
    // Known from here on: the same image may come twice at once.
    const added = writeImage(set, place, bytes, path);
    set.contents.set(hash, { path, added });
    try {
      return await added;
    } catch (error) {
      set.contents.delete(hash);
      throw error;
    }
  }

  /**
   * Gives a data set its name: from here on it is a folder like any other. Asked again, it answers the same.
   * @throws HarrierError `bad-data` with fewer than two classes or with folders that can be read in two ways, `in-use`
   *   when the name was taken meanwhile, `storage`; it is not finished then
   */
  async finish(id: string): Promise<MadeDataset> {
    const finished = this.#finished.get(id);
    if (finished) return finished;
    const set = this.#get(id);
    if (set.counts.size < 2) {
      throw new HarrierError('bad-data', 'these are not enough classes', {
        where: set.name,
        expected: 'images in two folders or more, one for each class',
        received: set.counts.size === 0 ? 'no usable image' : `${[...set.counts.keys()][0]} alone`,
      });
    }
    await folderLayout(set.path, 'training');
    await this.#checkFree(set.name);
    const path = join(this.folder!, set.name);
    try {
      await renameInto(set.path, path);
    } catch (error) {
      throw storageError(error, path, ELSEWHERE);
    }
    this.#unfinished.delete(id);
    const images = [...set.counts.values()].reduce((sum, count) => sum + count, 0);
    const made = { id: this.#onMade(path), images, classes: set.counts.size };
    this.#finished.set(id, made);
    return made;
  }

  /** Throws away what was begun. */
  async cancel(id: string): Promise<void> {
    const set = this.#get(id);
    this.#unfinished.delete(id);
    await rm(set.path, { recursive: true, force: true });
  }

  /** Throws away all that is not finished. */
  async close(): Promise<void> {
    await Promise.all([...this.#unfinished.keys()].map((id) => this.cancel(id).catch(() => {})));
  }

  #get(id: string): Unfinished {
    return this.#unfinished.get(id) ?? notFound('data set in the making', id);
  }

  /** @throws HarrierError `in-use` */
  async #checkFree(name: string): Promise<void> {
    const path = join(this.folder!, name);
    const isFree = await lstat(path).then(
      () => false,
      (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
    );
    if (isFree) return;
    throw new HarrierError('in-use', 'there is a folder or file of this name already', {
      where: path,
      next: 'Choose another name.',
    });
  }
}

/**
 * The data sets in a folder that data sets are made in: its folders. What a Studio of before left unfinished is removed
 * after a day.
 * @throws HarrierError `storage` when the folder cannot be made or written
 */
export async function madeDatasets(folder: string): Promise<string[]> {
  const path = resolve(folder);
  await makeDirectory(path, ELSEWHERE);
  try {
    await access(path, constants.W_OK);
    const entries = await readdir(path, { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    for (const name of folders) {
      // One that changed of late may be that of another Studio, which is receiving it.
      const begun = name.startsWith(UNFINISHED) && (await stat(join(path, name)).catch(() => undefined));
      if (begun && begun.mtimeMs < Date.now() - DAY_MS) {
        await rm(join(path, name), { recursive: true, force: true });
      }
    }
    return folders
      .filter((name) => !isJunkFolder(name))
      .sort()
      .map((name) => join(path, name));
  } catch (error) {
    throw storageError(error, path, ELSEWHERE);
  }
}

/** Writes an image where it belongs, once it was decoded. @throws HarrierError `bad-data`, `storage` */
async function writeImage(
  set: Unfinished,
  { part, folder, file }: ImagePlace,
  bytes: Uint8Array,
  path: string,
): Promise<AddedImage> {
  await decodeImage(bytes, ANY, path);
  const own = set.folders.get(folder.toLowerCase()) ?? folder;
  set.folders.set(folder.toLowerCase(), own);
  const inside = part === undefined ? own : `${part}/${own}`;
  const place = `${inside}/${freeName(file, inside, set.files)}`;
  await makeDirectory(join(set.path, inside), ELSEWHERE);
  await writeNew(join(set.path, place), bytes);
  // So that another Studio knows that somebody is at it.
  const now = new Date();
  await utimes(set.path, now, now).catch(() => {});
  set.counts.set(own, (set.counts.get(own) ?? 0) + 1);
  return { place };
}

/** The name, or one with a number behind it where it is taken; it is taken from then on. */
function freeName(file: string, inside: string, taken: Set<string>): string {
  const ending = extname(file);
  const stem = file.slice(0, file.length - ending.length);
  let name = file;
  const key = () => `${inside}/${name}`.toLowerCase();
  for (let number = 2; taken.has(key()); number++) name = `${stem}-${number}${ending}`;
  taken.add(key());
  return name;
}

/** Writes a file that is not there: nothing is overwritten, and no link followed. */
async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  try {
    const file = await open(path, 'wx');
    try {
      await file.writeFile(bytes);
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(path, { force: true }).catch(() => {});
    throw storageError(error, path, ELSEWHERE);
  }
}
