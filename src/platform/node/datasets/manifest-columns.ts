import { HarrierError, nearestName } from '../../../errors.ts';
import type { ColumnNames } from '../../../options/words.ts';
import { isImageName } from '../images/image-names.ts';
import { shellQuote } from '../shell-quote.ts';
import { shortList } from './folder-layout.ts';
import { partNamed } from './part-names.ts';
import { isExpression } from './path-expression.ts';

/** What a column of a list says of an image. */
export type Field = 'file' | 'label' | 'part' | 'group' | 'time';

/** Names of columns that often say something else: they count only where all values are names of parts. */
const OTHER_PARTS = ['subset', 'set', 'fold', 'usage'];

/** The name of a column of several labels. */
const TAGS = 'tags';

/** Names of columns: see `plainName`. */
const COLUMNS: Readonly<Record<string, Field>> = {
  ...named('file', [
    'file',
    'filename',
    'filepath',
    'path',
    'image',
    'imagepath',
    'imagefile',
    'img',
    'imageid',
  ]),
  ...named('label', ['label', 'labels', 'class', 'classname', 'category', 'target', 'tag', 'tags']),
  ...named('part', ['split', 'part', ...OTHER_PARTS]),
  ...named('group', ['group', 'groupid', 'subject', 'subjectid', 'patient', 'patientid', 'person', 'video']),
  ...named('time', ['time', 'date', 'datetime', 'timestamp', 'takenat', 'createdat']),
};

/** Names that count where no column has one of the others, and one alone has one of these. */
const FURTHER: Readonly<Record<string, Field>> = {
  ...named('file', [
    ...['imagename', 'imagefilename', 'imgname', 'imgpath', 'imgfile', 'imgid', 'fname', 'fn', 'name'],
    ...['photo', 'picture', 'id'],
  ]),
  ...named('label', ['labelname', 'categoryname', 'species', 'breed', 'variety', 'diagnosis']),
};

function named(field: Field, names: readonly string[]): Record<string, Field> {
  return Object.fromEntries(names.map((name) => [name, field]));
}

/** The words of `--columns`. */
const FIELDS = {
  image: 'file',
  label: 'label',
  split: 'part',
  group: 'group',
  time: 'time',
} as const satisfies Record<keyof ColumnNames, Field>;

/** Columns that are called as if they said parts and say something else, with one of their values. */
export type IgnoredColumns = ReadonlyMap<string, string>;

/** What tells which column has which field. */
export interface ColumnRules {
  /** Columns that have none. */
  readonly ignored: IgnoredColumns;
  /** Names that were given for fields: these have no other column. */
  readonly columns?: ColumnNames;
  /** Columns of 0 and 1, each of which is a label. */
  readonly tags?: readonly string[];
  /** Whether less usual names count. */
  readonly further?: boolean;
  /** The values of a column, for advice. */
  readonly valuesOf?: ValuesOf;
}

type ValuesOf = (name: string) => readonly unknown[];

/** Whether a column is one of several labels by its name. */
export function isOfTagsByName(name: string): boolean {
  return plainName(name) === TAGS;
}

/** Columns that are called like parts and hold something else. @param columns names that were given, which are not among them */
export function ignoredColumns(
  names: readonly string[],
  valuesOf: ValuesOf,
  columns: ColumnNames = {},
): IgnoredColumns {
  const given = Object.values(columns).flatMap((name) => names[placeOf(names, name)] ?? []);
  const others = names.flatMap((name): [string, string][] => {
    if (!OTHER_PARTS.includes(plainName(name)) || given.includes(name)) return [];
    const texts = valuesOf(name).map((value) => `${value ?? ''}`.trim());
    const other = texts.find((text) => text !== '' && partNamed(text) === undefined);
    return other === undefined ? [] : [[name, other]];
  });
  return new Map(others);
}

/** The values of the columns of a table whose first line has been taken off. */
export function valuesOfTable(
  names: readonly string[],
  rows: readonly { readonly record: readonly string[] }[],
): ValuesOf {
  return (name) => {
    const place = names.indexOf(name);
    return rows.map(({ record }) => record[place]);
  };
}

export function ignoredNotes(ignored: IgnoredColumns, path: string): string[] {
  return Array.from(
    ignored,
    ([name, value]) =>
      `${path}: the column "${name}" is ignored, as it has other values than train, validation and test ("${value}").`,
  );
}

