import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { CsvError, parse } from 'csv-parse/sync';
import { HarrierError } from '../../../errors.ts';
import { jsonObject } from '../../../json-text.ts';
import type { ColumnNames } from '../../../options/words.ts';
import { readError } from '../files/read-error.ts';
import { isImageName } from '../images/image-names.ts';
import { byCode } from './folder-tree.ts';
import {
  checkColumns,
  columnBy,
  type Field,
  fieldsOf,
  ignoredColumns,
  ignoredNotes,
  isOfTagsByName,
  isSet,
  tagColumns,
  tagName,
  valuesOfTable,
} from './manifest-columns.ts';
import { type Part, partNamed } from './part-names.ts';

/** An image of a manifest. */
export interface ManifestRow {
  /** As it is written: relative to the manifest's folder, or absolute. */
  readonly file: string;
  /** Where images have any number of labels, all of them with semicolons between. */
  readonly label: string;
  /** The labels of an image that may have several: each once, in the order of their codes. */
  readonly tags?: readonly string[];
  readonly part?: Part;
  /** Images of one group (a person, a video) stay on one side of every split. */
  readonly group?: string;
  /** When it was taken, as it is written. */
  readonly time?: string;
  /** What the column says that was asked for beside these, if anything. */
  readonly value?: string;
  /** Line of the manifest, from 1. */
  readonly line: number;
}

/** What a manifest says. */
export interface Manifest {
  readonly rows: readonly ManifestRow[];
  /** Whether it looks as if its images had several labels: by the name of their column, a list, or an image without one. */
  readonly isOfTags: boolean;
  /** Sentences about columns that are ignored. */
  readonly notes: readonly string[];
}

const EXPECTED = 'a line "file,label" (also split and group), then one line for each image';
/** Between the labels of one image. */
export const SEPARATOR = ';';
const LINES = ['.jsonl', '.ndjson'];
const TABLES = ['.csv', '.tsv', '.txt'];

/** Whether a file is called like a manifest. */
export function isManifestName(name: string): boolean {
  return [...LINES, ...TABLES].includes(extname(name).toLowerCase());
}

/** Whether a list is lines of JSON, and no table. */
export function isJsonLines(path: string): boolean {
  return LINES.includes(extname(path).toLowerCase());
}

/**
 * Reads a list of images with their labels: CSV (commas, semicolons or tabs; cells may be quoted, as RFC 4180 has it)
 * whose first line names the columns, or JSON Lines with the same names. The columns are `file` and `label`, and, where
 * wanted, `split` (train, validation, test), `group` and `time`; usual other names for them are understood. A table without
 * names has the file in its first column and the label in its second.
 *
 * @throws HarrierError `bad-data` that names the line, `bad-option` for a name of `columns` that no column has, `storage`
 *   when the file cannot be read
 */
export async function readManifest(path: string, how: ReadManifestOptions = {}): Promise<Manifest> {
  const bytes = await readFile(path).catch((error) => {
    throw readError(error, path, 'file');
  });
  const text = textOf(bytes, path);
  const manifest = isJsonLines(path) ? jsonLines(text, path, how) : table(text, path, how);
  if (manifest.rows.length === 0) {
    throw new HarrierError('bad-data', 'this list names no images', { where: path, expected: EXPECTED });
  }
  return manifest;
}

/** How a list is read. */
export interface ReadManifestOptions {
  /**
   * Images have any number of labels: with semicolons between, or in JSON a list; an empty field is an image without any.
   * Without a column of labels, those of 0 and 1 are labels (`tagColumns`).
   */
  readonly multiLabel?: boolean;
  /** Names of the columns, where they have no usual ones. */
  readonly columns?: ColumnNames;
  /** A column to read beside these, whatever else it says. */
  readonly by?: string;
}

/** @throws HarrierError `bad-data` for bytes that are not UTF-8 */
export function textOf(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new HarrierError('bad-data', 'this list is not UTF-8', {
      where: path,
      next: 'Save it as UTF-8 (spreadsheets: "CSV UTF-8").',
      cause,
    });
  }
}

