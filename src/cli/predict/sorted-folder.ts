import { type FileHandle, lstat, open, readdir, rm, truncate } from 'node:fs/promises';
import { basename, dirname, join, parse } from 'node:path';
import { HarrierError } from '../../errors.ts';
import { csvCell, csvCells } from '../../format/csv.ts';
import { printable } from '../../format/format.ts';
import { tableRecords } from '../../platform/node/datasets/manifest.ts';
import { isTemporaryName, makeDirectory, storageError } from '../../platform/node/files/cache.ts';
import { isPlainName } from '../../platform/node/files/plain-names.ts';
import { readError } from '../../platform/node/files/read-error.ts';
import { isCopy, isSameFile, secondName, wholeCopy } from '../../platform/node/files/second-name.ts';
import { toDisk } from '../../platform/node/files/to-disk.ts';
import { type Columns, csvHeader, csvRow, type FilePrediction } from './text.ts';

/** What to do where nothing can be written. */
export const OTHER_FOLDER = 'choose another folder with --sort';
/** The table in a folder of sorted images. */
export const TABLE = 'predictions.csv';
/** Of any model: a folder may be sorted into by several. */
const COLUMNS: Columns = { top: 1, unknown: true, sorted: true };
const PLACES = { file: 0, unknown: 3, sorted: 4, hash: 5, model: 6 };

/** An image that was sorted, or why it was not. */
export interface SortedImage extends FilePrediction {
  /** Where it lies, below the folder; absent where it is not there. */
  readonly sorted?: string;
  /** SHA-256 of its file, hex; empty for one that cannot be read. */
  readonly hash: string;
  /** What told its class. */
  readonly model: string;
}

/** What the table says of an image. */
export interface KnownImage {
  readonly sorted: string;
  readonly unknown: boolean;
}

/** Where an image lies that was sorted before. */
export interface Earlier {
  /** Below the folder. */
  readonly sorted: string;
  /** Whether somebody has moved it since. */
  readonly isMoved: boolean;
}

/**
 * A folder that images are sorted into, and its table with a line for each. The table only grows: after a crash, whole
 * lines are what is done, and what comes after the last of them is cut off. No file is ever overwritten.
 */
export class SortedFolder {
  readonly path: string;
  readonly #table: FileHandle;
  readonly #known: Map<string, KnownImage>;
  readonly #ready = new Set<string>();

  private constructor(path: string, table: FileHandle, known: Map<string, KnownImage>) {
    this.path = path;
    this.#table = table;
    this.#known = known;
  }

  /** @throws HarrierError `bad-option` for a table of something else; `storage` */
  static async open(path: string): Promise<SortedFolder> {
    await makeDirectory(path, OTHER_FOLDER);
    const where = join(path, TABLE);
    let table: FileHandle | undefined;
    try {
      // For reading and appending; it is made where there is none.
      table = await open(where, 'a+');
      const bytes = await table.readFile();
      const whole = wholeLines(bytes);
      const header = `${csvHeader(COLUMNS)}\n`;
      const text = bytes.toString('utf8', 0, whole);
      const isOwn = text === '' ? header.startsWith(bytes.toString('utf8')) : text.startsWith(header);
      if (!isOwn) throw notSorted(where);
      // By its path: on Windows a file that is open for appending cannot be cut.
      if (bytes.length > whole) await truncate(where, whole);
      if (whole === 0) await table.appendFile(header);
      return new SortedFolder(path, table, knownOf(text, where));
    } catch (error) {
      await table?.close();
      throw error instanceof HarrierError ? error : readError(error, where, 'file');
    }
  }

  /** What a model has said of an image: undefined where it was not asked, or could not read it. */
  known(file: string, hash: string, model: string): KnownImage | undefined {
    return this.#known.get(keyOf([file, hash, model]));
  }

  /** Where an image lies that was sorted before, by whatever model and from wherever; absent where it is gone. */
  async earlier(file: string, hash: string): Promise<Earlier | undefined> {
    const known = this.#known.get(keyOf([basename(file), hash]));
    if (!known) return undefined;
    if (await isCopy(file, join(this.path, known.sorted))) return { sorted: known.sorted, isMoved: false };
    const entries = await readdir(this.path, { withFileTypes: true });
    for (const folder of entries.filter((entry) => !entry.isFile())) {
      const sorted = `${folder.name}/${basename(known.sorted)}`;
      if (await isCopy(file, join(this.path, sorted))) return { sorted, isMoved: true };
    }
    return undefined;
  }

