import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { rarestTags } from '../../../data/tags.ts';
import { HarrierError } from '../../../errors.ts';
import { formatQuantity } from '../../../format/format.ts';
import type { FolderPurpose } from './folder-layout.ts';
import type { FolderFile, FolderListing, ListingOptions } from './folder-listing.ts';
import { byCode } from './folder-tree.ts';
import { checkInside, ListedFiles } from './listed-files.ts';
import { type ManifestRow, readManifest, SEPARATOR } from './manifest.ts';

/** Files that are looked at, at the same time. */
const AT_ONCE = 64;
/** Of missing files, so many are named. */
const NAMED = 5;

/** How a list is read. */
export interface ListManifestOptions extends ListingOptions {
  /** Leave out files that a list names and that are not there. */
  readonly skipMissing?: boolean;
  /** Read when images were taken: each line must then say it. */
  readonly withTimes?: boolean;
  /** It came with its images from somebody else: what it names lies beside it, and nothing else is opened. */
  readonly isForeign?: boolean;
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
  }: ListManifestOptions = {},
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