function jsonLines(
  text: string,
  path: string,
  { multiLabel = false, columns = {}, by }: ReadManifestOptions,
): Manifest {
  const lines = text.split(/\r?\n/).flatMap((content, i) => {
    if (content.trim() === '') return [];
    const object = jsonObject(content);
    if (!object) {
      throw new HarrierError('bad-data', 'this line is no JSON object', {
        where: `${path}, line ${i + 1}`,
        expected: 'such as {"file": "a.jpg", "label": "ant"}',
      });
    }
    return [{ object, line: i + 1 }];
  });
  const all = [...new Set(lines.flatMap(({ object }) => Object.keys(object)))];
  if (lines.length > 0) checkColumns(all, columns, path);
  const value = by === undefined ? undefined : columnBy(all, by, path);
  const valuesOf = (name: string) => lines.map(({ object }) => object[name]);
  const ignored = ignoredColumns(all, valuesOf, columns);
  const tags = multiLabel ? tagColumns(all, valuesOf, { ignored, columns }) : undefined;
  const rules = { ignored, columns, tags, further: true, valuesOf };
  let isOfTags = tags !== undefined;
  const rows = lines.map(({ object, line }) => {
    const names = Object.keys(object);
    const fields = fieldsOf(names, path, line, rules);
    const label = names[fields.label ?? -1];
    isOfTags ||= label !== undefined && (isOfTagsByName(label) || Array.isArray(object[label]));
    const cell = (field: Field) => {
      const place = fields[field];
      const value = place === undefined ? undefined : object[names[place]];
      if ((multiLabel || field === 'label') && typeof value === 'object' && value !== null)
        return listed(value, `${path}, line ${line}`);
      return value === undefined || value === null ? '' : String(value).trim();
    };
    const own = tags?.filter((name) => isSet(object[name])).map(tagName);
    const row = rowOf(cell, path, line, multiLabel, own);
    return withValue(row, value === undefined ? undefined : object[all[value]]);
  });
  return { rows, isOfTags: isOfTags || hasBare(rows), notes: ignoredNotes(ignored, path) };
}

function table(
  text: string,
  path: string,
  { multiLabel = false, columns = {}, by }: ReadManifestOptions,
): Manifest {
  const records = tableRecords(text, path, multiLabel);
  const [head] = records;
  if (!head) return { rows: [], isOfTags: false, notes: [] };
  const names = head.record;
  // Where columns are named, the first line says so.
  const hasNames = !isImageName(names[0] ?? '') || Object.keys(columns).length > 0;
  if (hasNames) checkColumns(names, columns, path);
  const value = by === undefined ? undefined : columnBy(hasNames ? names : [], by, path);
  const valuesOf = valuesOfTable(names, records.slice(1));
  const ignored = hasNames ? ignoredColumns(names, valuesOf, columns) : new Map<string, string>();
  const tags = multiLabel && hasNames ? tagColumns(names, valuesOf, { ignored, columns }) : undefined;
  const rules = { ignored, columns, tags, further: true, valuesOf };
  const fields: Partial<Record<Field, number>> = hasNames
    ? fieldsOf(names, path, head.line, rules)
    : { file: 0, label: 1 };
  const labels = tags?.map((name) => ({ name: tagName(name), place: names.indexOf(name) }));
  const rows = records.slice(hasNames ? 1 : 0).map(({ record, line }) => {
    if (hasNames && record.length !== names.length) {
      throw new HarrierError('bad-data', 'this line has another number of cells than the first', {
        where: `${path}, line ${line}`,
        expected: `${names.length}`,
        received: `${record.length}: ${record.join(' | ')}`,
        next:
          multiLabel && !names.some((cell) => cell.includes(',')) && delimiterOf(text, true) === SEPARATOR
            ? 'Separate columns by commas: semicolons stand between the labels of an image.'
            : 'Quote cells that hold commas: "a, b".',
      });
    }
    const cell = (field: Field) => record[fields[field] ?? -1]?.trim() ?? '';
    const own = labels?.filter(({ place }) => isSet(record[place])).map(({ name }) => name);
    return withValue(rowOf(cell, path, line, multiLabel, own), record[value ?? -1]);
  });
  const isOfTags = tags !== undefined || (hasNames && isOfTagsByName(names[fields.label!]));
  return { rows, isOfTags: isOfTags || hasBare(rows), notes: ignoredNotes(ignored, path) };
}

/** Whether some image has no label, where others have one. */
function hasBare(rows: readonly ManifestRow[]): boolean {
  return rows.some(({ label }) => label === '') && rows.some(({ label }) => label !== '');
}

