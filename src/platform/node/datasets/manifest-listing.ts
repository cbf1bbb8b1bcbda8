import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { rarestTags } from '../../../data/tags.ts';
import { HarrierError } from '../../../errors.ts';
import { formatQuantity } from '../../../format/format.ts';
import { withClasses } from './class-choice.ts';
import type { FolderPurpose } from './folder-layout.ts';
import {
  type FolderFile,
  type FolderListing,
  type ListingOptions,
  listImageFolder,
} from './folder-listing.ts';
import { byCode, lookInto } from './folder-tree.ts';
import { checkInside, ListedFiles } from './listed-files.ts';
import { isManifestName, type ManifestRow, readManifest, SEPARATOR } from './manifest.ts';
import { listByNames } from './names-listing.ts';
import { packedFolder, type UnpackOptions } from './packed/index.ts';
import { capturesOf, isExpression } from './path-expression.ts';

/** Files that are looked at, at the same time. */
const AT_ONCE = 64;
/** Of missing files, so many are named. */
const NAMED = 5;

/** How `listImages` reads a folder, or a list. */
export interface ListImagesOptions extends ListingOptions, UnpackOptions {
  /** Leave out files that a list names and that are not there. */
  readonly skipMissing?: boolean;
  /** Read when images were taken: each line must then say it. */
  readonly withTimes?: boolean;
}

/** Files with labels that may lie beside the images of a folder, in the order in which they are looked for. */
const SIDECARS = ['labels', 'metadata', 'tags', '_classes'].flatMap((name) =>
  ['csv', 'tsv', 'jsonl', 'ndjson'].map((end) => `${name}.${end}`),
);

/**
 * The images of a folder, of a list of images where the path is called like one, or of what is packed: an archive, a
 * Parquet file, a data set of the hub. A folder whose images lie in no class folders may have their list in it, called
 * `labels.csv` or so. With `labelBy`, the paths of images say their classes.
 *
 * @throws HarrierError as `packedFolder`, `listImageFolder`, `listManifest`, `listByNames`, `capturesOf` and `withClasses`
 *   do; `bad-option` where `by` names a column and there is no list
 */
export async function listImages(path: string, options: ListImagesOptions = {}): Promise<FolderListing> {
  const listing = await listAll(path, options);
  return withClasses(options.by === undefined ? listing : withValues(listing, options.by), options);
}

/** Values that a list says, or that an expression finds in paths. */
function withValues(listing: FolderListing, by: string): FolderListing {
  const { values, files, source, root } = listing;
  if (values?.some((value) => value !== undefined)) return listing;
  if (isExpression(by)) {
    const paths = files.map(({ path }) => path);
    return { ...listing, values: capturesOf(paths, 'by', by).found };
  }
  throw new HarrierError(
    'bad-option',
    values ? `the column "${by}" is empty` : `there is no list with a column "${by}"`,
    {
      where: source ?? root,
      next: values
        ? 'Name another column.'
        : 'Give a list as data, or an expression over the paths of the images with a capture in parentheses: --by "_(cam\\d+)_".',
      options: ['by'],
    },
  );
}

async function listAll(path: string, options: ListImagesOptions): Promise<FolderListing> {
  if (isManifestName(path)) {
    if (options.labelBy === undefined) return listManifest(path, options);
    throw new HarrierError('bad-option', 'a list says the labels itself', {
      where: path,
      next: 'Leave the option out, or give the folder of the images.',
      options: ['labelBy'],
    });
  }
  const folder = await packedFolder(path, options);
  if (folder === undefined) return listFolder(path, options);
  const inWords = (text: string) => text.replaceAll(folder, path);
  try {
    const { notes, ...listing } = await listFolder(folder, { ...options, isForeign: true });
    return { ...listing, source: path, called: path, notes: notes.map(inWords) };
  } catch (error) {
    throw error instanceof HarrierError ? renamed(error, inWords) : error;
  }
}

/** How a list is read. */
interface ListOptions extends ListImagesOptions {
  /** It came with its images from somebody else: what it names lies beside it, and nothing else is opened. */
  readonly isForeign?: boolean;
}