  /**
   * Gives a file a name in a folder below: its own, or one with a number where a file of other content has that.
   *
   * @param move whether its old name is going to be removed: then no bytes are copied where that can be helped
   * @returns its path below, and whether it lay there already
   * @throws HarrierError `storage`; an error of the system where the file itself cannot be read
   */
  async place(from: string, into: string, move: boolean): Promise<{ sorted: string; isThere: boolean }> {
    await this.#prepare(into);
    const { name, ext } = parse(from);
    for (let number = 1; ; number++) {
      const own = number === 1 ? basename(from) : `${name}-${number}${ext}`;
      const to = join(this.path, into, own);
      const sorted = `${into}/${own}`;
      if (own === basename(from) && (await isSameFile(dirname(from), dirname(to)))) {
        return { sorted, isThere: true };
      }
      const isTaken = (await lstat(to).catch(() => undefined)) !== undefined;
      if (!isTaken && (await this.#give(from, to, move))) return { sorted, isThere: false };
      if (await isCopy(from, to)) return { sorted, isThere: false };
    }
  }

  /** Adds lines to the table; those that it has are not added. @throws HarrierError `storage` */
  async add(images: readonly SortedImage[]): Promise<void> {
    const rows: string[] = [];
    for (const image of images) {
      const { file, hash, model, sorted, unknown = false, error = '' } = image;
      const own = [file, hash, model];
      if (sorted === undefined) {
        const key = keyOf([...own, printable(error)]);
        if (this.#known.has(key)) continue;
        this.#known.set(key, { sorted: '', unknown });
      } else {
        if (this.#known.get(keyOf(own))?.sorted === sorted) continue;
        for (const key of [own, [basename(file), hash]]) this.#known.set(keyOf(key), { sorted, unknown });
      }
      rows.push(`${csvRow(image, COLUMNS)}\n`);
    }
    if (rows.length === 0) return;
    await this.#table.appendFile(rows.join('')).catch((error) => {
      throw storageError(error, join(this.path, TABLE), OTHER_FOLDER);
    });
  }

  async close(): Promise<void> {
    await toDisk(this.#table);
    await this.#table.close();
  }

  /** Makes a folder, and removes what killed processes left half-written. */
  async #prepare(into: string): Promise<void> {
    if (this.#ready.has(into)) return;
    const folder = join(this.path, into);
    await makeDirectory(folder, OTHER_FOLDER);
    for (const name of await readdir(folder)) if (isTemporaryName(name)) await rm(join(folder, name));
    this.#ready.add(into);
  }

  /** @returns false where the name is taken by now */
  async #give(from: string, to: string, move: boolean): Promise<boolean> {
    try {
      await (move ? secondName : wholeCopy)(from, to);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      // What is not there, or may not be read, is no fault of the folder.
      const file = await open(from, 'r');
      await file.close();
      throw storageError(error, to, OTHER_FOLDER);
    }
  }
}

/** Length of the lines that are whole: a line break within quotes ends none. */
function wholeLines(bytes: Buffer): number {
  let [whole, isQuoted] = [0, false];
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === 0x22) isQuoted = !isQuoted;
    else if (bytes[i] === 0x0a && !isQuoted) whole = i + 1;
  }
  return whole;
}

function knownOf(text: string, where: string): Map<string, KnownImage> {
  const known = new Map<string, KnownImage>();
  if (text === '') return known;
  for (const { record } of tableRecords(text, where).slice(1)) {
    const [file, unknown, sorted, hash, model] = Object.values(PLACES).map((place) => record[place] ?? '');
    const own = [file, hash, model];
    const [into, ...rest] = sorted.split('/');
    if (sorted === '') known.set(rawKey([...own, record.at(-1) ?? '']), { sorted, unknown: false });
    // A path that leads elsewhere is none that was written here.
    else if (isPlainName(into) && rest.length === 1 && rest[0] !== '..') {
      for (const key of [own, [basename(file), hash]]) {
        known.set(rawKey(key), { sorted, unknown: unknown === 'true' });
      }
    }
  }
  return known;
}

/** Of texts as the table has them: it keeps spreadsheets from reading some as formulas. */
function keyOf(texts: readonly string[]): string {
  return rawKey(texts.map((text) => csvCells(csvCell(text))[0]));
}

function rawKey(texts: readonly string[]): string {
  return texts.join('\0');
}

function notSorted(where: string): HarrierError {
  return new HarrierError('bad-option', 'this file holds no answers of predict --sort', {
    where,
    next: 'Choose another folder with --sort, or move the file away.',
  });
}