/** @throws HarrierError `bad-option` for a name that no column of a list has */
export function checkColumns(names: readonly string[], columns: ColumnNames, path: string): void {
  const stranger = Object.values(columns).find((name) => placeOf(names, name) < 0);
  if (stranger !== undefined) throw unknownColumn(stranger, names, path, 'columns');
}

/**
 * The place of a column that images are told apart by; undefined where there is none, and the text may be an expression over
 * paths.
 * @throws HarrierError `bad-option` for any other text
 */
export function columnBy(names: readonly string[], by: string, path: string): number | undefined {
  const place = placeOf(names, by);
  if (place >= 0) return place;
  if (isExpression(by)) return undefined;
  throw unknownColumn(by, names, path, 'by');
}

function unknownColumn(
  name: string,
  names: readonly string[],
  path: string,
  option: 'columns' | 'by',
): HarrierError {
  const near = nearestName(name, names);
  const known = names.length === 0 ? 'Its first line names no columns.' : `There are: ${shortList(names)}.`;
  return new HarrierError('bad-option', `there is no column "${name}"`, {
    where: path,
    next: `${near === undefined ? '' : `Did you mean "${near}"? `}${known}`,
    options: [option],
  });
}

/**
 * Columns that are labels, each with 0 or 1 for an image: where no column says the label, all that say nothing else and
 * hold nothing else. Undefined where these are not all of this kind.
 */
export function tagColumns(
  names: readonly string[],
  valuesOf: ValuesOf,
  { ignored, columns = {} }: Pick<ColumnRules, 'ignored' | 'columns'>,
): readonly string[] | undefined {
  if (columns.label !== undefined) return undefined;
  const given = Object.values(columns).map((name) => names[placeOf(names, name)]);
  const fieldOf = (name: string) => COLUMNS[plainName(name)] as Field | undefined;
  const isFree = (name: string) => !given.includes(name) && !ignored.has(name);
  if (names.some((name) => isFree(name) && fieldOf(name) === 'label')) return undefined;
  const file = names[places(names, { ignored, columns, further: true }).file ?? -1];
  const tags: string[] = [];
  for (const name of names) {
    if (!isFree(name) || name === file) continue;
    // A label may be called "person", like a group.
    if (valuesOf(name).every(isBit)) tags.push(name);
    else if (fieldOf(name) === undefined) return undefined;
  }
  return tags.length > 0 ? tags : undefined;
}

/** 0 or 1; nothing is 0 in JSON, where a table has an empty text. */
function isBit(value: unknown): boolean {
  return value === undefined || value === null || /^(?:[01](?:\.0+)?|true|false)$/i.test(`${value}`.trim());
}

/** Whether such a value says that an image has the label. */
export function isSet(value: unknown): boolean {
  return /^(?:1|true)/i.test(`${value ?? ''}`.trim());
}

/** The name of a label by that of its column. */
export function tagName(column: string): string {
  return column.trim().normalize('NFC');
}

/**
 * Which column has which field.
 * @throws HarrierError `bad-data` without a column of files or of labels
 */
export function fieldsOf(
  names: readonly string[],
  path: string,
  line: number,
  rules: ColumnRules,
): Partial<Record<Field, number>> {
  const fields = places(names, rules);
  const missing = (['file', 'label'] as const).filter(
    (field) => fields[field] === undefined && !(field === 'label' && rules.tags),
  );
  if (missing.length > 0) throw noColumn(names, path, line, { missing, fields, rules });
  return fields;
}

function places(
  names: readonly string[],
  { ignored, columns = {}, tags = [], further = false }: ColumnRules,
): Partial<Record<Field, number>> {
  const fields: Partial<Record<Field, number>> = {};
  const isTaken = new Set<number>();
  const given = new Set<Field>();
  for (const [word, name] of Object.entries(columns) as [keyof ColumnNames, string][]) {
    const place = placeOf(names, name);
    given.add(FIELDS[word]);
    if (place < 0) continue;
    fields[FIELDS[word]] = place;
    isTaken.add(place);
  }
  const free = [...names.entries()].filter(
    ([i, name]) => !isTaken.has(i) && !ignored.has(name) && !tags.includes(name),
  );
  for (const [i, name] of free) {
    const field = fieldIn(COLUMNS, name);
    if (field && fields[field] === undefined && !given.has(field)) fields[field] = i;
  }
  for (const field of further ? (['file', 'label'] as const) : []) {
    if (fields[field] !== undefined || given.has(field)) continue;
    const others = free.filter(([, name]) => fieldIn(FURTHER, name) === field);
    if (others.length === 1) fields[field] = others[0][0];
  }
  return fields;
}

