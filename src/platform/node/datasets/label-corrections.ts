import { readFile, stat } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import {
  type Correction,
  type CorrectionCounts,
  correctedDataset,
  countCorrections,
} from '../../../data/corrected.ts';
import type { Dataset } from '../../../data/dataset.ts';
import {
  CORRECTIONS_REMEDY,
  checkCorrections,
  type KeptCorrections,
  type UsedCorrections,
} from '../../../data/kept-corrections.ts';
import { HarrierError } from '../../../errors.ts';
import { isObject } from '../../../options/values.ts';
import { writeAtomically } from '../files/cache.ts';
import { readError } from '../files/read-error.ts';
import { absentNotes, unlearnableNotes } from './folder-notes.ts';
import { isHubDataset, isPackedName } from './packed/index.ts';

export {
  checkCorrections,
  type KeptCorrection,
  type KeptCorrections,
  type UsedCorrections,
} from '../../../data/kept-corrections.ts';

/** Where label corrections lie: in the folder of a data set, beside its images. */
export const CORRECTIONS_FILE = 'harrier-marks.json';

const FORMAT = 1;

/** Paths that are not written in the shortest way. */
const INDIRECT = /^\/|(?:^|\/)\.{0,2}(?:\/|$)/;

/** What an image is called in a file of label corrections. @param root the folder of the data set, where it is one of files */
export function correctionKey(dataset: Dataset, index: number, root: string): string {
  return keyOf(dataset.describe(index), root);
}

function keyOf(source: string, root: string): string {
  // What relative() would find, which takes its time with a million images.
  const rest = sep === '/' && root !== '' && source.startsWith(`${root}/`) && source.slice(root.length + 1);
  if (rest && !INDIRECT.test(rest)) return rest;
  const path = relative(resolve(root), resolve(source));
  return path.startsWith('..') || isAbsolute(path) ? source : path.split(sep).join('/');
}

/**
 * The label corrections kept in a folder; none where there is no such file.
 * @throws HarrierError `bad-data` when the file cannot be used
 */
export async function readCorrections(folder: string): Promise<KeptCorrections> {
  const file = join(folder, CORRECTIONS_FILE);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return {};
    throw readError(error, file, 'file');
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (cause) {
    throw new HarrierError('bad-data', 'these label corrections are not JSON', {
      where: file,
      next: CORRECTIONS_REMEDY,
      cause,
    });
  }
  if (isObject(content) && Number(content.format) > FORMAT) {
    throw new HarrierError('bad-data', 'these label corrections were made by a newer version of Harrier', {
      where: file,
      expected: `format ${FORMAT}`,
      received: `format ${content.format}`,
      next: 'Update Harrier.',
    });
  }
  return checkCorrections(isObject(content) ? content.images : undefined, file);
}

/** Writes the label corrections of a folder; what is there appears whole. @throws HarrierError `storage` */
export async function writeCorrections(folder: string, images: KeptCorrections): Promise<void> {
  const sorted = Object.fromEntries(Object.entries(images).sort(([a], [b]) => (a < b ? -1 : 1)));
  const text = `${JSON.stringify({ format: FORMAT, images: sorted }, undefined, 1)}\n`;
  await writeAtomically(join(folder, CORRECTIONS_FILE), text, 'make the folder of the data set writable');
}

/** The label corrections of a data set's images. */
export interface CorrectionsByIndex {
  readonly marks: ReadonlyMap<number, Correction>;
  /** What those of its images are called in the file of corrections. */
  readonly used: ReadonlySet<string>;
  /** Those of them that name a class which the data set does not have, with that name. */
  readonly classless: ReadonlyMap<string, string>;
}

/** Finds the label corrections of a data set's images by index. */
export function correctionsByIndex(
  dataset: Dataset,
  kept: KeptCorrections,
  root: string,
): CorrectionsByIndex {
  const marks = new Map<number, Correction>();
  const used = new Set<string>();
  const classless = new Map<string, string>();
  if (Object.keys(kept).length === 0) return { marks, used, classless };
  for (let index = 0; index < dataset.size; index++) {
    const key = correctionKey(dataset, index, root);
    if (!Object.hasOwn(kept, key)) continue;
    used.add(key);
    const { label, excluded } = kept[key];
    const place = label === undefined ? -1 : dataset.classNames.indexOf(label);
    if (label !== undefined && place < 0 && !excluded && !dataset.tags) classless.set(key, label);
    // A correction names one class, which says nothing of several labels.
    const isNews = place >= 0 && place !== dataset.labels[index] && !dataset.tags;
    if (isNews || excluded)
      marks.set(index, { ...(isNews && { label: place }), ...(excluded && { excluded }) });
  }
  return { marks, used, classless };
}

