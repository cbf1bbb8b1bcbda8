import { readdir, readFile, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { HarrierError } from '../../../errors.ts';
import { writeAtomically } from '../files/cache.ts';
import { withLock } from '../files/lock.ts';
import { readError } from '../files/read-error.ts';
import { isImageName } from '../images/image-names.ts';
import { listsIn } from './list-images.ts';
import { ListedFiles } from './listed-files.ts';
import { delimiterOf, isJsonLines, readManifest, tableRecords, textOf } from './manifest.ts';
import { fieldsOf, ignoredColumns, tagColumns, valuesOfTable } from './manifest-columns.ts';

/** The list of labels in a folder of images that has none yet. `train --data` reads it as it stands. */
export const LABEL_LIST = 'labels.csv';

const NAMES = ['file', 'label'];
const ELSEWHERE = 'copy the images to a folder of your own';
/** Lines whose files are looked for at the same time. */
const AT_ONCE = 64;

/** A line of a table, and where it stands. */
interface TableLine {
  readonly record: readonly string[];
  readonly line: number;
}

/** A line of a list. */
interface Row {
  /** The path below the folder: of the file that is meant, where there is one. */
  readonly path: string;
  /** What tells files apart: their paths, in which an `é` may be spelt in one character or two. */
  readonly key: string;
  readonly cells: readonly string[];
}

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
  #rows: readonly Row[];

  private constructor(path: string, delimiter: string, head: readonly string[], lines: readonly TableLine[]) {
    this.path = path;
    this.#delimiter = delimiter;
    this.#head = head;
    const { file, label, part } = columnsOf(head, lines, path);
    this.#file = file!;
    this.#label = label!;
    this.#part = part;
    this.#hasParts =
      part !== undefined &&
      lines.length > 0 &&
      lines.every(({ record }) => (record[part] ?? '').trim() !== '');
    this.#rows = lines.map(({ record }) => this.#row(record));
  }

  /**
   * The list of a folder, which `train --data` reads too; an empty one where there is none yet.
   * @throws HarrierError `bad-data` when the file there is no such list, or a line of it may mean several files,
   *   `not-supported` when it is no table with a column of labels, `storage` when it cannot be read
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
    const lines = tableRecords(text, path);
    const [first] = lines;
    if (!first) return new LabelList(path, ',', NAMES, []);
    const hasNames = !isImageName(first.record[0]);
    const names = hasNames ? first.record : first.record.map((_, i) => NAMES[i] ?? `column ${i + 1}`);
    const own = hasNames ? lines.slice(1) : lines;
    const list = new LabelList(path, delimiterOf(text), names, own);
    await list.#find(own);
    return list;
  }

  /** Finds the files that lines mean, as training does: `abc` may be `train/abc.jpg`. @throws HarrierError `bad-data` */
  async #find(lines: readonly TableLine[]): Promise<void> {
    const folder = dirname(this.path);
    const listed = new ListedFiles(folder, this.path);
    const known = new Map<string, Promise<ReadonlySet<string>>>();
    // Most lines name their files as they are: one look into a folder finds all of it.
    const isThere = async (path: string) => {
      const names = known.get(dirname(path)) ?? filesIn(join(folder, dirname(path)));
      known.set(dirname(path), names);
      return (await names).has(basename(path));
    };
    const meant = async (row: Row, { line }: TableLine): Promise<Row> => {
      if (await isThere(row.path)) return row;
      const found = await listed.find({ file: (row.cells[this.#file] ?? '').trim(), line });
      return found ? this.#row(row.cells, found.path) : row;
    };
    const rows: Row[] = [];
    for (let start = 0; start < lines.length; start += AT_ONCE) {
      const some = this.#rows.slice(start, start + AT_ONCE);
      rows.push(...(await Promise.all(some.map((row, i) => meant(row, lines[start + i])))));
    }
    this.#rows = rows;
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

  /** Labels by the path of the file below the folder; lines without a label are left out. */
  get labels(): ReadonlyMap<string, string> {
    const pairs = this.#rows.map(
      ({ path, cells }) => [path, (cells[this.#label] ?? '').trim().normalize('NFC')] as const,
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
    const key = this.#path(file).normalize('NFC');
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
      return [{ ...row, cells }];
    });
    if (isThere || label === undefined) return;
    const cells = this.#head.map(() => '');
    cells[this.#file] = file;
    cells[this.#label] = label;
    if (this.#hasParts) cells[this.#part!] = 'train';
    this.#rows = [...this.#rows, this.#row(cells)];
  }

  /** Gives the lines of files others: they were moved. @param moved new paths, by old ones in NFC */
  rename(moved: ReadonlyMap<string, string>): void {
    this.#rows = this.#rows.map((row) => {
      const to = moved.get(row.key);
      if (to === undefined) return row;
      return this.#row(row.cells.map((cell, i) => (i === this.#file ? to : cell)));
    });
  }

  #row(cells: readonly string[], path = this.#path(cells[this.#file] ?? '')): Row {
    return { path, key: path.normalize('NFC'), cells };
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
    // Of a link, the file behind it: that was read.
    const path = await realpath(this.path).catch(() => this.path);
    await writeAtomically(path, this.toText(), ELSEWHERE);
  }

  /** Without the apostrophe that `csvCell` puts before formulas: names of files must come back as they are. */
  #cell(text: string): string {
    return text.includes(this.#delimiter) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }
}

/** Names of the files of a folder. */
async function filesIn(folder: string): Promise<ReadonlySet<string>> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return new Set(entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name));
}

/** @throws HarrierError `bad-data` without a column of files or of labels, `not-supported` for a column for each label */
function columnsOf(head: readonly string[], lines: readonly TableLine[], path: string) {
  const valuesOf = valuesOfTable(head, lines);
  const ignored = ignoredColumns(head, valuesOf);
  if (lines.length > 0 && tagColumns(head, valuesOf, { ignored }))
    throw notWritten('columns of 0 and 1', 'a column of labels', path);
  try {
    return fieldsOf(head, path, 1, { ignored, further: true });
  } catch (error) {
    if (!(error instanceof HarrierError)) throw error;
    // What else may be done is said in the options of training.
    const next = 'Call its columns "file" and "label" in the first line.';
    throw new HarrierError(error.code, error.summary, { ...error.details, next });
  }
}

function notWritten(form: string, expected: string, path: string): HarrierError {
  return new HarrierError('not-supported', `labels are not written into ${form}`, {
    where: path,
    expected,
    next: 'Write its labels as a table with the columns file and label, and move it away.',
  });
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
  throw notWritten('lines of JSON', 'a table, such as labels.csv', path);
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