async function listFolder(folder: string, options: ListOptions): Promise<FolderListing> {
  const { labelBy, columns, multiLabel } = options;
  if (labelBy !== undefined) {
    const other = multiLabel ? '--multi-label' : columns && '--columns';
    if (other === undefined) return listByNames(folder, labelBy, options);
    throw new HarrierError('bad-option', `--label-by and ${other} cannot be combined`, {
      where: folder,
      next: 'Paths say one class for each image; a list may say more.',
    });
  }
  const [list, ...others] = await listsBeside(folder);
  if (list === undefined && multiLabel) {
    throw new HarrierError('bad-data', 'no list says which labels its images have', {
      where: folder,
      expected:
        'a list (.csv, .jsonl) with a line "file,tags", then one such as "photo.jpg,cat;dog" for each image',
      ...(options.purpose === 'evaluation'
        ? { next: 'The model gives images any number of labels: give such a list as data.' }
        : {
            next: 'Give the list as data. Images in one folder per class have one class each: leave --multi-label out.',
            options: ['multiLabel'],
          }),
    });
  }
  if (list !== undefined) {
    const { notes, ...listing } = await listManifest(list, options);
    return {
      ...listing,
      notes: [...notes, ...others.map((other) => `${other} is not read: ${list} comes first.`)],
    };
  }
  if (columns === undefined) return listImageFolder(folder, options);
  throw new HarrierError('bad-option', 'there is no list whose columns could be named', {
    where: folder,
    expected: `one beside the images, such as ${SIDECARS[0]}`,
    next: 'Give the list itself as data, or leave the option out.',
    options: ['columns'],
  });
}

/** The list in a folder that has no class folders: images in it, or in one folder. */
export async function listBeside(folder: string): Promise<string | undefined> {
  const [first] = await listsBeside(folder);
  return first;
}

/** Such lists, the one that is read before the others. */
async function listsBeside(folder: string): Promise<string[]> {
  const lists = await listsIn(folder);
  if (lists.length === 0) return [];
  const { folders, images } = await lookInto(folder);
  return images > 0 || folders.length <= 1 ? lists : [];
}

/** The lists in a folder, however its images lie. */
export async function listsIn(folder: string): Promise<string[]> {
  const isThere = await Promise.all(SIDECARS.map((name) => stat(join(folder, name)).catch(() => undefined)));
  return SIDECARS.filter((_, i) => isThere[i]?.isFile()).map((name) => join(folder, name));
}

/** Whether a file of a folder is called like its list. */
export function isSidecarName(name: string): boolean {
  return SIDECARS.includes(name);
}

/** The error in the words of the user, who does not know the folder of the cache. */
function renamed({ code, summary, details }: HarrierError, inWords: (text: string) => string): HarrierError {
  const { where, received, next } = details;
  return new HarrierError(code, inWords(summary), {
    ...details,
    ...(where !== undefined && { where: inWords(where) }),
    ...(received !== undefined && { received: inWords(received) }),
    ...(next !== undefined && { next: inWords(next) }),
  });
}

/**
 * The images that a list names (see `readManifest`), as a folder's listing has them: paths are relative to the list's
 * folder. Where no image has a part, the images are split as those of a folder; where some have one, all must.
 *
 * @throws HarrierError `bad-data` when files are missing (the first are named), an image stands under two labels, fewer
 *   than two classes are left (for training), parts are given for some images only, or a foreign list names a file
 *   outside of its folder
 */
