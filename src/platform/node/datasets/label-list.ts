import { readFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { HarrierError } from '../../../errors.ts';
import { writeAtomically } from '../files/cache.ts';
import { withLock } from '../files/lock.ts';
import { readError } from '../files/read-error.ts';
import { isImageName } from '../images/image-names.ts';
import { delimiterOf, isJsonLines, readManifest, tableRecords, textOf } from './manifest.ts';
import { fieldsOf, ignoredColumns, valuesOfTable } from './manifest-columns.ts';
import { listsIn } from './manifest-listing.ts';

/** The list of labels in a folder of images that has none yet. `train --data` reads it as it stands. */
export const LABEL_LIST = 'labels.csv';

const NAMES = ['file', 'label'];
const ELSEWHERE = 'copy the images to a folder of your own';

/**
 * A list of images with labels as a table: all its lines and columns are kept, also those that are not understood here.
 */
export class LabelList {
  /** Where it lies, or will lie. */
  readonly path: string;
  readonly #delimiter: string;
  readonly #head: readonly string[];
  readonly #file: number;
  readonly #label: number;
  readonly #part: number | undefined;
  /** Where all lines say a part, a new one must, too. */
  readonly #hasParts: boolean;
  /** In their order. Several may be of one file. */
  #rows: readonly { readonly key: string; readonly cells: readonly string[] }[];

  private constructor(path: string, delimiter: string, head: readonly string[], rows: readonly string[][]) {
    this.path = path;
    this.#delimiter = delimiter;
    this.#head = head;
    const valuesOf = valuesOfTable(
      head,
      rows.map((record) => ({ record })),
    );
    const { file, label, part: parts } = fieldsOf(head, path, 1, { ignored: ignoredColumns(head, valuesOf) });
    this.#file = file!;
    this.#label = label!;
    this.#part = parts;
    const part = this.#part;
    this.#hasParts =
      part !== undefined && rows.length > 0 && rows.every((row) => (row[part] ?? '').trim() !== '');
    this.#rows = rows.map((cells) => ({ key: this.#key(cells[this.#file] ?? ''), cells }));
  }

  /**
   * The list of a folder, which `train --data` reads too; an empty one where there is none yet.
   * @throws HarrierError `bad-data` when the file there is no such list, `not-supported` when it is no table, `storage`
   *   when it cannot be read
   */
  static async read(folder: string): Promise<LabelList> {
    const path = await listOf(folder);
    let bytes: Buffer;
    try {
      bytes = await readFile(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw readError(error, path, 'file');
      return new LabelList(path, ',', NAMES, []);
    }
    const text = textOf(bytes, path);
    const records = tableRecords(text, path).map(({ record }) => record);
    const [first] = records;
    if (!first) return new LabelList(path, ',', NAMES, []);
    const delimiter = delimiterOf(text);
    if (!isImageName(first[0])) return new LabelList(path, delimiter, first, records.slice(1));
    const names = first.map((_, i) => NAMES[i] ?? `column ${i + 1}`);
    return new LabelList(path, delimiter, names, records);
  }

  /**
   * Changes the list of a folder, of which another process may be changing it too: one after another.
   * @returns the list as it is written
   * @throws HarrierError as `read`; `storage` when it cannot be written
   */
  static async change(folder: string, change: (list: LabelList) => void): Promise<LabelList> {
    const lock = join(folder, `${LABEL_LIST}.lock`);
    return withLock(lock, { pollMs: 20, elsewhere: ELSEWHERE }, async () => {
      const list = await LabelList.read(folder);
      change(list);
      await list.write();
      return list;
    });
  }

  /** Labels by file, as the list spells it; lines without a label are left out. */
  get labels(): ReadonlyMap<string, string> {
    const pairs = this.#rows.map(
      ({ cells }) =>
        [this.#path(cells[this.#file] ?? ''), (cells[this.#label] ?? '').trim().normalize('NFC')] as const,
    );
    return new Map(pairs.filter(([, label]) => label !== ''));
  }

  /** The labels of files; undefined for those without one. */
  labelsOf(files: readonly string[]): (string | undefined)[] {
    const labels = new Map([...this.labels].map(([file, label]) => [file.normalize('NFC'), label]));
    return files.map((file) => labels.get(file.normalize('NFC')));
  }

  /** Gives a file a label; undefined takes it back. A line that says more than that stays, without a label. */
  set(file: string, label: string | undefined): void {
    const key = this.#key(file);
    // A part may be the one that a new line got here.
    const isOwn = (cell: string, i: number) =>
      i === this.#file ||
      i === this.#label ||
      cell === '' ||
      (this.#hasParts && i === this.#part && cell === 'train');
    const isThere = this.#rows.some((row) => row.key === key);
    this.#rows = this.#rows.flatMap((row) => {
      if (row.key !== key) return [row];
      if (label === undefined && row.cells.every(isOwn)) return [];
      const cells = this.#head.map((_, i) => (i === this.#label ? (label ?? '') : (row.cells[i] ?? '')));
      return [{ key, cells }];
    });
    if (isThere || label === undefined) return;
    const cells = this.#head.map(() => '');
    cells[this.#file] = file;
    cells[this.#label] = label;
    if (this.#hasParts) cells[this.#part!] = 'train';
    this.#rows = [...this.#rows, { key, cells }];
  }

  /** Gives the lines of files others: they were moved. @param moved new paths, by old ones in NFC */
  rename(moved: ReadonlyMap<string, string>): void {
    this.#rows = this.#rows.map((row) => {
      const to = moved.get(row.key);
      if (to === undefined) return row;
      return { key: this.#key(to), cells: row.cells.map((cell, i) => (i === this.#file ? to : cell)) };
    });
  }

  /** What tells files apart: their paths, in which an `é` may be spelt in one character or two. */
  #key(file: string): string {
    return this.#path(file).normalize('NFC');
  }

  /** A path below the folder. Lists from Windows name files with `\\`; paths may be absolute. */
  #path(file: string): string {
    const trimmed = file.trim();
    const slashed = trimmed.includes('/') ? trimmed : trimmed.replaceAll('\\', '/');
    const folder = dirname(this.path);
    return relative(folder, resolve(folder, slashed)).split(sep).join('/');
  }

  toText(): string {
    const line = (cells: readonly string[]) => cells.map((cell) => this.#cell(cell)).join(this.#delimiter);
    return [this.#head, ...this.#rows.map(({ cells }) => cells)].map((cells) => `${line(cells)}\n`).join('');
  }

  /** Writes it whole under another name, then renames it. @throws HarrierError `storage` */
  async write(): Promise<void> {
    await writeAtomically(this.path, this.toText(), ELSEWHERE);
  }

  /** Without the apostrophe that `csvCell` puts before formulas: names of files must come back as they are. */
  #cell(text: string): string {
    return text.includes(this.#delimiter) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }
}

/**
 * The list that labels are read from and written to: the one that the folder has. Where that says no labels, as a table
 * of photographers does, a new list comes before it.
 * @throws HarrierError `not-supported` for labels in lines of JSON
 */
async function listOf(folder: string): Promise<string> {
  const own = join(folder, LABEL_LIST);
  const [path] = await listsIn(folder);
  if (path === undefined || path === own || !(await isOfLabels(path))) return own;
  if (!isJsonLines(path)) return path;
  throw new HarrierError('not-supported', 'labels are not written into lines of JSON', {
    where: path,
    expected: 'a table, such as labels.csv',
    next: 'Write its labels as a table with the columns file and label, and move it away.',
  });
}

async function isOfLabels(path: string): Promise<boolean> {
  try {
    await readManifest(path, { multiLabel: true });
    return true;
  } catch (error) {
    if (error instanceof HarrierError && error.code === 'bad-data') return false;
    throw error;
  }
}

/** @throws HarrierError `bad-option` for a label that a list or a folder cannot hold */
export function checkLabel(given: string): string {
  const label = given.trim().normalize('NFC');
  const problem =
    label === ''
      ? 'a class needs a name'
      : label.length > 100
        ? 'the name of this class is too long'
        : /[\p{Cc}\p{Cs}]/u.test(label)
          ? 'the name of a class is one line of text'
          : undefined;
  if (problem === undefined) return label;
  throw new HarrierError('bad-option', problem, {
    expected: '1 to 100 characters',
    received: label === '' ? 'nothing' : JSON.stringify(label.slice(0, 40)),
  });
}