function fieldIn(known: Readonly<Record<string, Field>>, name: string): Field | undefined {
  const plain = plainName(name);
  return Object.hasOwn(known, plain) ? known[plain] : undefined;
}

/** The place of a column: by its name as it is, else by its letters and digits; -1 where there is none. */
function placeOf(names: readonly string[], name: string): number {
  const whole = (text: string) => text.trim().normalize('NFC');
  const exact = names.findIndex((each) => whole(each) === whole(name));
  return exact >= 0 ? exact : names.findIndex((each) => plainName(each) === plainName(name));
}

/** The name of a column in lower case, without what stands between words. */
function plainName(name: string): string {
  return name
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]/gu, '');
}

interface Missing {
  readonly missing: readonly ('file' | 'label')[];
  readonly fields: Partial<Record<Field, number>>;
  readonly rules: ColumnRules;
}

/** The error that names the columns, and says what to type. */
function noColumn(
  names: readonly string[],
  path: string,
  line: number,
  { missing, fields, rules }: Missing,
): HarrierError {
  const [first] = missing;
  const { valuesOf } = rules;
  const tags = first === 'label' && valuesOf ? tagColumns(names, valuesOf, rules) : undefined;
  const said = { file: 'which file', label: 'which label' }[first];
  return new HarrierError('bad-data', `no column says ${said} is meant`, {
    where: `${path}, line ${line}`,
    expected: 'columns "file" and "label", and if wanted "split" and "group"',
    received: names.map((name) => name.trim()).join(', '),
    next:
      tags && tags.length > 1
        ? `The columns ${shortList(tags.map((name) => name.trim()))} hold 0 and 1: if they are labels, add --multi-label.`
        : advice(names, { missing, fields, rules }),
  });
}

/** `Add --columns image=photo,label=kind, or rename these columns to "file" and "label".` */
function advice(names: readonly string[], { missing, fields, rules }: Missing): string {
  const used = new Set(Object.values(fields));
  const free = names.filter((_, i) => !used.has(i));
  const guessed = new Map<'file' | 'label', string>();
  for (const field of missing) {
    const rest = free.filter((name) => ![...guessed.values()].includes(name));
    const name = likelyColumn(field, rest, rules.valuesOf);
    if (name !== undefined) guessed.set(field, name);
  }
  const pairs = [...guessed].map(([field, name]) => [field === 'file' ? 'image' : 'label', name.trim()]);
  const renamed = [...guessed].map(([field, name]) => `"${name.trim()}" to "${field}"`).join(' and ');
  const option = guessed.size < missing.length ? undefined : columnsAdvice(Object.fromEntries(pairs));
  return option ? `${option.slice(0, -1)}, or rename ${renamed}.` : 'Name the columns in the first line.';
}

/** `If that is it, add --columns image=photo,label=kind.`; undefined where a column is not known. */
export function columnsAdvice(columns: Readonly<Record<string, string | undefined>>): string | undefined {
  const names = Object.values(columns);
  if (names.includes(undefined)) return undefined;
  const isPlain = names.every((name) => !/[,=]/.test(name!));
  const text = isPlain
    ? Object.entries(columns)
        .map((pair) => pair.join('='))
        .join(',')
    : JSON.stringify(columns);
  return `If that is it, add --columns ${shellQuote(text)}.`;
}

/** The column that probably says a field. */
function likelyColumn(
  field: 'file' | 'label',
  names: readonly string[],
  valuesOf: ValuesOf = () => [],
): string | undefined {
  const wanted = Object.entries({ ...COLUMNS, ...FURTHER }).filter(([, each]) => each === field);
  const near = names.find((name) => {
    const plain = plainName(name);
    return (
      !Object.hasOwn(COLUMNS, plain) &&
      nearestName(
        plain,
        wanted.map(([known]) => known),
      )
    );
  });
  if (near !== undefined) return near;
  const values = new Map(
    names.map((name) => [name, new Set(valuesOf(name).map((value) => `${value ?? ''}`))]),
  );
  const few = (name: string) => values.get(name)!.size;
  if (field === 'file') {
    return (
      names.find((name) => [...values.get(name)!].some(isImageName)) ??
      // Each image has a line of its own.
      names.toSorted((a, b) => few(b) - few(a))[0]
    );
  }
  const several = names.filter((name) => few(name) > 1);
  return (several.length > 0 ? several : [...names]).toSorted((a, b) => few(a) - few(b))[0];
}