export async function listManifest(
  path: string,
  {
    purpose = 'training',
    skipMissing = false,
    withTimes = false,
    multiLabel = false,
    columns,
    by,
    isForeign = false,
  }: ListOptions = {},
): Promise<FolderListing> {
  const { rows, notes } = await readManifest(path, { multiLabel, columns, by });
  const root = dirname(path);
  const hasParts = checkParts(rows, path);
  const classNames = classesOf(rows, hasParts, path, purpose);
  const places = new Map(classNames.map((name, place) => [name, place]));
  const files: ListedFile[] = [];
  const listed = new ListedFiles(root, path);
  const missing: ManifestRow[] = [];
  const seen = new Map<string, ManifestRow>();
  for (let start = 0; start < rows.length; start += AT_ONCE) {
    const some = rows.slice(start, start + AT_ONCE);
    if (isForeign) for (const row of some) checkInside(row, root, path);
    const found = await Promise.all(some.map((row) => listed.find(row)));
    for (const [i, file] of found.entries()) {
      const row = rows[start + i];
      if (!file) {
        missing.push(row);
        continue;
      }
      const other = seen.get(file.path);
      if (other) {
        checkTwice(other, row, path);
        continue;
      }
      seen.set(file.path, row);
      files.push({ ...file, label: places.get(row.label) ?? -1, part: row.part, row });
    }
  }
  if (multiLabel) labelByRarest(files, classNames);
  if (missing.length > 0 && (!skipMissing || files.length === 0))
    throw missingFiles(missing, rows.length, path);
  // By part, class and path, as a folder's: the order of the lines changes nothing.
  files.sort((a, b) => byCode(a.part ?? '', b.part ?? '') || a.label - b.label || byCode(a.path, b.path));
  const tags = multiLabel ? tagRows(files, classNames) : undefined;
  const groups = files.map(({ row }) => row.group);
  const times =
    withTimes && rows.some(({ time }) => time !== undefined)
      ? new Map(rows.map((row) => [row, timeOf(row, path)]))
      : undefined;
  return {
    root,
    source: path,
    classNames,
    hasParts,
    files,
    ...(tags && { tags }),
    notes: [
      ...notes,
      ...Array.from(
        listed.beside,
        ([folder, count]) =>
          `${path}: ${formatQuantity(count, 'file')} ${count === 1 ? 'was' : 'were'} found in the folder "${folder}" beside it.`,
      ),
      ...(missing.length > 0
        ? [
            `${path}: ${formatQuantity(missing.length, 'file')} of ${rows.length} ${missing.length === 1 ? 'is' : 'are'} missing and left out.`,
          ]
        : []),
      ...(multiLabel ? [] : severalNote(classNames, path)),
    ],
    ...(groups.some((group) => group !== undefined) && { groups }),
    ...(times && { times: files.map(({ row }) => times.get(row)!) }),
    ...(by !== undefined && { values: files.map(({ row }) => row.value) }),
    key: keyOf(files.map(({ row }) => [row.label, row.part ?? '', row.group ?? ''])),
  };
}

/** A file with the line that names it. */
interface ListedFile extends FolderFile {
  readonly row: ManifestRow;
}

/** Multi-hot rows of files: uint8 `[files, classes]`. */
function tagRows(files: readonly ListedFile[], classNames: readonly string[]): Uint8Array {
  const places = new Map(classNames.map((name, place) => [name, place]));
  const rows = new Uint8Array(files.length * classNames.length);
  for (const [slot, { row }] of files.entries()) {
    for (const tag of row.tags!) rows[slot * classNames.length + places.get(tag)!] = 1;
  }
  return rows;
}

/** Gives each file its rarest tag as its label. */
function labelByRarest(files: ListedFile[], classNames: readonly string[]): void {
  const labels = rarestTags(tagRows(files, classNames), classNames.length);
  for (const [slot, file] of files.entries()) files[slot] = { ...file, label: labels[slot] };
}

/** A hint where labels look like several. */
function severalNote(classNames: readonly string[], path: string): string[] {
  const several = classNames.find((name) => name.includes(SEPARATOR));
  if (several === undefined) return [];
  return [
    `${path}: "${several}" counts as one class. If its parts are labels of their own, train with --multi-label.`,
  ];
}

function checkParts(rows: readonly ManifestRow[], path: string): boolean {
  const without = rows.find(({ part }) => part === undefined);
  const hasParts = rows.some(({ part }) => part !== undefined);
  if (!hasParts || !without) return hasParts;
  throw new HarrierError('bad-data', 'some images have a split, and others none', {
    where: `${path}, line ${without.line}`,
    expected: 'train, validation or test in every line, or in none',
    received: 'an empty cell',
  });
}