/** The line before a table by which Excel tells itself what separates its cells. */
const TOLD_DELIMITER = /^sep=([,;\t])\r?\n/i;

/**
 * What separates the cells of a table: a spreadsheet writes what its country separates with.
 * @param multiLabel whether a semicolon may stand between labels, and separates cells only where nothing else does
 */
export function delimiterOf(text: string, multiLabel = false): string {
  const told = TOLD_DELIMITER.exec(text)?.[1];
  if (told !== undefined) return told;
  const line = text.slice(0, text.indexOf('\n') < 0 ? text.length : text.indexOf('\n'));
  const first = line.replace(/"[^"]*"/g, '');
  const delimiters = multiLabel ? ['\t', ',', ';'] : ['\t', ';', ','];
  return delimiters.find((each) => first.includes(each)) ?? ',';
}

/** The cells of a table, line by line. @throws HarrierError `bad-data` when it is none */
export function tableRecords(
  text: string,
  path: string,
  multiLabel = false,
): { readonly record: string[]; readonly line: number }[] {
  const delimiter = delimiterOf(text, multiLabel);
  try {
    const records = parse(text, {
      delimiter,
      info: true,
      relaxColumnCount: true,
      skipEmptyLines: true,
      fromLine: TOLD_DELIMITER.test(text) ? 2 : 1,
    }) as unknown as { record: string[]; info: { lines: number } }[];
    return records.map(({ record, info }) => ({ record, line: info.lines }));
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw new HarrierError('bad-data', 'this list is no table', {
      where: `${path}, line ${cause.lines ?? 1}`,
      expected: EXPECTED,
      received: cause.message,
      cause,
    });
  }
}

/** @param own the labels of an image, where they are no cell */
function rowOf(
  cell: (field: Field) => string,
  path: string,
  line: number,
  multiLabel: boolean,
  own?: readonly string[],
): ManifestRow {
  const [file, label, split, group, time] = (['file', 'label', 'part', 'group', 'time'] as const).map(cell);
  const empty = file === '' ? 'file' : label === '' && !multiLabel ? 'label' : undefined;
  if (empty) {
    throw new HarrierError('bad-data', `its ${empty} is empty`, {
      where: `${path}, line ${line}`,
      next:
        empty === 'label'
          ? 'Fill it in, or remove the line. Where images may have any number of labels, add --multi-label.'
          : 'Fill it in, or remove the line.',
    });
  }
  const tags = multiLabel ? (own ? [...new Set(own)].sort(byCode) : tagsOf(label)) : undefined;
  return {
    file,
    label: tags ? tags.join(SEPARATOR) : label.normalize('NFC'),
    line,
    ...(tags && { tags }),
    ...(split !== '' && { part: partOf(split, path, line) }),
    ...(group !== '' && { group: group.normalize('NFC') }),
    ...(time !== '' && { time }),
  };
}

function withValue(row: ManifestRow, value: unknown): ManifestRow {
  if (value === undefined || value === null) return row;
  const text = (typeof value === 'object' ? JSON.stringify(value) : String(value)).trim().normalize('NFC');
  return text === '' ? row : { ...row, value: text };
}

/** Labels of a list of JSON as a cell has them. */
function listed(value: object, where: string): string {
  const isText = (each: unknown) => typeof each === 'string' || typeof each === 'number';
  if (Array.isArray(value) && value.every(isText)) return value.join(SEPARATOR);
  throw new HarrierError('bad-data', 'its labels are no list of texts', {
    where,
    expected: 'such as {"file": "a.jpg", "tags": ["ant", "leaf"]}',
    received: JSON.stringify(value).slice(0, 80),
  });
}

function tagsOf(cell: string): string[] {
  const tags = cell.split(SEPARATOR).map((tag) => tag.trim().normalize('NFC'));
  return [...new Set(tags.filter((tag) => tag !== ''))].sort(byCode);
}

function partOf(split: string, path: string, line: number): Part {
  const part = partNamed(split);
  if (part && part !== 'unused') return part;
  throw new HarrierError('bad-data', 'there is no such part', {
    where: `${path}, line ${line}`,
    expected: 'train, validation or test',
    received: split,
    next: 'Remove images that are not to be used.',
  });
}