interface Splits {
  readonly train: Dataset;
  readonly test: Dataset;
  readonly validation?: Dataset;
  readonly notes?: readonly string[];
}

const PARTS = ['train', 'test', 'validation'] as const;

/** Where a data set lies. */
interface Place {
  /** What `--data` names. */
  readonly spec: string;
  /** The folder with its label corrections. */
  readonly root: string;
  /** Whether it has all images of its folder: those of other classes may be left out. Default true. */
  readonly isWhole?: boolean;
}

/** A data set as its label corrections have it; `marks` is absent where none of them is of one of its images. */
export async function withCorrections<T extends Splits>(
  opened: T,
  kept: KeptCorrections,
  { spec, root, isWhole = true }: Place,
): Promise<T & { readonly marks?: UsedCorrections }> {
  if (Object.keys(kept).length === 0) return opened;
  const all = new Set<string>();
  const classless = new Map<string, string>();
  const datasets: Partial<Record<(typeof PARTS)[number], Dataset>> = {};
  const counts: Partial<Record<(typeof PARTS)[number], CorrectionCounts>> = {};
  for (const part of PARTS) {
    const dataset = opened[part];
    if (!dataset) continue;
    const found = correctionsByIndex(dataset, kept, root);
    for (const key of found.used) all.add(key);
    for (const [key, label] of found.classless) classless.set(key, label);
    datasets[part] = correctedDataset(dataset, found.marks);
    counts[part] = countCorrections(found.marks);
  }
  const unused = isWhole ? Object.keys(kept).filter((key) => !all.has(key)) : [];
  const areGone = await Promise.all(unused.map((key) => isGone(key, spec, root)));
  const lost = unused.filter((_, i) => areGone[i]);
  const images = Object.fromEntries(Object.entries(kept).filter(([key]) => all.has(key)));
  const { train = opened.train, test = opened.test } = datasets;
  // Of these, the corrected images decide.
  const absent = absentNotes(opened.test);
  const others = opened.notes?.filter((note) => !absent.includes(note)) ?? [];
  const notes = [
    ...others,
    ...(opened.test === opened.train ? [] : absentNotes(test)),
    ...unlearnableNotes(train),
    ...(lost.length > 0 ? [lostNote(root, lost)] : []),
    ...(classless.size > 0 ? [classlessNote(root, classless)] : []),
  ];
  return {
    ...opened,
    ...datasets,
    ...((opened.notes || notes.length > 0) && { notes }),
    ...(all.size > 0 && { marks: { ...(counts as Required<typeof counts>), images } }),
  };
}

/**
 * Whether an image with a label correction that a data set does not have was one of its own: lists and archives of one
 * folder share a file of corrections, and so do all data sets of the hub.
 */
async function isGone(key: string, spec: string, root: string): Promise<boolean> {
  if (isHubDataset(spec) || isPackedName(spec)) return key.startsWith(`${keyOf(spec, root)}/`);
  if (isHubDataset(key) || key.split('/').slice(0, -1).some(isPackedName)) return false;
  // An image outside of the folder is called by its whole path.
  const found = await Promise.all([resolve(root, key), key].map((path) => stat(path).catch(() => undefined)));
  return found.every((info) => info === undefined);
}

function lostNote(root: string, lost: readonly string[]): string {
  const what =
    lost.length === 1
      ? 'a label correction is of an image'
      : `${lost.length} label corrections are of images`;
  return `${join(root, CORRECTIONS_FILE)}: ${what} no longer there (${shortList(lost)}).`;
}

function classlessNote(root: string, classless: ReadonlyMap<string, string>): string {
  const [what, it] =
    classless.size === 1
      ? ['a label correction names a class that the data does not have', 'it is']
      : [`${classless.size} label corrections name classes that the data does not have`, 'they are'];
  const names = shortList([...classless].map(([image, label]) => `${image}: ${label}`));
  return `${join(root, CORRECTIONS_FILE)}: ${what} (${names}), so ${it} not used.`;
}

function shortList(names: readonly string[]): string {
  return `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', …' : ''}`;
}