function classesOf(
  rows: readonly ManifestRow[],
  hasParts: boolean,
  path: string,
  purpose: FolderPurpose,
): string[] {
  const isTraining = purpose === 'training';
  const named = hasParts && isTraining ? rows.filter(({ part }) => part === 'train') : rows;
  const labelsOf = ({ tags, label }: ManifestRow) => tags ?? [label];
  const classNames = [...new Set(named.flatMap(labelsOf))].sort(byCode);
  // One tag alone can be learned: images have it or not.
  const least = isTraining && !rows[0].tags ? 2 : 1;
  if (rows[0].tags && classNames.length === 0) {
    throw new HarrierError('bad-data', 'no image has a label', {
      where: path,
      expected: `labels such as "cat;dog"${hasParts && isTraining ? ' among the training images' : ''}`,
      next: 'Fill in the column of labels.',
    });
  }
  if (classNames.length < least || classNames.length > 65_536) {
    throw new HarrierError('bad-data', 'these labels cannot be learned', {
      where: path,
      expected: `${least} to 65,536 labels${hasParts && isTraining ? ' among the training images' : ''}`,
      received: classNames.length === 1 ? `only "${classNames[0]}"` : `${classNames.length}`,
    });
  }
  const known = new Set(classNames);
  const stranger = rows.find((row) => labelsOf(row).some((label) => !known.has(label)));
  if (stranger) {
    const label = labelsOf(stranger).find((each) => !known.has(each))!;
    const several = !stranger.tags && label.includes(SEPARATOR);
    throw new HarrierError('bad-data', `no training image has the label "${label}"`, {
      where: `${path}, line ${stranger.line}`,
      next: several
        ? 'If its parts are labels of their own, train with --multi-label.'
        : 'Remove the line, or add training images with that label.',
    });
  }
  return classNames;
}

/** The same line twice counts once. @throws HarrierError `bad-data` where they differ */
function checkTwice(first: ManifestRow, second: ManifestRow, path: string): void {
  if (first.label === second.label && first.part === second.part) return;
  throw new HarrierError(
    'bad-data',
    first.tags
      ? `one image is listed twice, with other labels or in another part: ${second.file}`
      : `one image has two labels or stands in two parts: ${second.file}`,
    {
      where: `${path}, lines ${first.line} and ${second.line}`,
      received: [first, second]
        .map(({ label, part }) => [label, part].filter(Boolean).join(', '))
        .join(' and '),
      next: 'Remove one of the lines.',
    },
  );
}

/**
 * A time as a number that rises with it: a number as it is, else a date (`2026-11-28`, `2026-11-28 10:00:00`, or with
 * colons as cameras write it) in milliseconds since 1970, in UTC where it names no zone.
 */
function timeOf({ time = '', line }: ManifestRow, path: string): number {
  const number = Number(time);
  if (time !== '' && Number.isFinite(number)) return number;
  const date =
    /^(\d{4})[-:/](\d\d)[-:/](\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|[+-]\d\d:?\d\d)?)?$/.exec(time);
  const [, year, month, day, clock = '00:00', zone = 'Z'] = date ?? [];
  const value = date ? Date.parse(`${year}-${month}-${day}T${clock}${zone}`) : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw new HarrierError('bad-data', time === '' ? 'its time is empty' : 'its time cannot be read', {
    where: `${path}, line ${line}`,
    expected: 'a date such as 2026-11-28 or 2026-11-28 10:00:00, or a number',
    ...(time !== '' && { received: time }),
  });
}

function missingFiles(missing: readonly ManifestRow[], total: number, path: string): HarrierError {
  const names = missing.slice(0, NAMED).map(({ file, line }) => `${file} (line ${line})`);
  if (missing.length > NAMED) names.push('…');
  return new HarrierError(
    'bad-data',
    total === 1
      ? 'the file that it names is missing'
      : `${missing.length} of the ${formatQuantity(total, 'file')} that it names ${missing.length === 1 ? 'is' : 'are'} missing`,
    {
      where: path,
      received: names.join(', '),
      next: 'Paths are relative to the folder of the list. Correct them, or have missing files left out.',
      options: ['skipBad'],
    },
  );
}

function keyOf(rows: readonly (readonly string[])[]): string {
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex');
}
