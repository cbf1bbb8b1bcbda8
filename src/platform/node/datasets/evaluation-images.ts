import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { correctedDataset } from '../../../data/corrected.ts';
import type { Dataset } from '../../../data/dataset.ts';
import type { FolderRules } from '../../../data/folder-rules.ts';
import { HarrierError } from '../../../errors.ts';
import { formatCount, formatQuantity } from '../../../format/format.ts';
import { foldedImages } from '../../../runs/folded-images.ts';
import type { RunOptions } from '../../../runs/run-record.ts';
import { CIFAR10_HASHES } from './cifar10.ts';
import { choiceWithin, chosenCorrections, withClasses } from './class-choice.ts';
import { correctionsFolder, isImageFolder } from './data-kind.ts';
import type { FolderListing } from './folder-listing.ts';
import { evaluationFolder } from './image-folder.ts';
import { correctionsByIndex, readCorrections } from './label-corrections.ts';
import { type LabelRules, labelRules } from './label-rules.ts';
import { listImages } from './list-images.ts';
import { type OpenDatasetOptions, type OpenedDataset, openDataset } from './open-dataset.ts';

/** What a model learned from, as far as that is known. */
export interface KnownTraining {
  /** Where the data of its run lies, and how it was split. */
  readonly path?: string;
  readonly rules?: FolderRules;
  /** `Dataset.hash` of its training and test images. */
  readonly trainHash?: string;
  readonly testHash?: string;
  /** What else decided which images are its test images. */
  readonly options?: Pick<
    RunOptions,
    'folds' | 'seed' | 'limit' | 'testSplit' | 'groupBy' | 'splitBy' | keyof LabelRules
  >;
}

/** Images that a model is evaluated on. */
export interface EvaluationImages {
  readonly dataset: Dataset;
  readonly part: 'all' | 'test' | 'train' | 'validation';
  /** Images of the data set, all its parts together. */
  readonly total: number;
  /** Which images they are, and why those: for people, without a full stop; empty where there are no others. */
  readonly which: string;
  readonly notes: readonly string[];
  /** With `by`: what it says of each image, by the image's file. */
  readonly values?: ReadonlyMap<string, string>;
  /** The data set as training has it, where it was opened so. */
  readonly opened?: OpenedDataset;
}

export interface EvaluationImagesOptions extends OpenDatasetOptions {
  /** The part that somebody asked for. */
  readonly split?: 'test' | 'train';
  /** What else is to be known of each image: a column of the list, or an expression over paths with a capture. */
  readonly by?: string;
}

/**
 * The images to evaluate a model on: of a folder that the model was not trained on all, or those of its test part; of
 * the data that it was trained on, the test images that training set aside.
 *
 * @throws HarrierError as `openDataset` does; a folder with one class, or a test part alone, is enough; `not-supported` for
 *   `by` where images are no files
 */
export async function evaluationImages(
  spec: string,
  known: KnownTraining,
  { by, ...options }: EvaluationImagesOptions,
): Promise<EvaluationImages> {
  // What is mistyped is told before any image is read.
  const values = by === undefined ? undefined : await valuesOf(spec, known, options, by);
  const images = await chosenImages(spec, known, options);
  return values ? { ...images, values } : images;
}

/** What a column or an expression says of each image, by its file. */
async function valuesOf(
  spec: string,
  known: KnownTraining,
  given: OpenDatasetOptions,
  by: string,
): Promise<ReadonlyMap<string, string>> {
  if (!(await isImageFolder(spec))) throw classesAlone(spec);
  const { listing } = await listedAsTrained(spec, known, given, by);
  return new Map(
    listing.files.flatMap(({ path }, slot): [string, string][] => {
      const value = listing.values![slot];
      return value === undefined ? [] : [[resolve(listing.root, path), value]];
    }),
  );
}

/** What cannot be asked of images that are no files. */
export function classesAlone(where: string): HarrierError {
  return new HarrierError('not-supported', 'nothing is known of these images but their classes', {
    where,
    next: 'Leave the option out, or give a folder or a list of images.',
    options: ['by'],
  });
}

async function chosenImages(
  spec: string,
  known: KnownTraining,
  { split, ...given }: Omit<EvaluationImagesOptions, 'by'>,
): Promise<EvaluationImages> {
  const isFolder = await isImageFolder(spec);
  if (known.path !== undefined && (await isSamePlace(spec, known.path))) {
    const own = known.options && labelRules(known.options);
    const opened = await openedAsTrained(spec, known, { ...given, ...own, ...labelRules(given) }, split);
    if (split) return partOf(opened, split, `--split ${split}`);
    const isSetAside = isFolder || known.options?.folds !== undefined;
    return partOf(opened, 'test', isSetAside ? 'the test images that training set aside' : 'its test part');
  }
  if (!isFolder) {
    const part = split ?? 'test';
    return partOf(await openDataset(spec, given), part, split ? `--split ${part}` : `its ${part} part`);
  }
  const { options, files } = await readAsTrained(spec, known, given);
  const hasTest = files.some(({ part }) => part === 'test');
  // Training took its test images from the others where the folder has none.
  const isSplit = !hasTest && !files.some(({ part }) => part === 'validation');
  if (isSplit && (known.testHash ?? known.trainHash) !== undefined) {
    const trainedOn = await sameData(spec, known, options, split);
    if (trainedOn && split) return partOf(trainedOn, split, `--split ${split}`);
    if (trainedOn) return partOf(trainedOn, 'test', 'the test images that training set aside');
  }
  if (split === 'train' || (split === 'test' && !hasTest)) {
    return partOf(await openDataset(spec, options), split, `--split ${split}`);
  }
  return evaluatedFolder(spec, options);
}

/**
 * Lists other data than that of a run by the rules of the run for labels: the same columns or expression where the data
 * fits them, and the same merged and chosen classes as far as it has them. What was given goes before.
 */
async function readAsTrained(
  spec: string,
  known: KnownTraining,
  given: OpenDatasetOptions,
): Promise<{ readonly options: OpenDatasetOptions; readonly files: FolderListing['files'] }> {
  const { merge, classes } = given;
  const { used, listing } = await listedAsTrained(spec, known, given);
  const choice =
    merge || classes ? { merge, classes } : choiceWithin(listing.classNames, known.options ?? {});
  const { files } = withClasses(listing, { ...choice, purpose: 'evaluation' });
  return { options: { ...given, ...used, ...choice }, files };
}

/** Lists data with all their classes. */
async function listedAsTrained(
  spec: string,
  { options: own }: KnownTraining,
  given: OpenDatasetOptions,
  by?: string,
): Promise<{ readonly used: LabelRules; readonly listing: FolderListing }> {
  const { multiLabel, skipBad: skipMissing, cacheDirectory, onProgress, signal } = given;
  const listed = (rules: LabelRules) =>
    listImages(spec, {
      ...{ purpose: 'evaluation', multiLabel, skipMissing, cacheDirectory, onProgress, signal, by },
      ...rules,
    });
  const formOf = ({ columns, labelBy }: LabelRules) => labelRules({ columns, labelBy });
  const [form, ownForm] = [formOf(given), formOf(own ?? {})];
  const used = { ...ownForm, ...form };
  try {
    return { used, listing: await listed(used) };
  } catch (error) {
    if (!(error instanceof HarrierError) || Object.keys(ownForm).length === 0) throw error;
    return { used: form, listing: await listed(form) };
  }
}

/** The built-in data set that a model says it was trained or tested on. */
export function builtInData({ trainHash, testHash }: KnownTraining): string | undefined {
  return trainHash === CIFAR10_HASHES.train || testHash === CIFAR10_HASHES.test ? 'cifar10' : undefined;
}

async function evaluatedFolder(spec: string, options: OpenDatasetOptions): Promise<EvaluationImages> {
  const imageSize = options.imageSize ?? options.defaultImageSize;
  const { dataset, part, total, notes } = await evaluationFolder(spec, { ...options, imageSize });
  const folder = correctionsFolder(spec, options.cacheDirectory);
  const kept =
    options.marks === false
      ? {}
      : chosenCorrections(options.marks ?? (await readCorrections(folder)), options);
  const marked = correctedDataset(dataset, correctionsByIndex(dataset, kept, folder).marks);
  const others = total - dataset.size;
  const which =
    part === 'all'
      ? allText(marked, total)
      : `${countText(marked.size, total)}, its ${part} part${others > 0 ? '; the others are skipped' : ''}`;
  return { dataset: marked, part, total, which, notes };
}

/**
 * @param options with the rules for labels that these data have, which may be written otherwise than those of the run
 * @throws HarrierError `bad-data` where the model was trained on all images
 */
async function openedAsTrained(
  spec: string,
  { rules = 1, options: own }: KnownTraining,
  options: OpenDatasetOptions,
  split: 'test' | 'train' | undefined,
): Promise<OpenedDataset> {
  const folds = own?.folds;
  const { testSplit, groupBy, splitBy } = own ?? {};
  const pooled = folds !== undefined;
  const division = { rules, testSplit, groupBy, splitBy, pooled, isNew: false };
  const opened = await openDataset(spec, { ...options, ...division });
  if (!own || !folds) return opened;
  const folded = foldedImages({ ...opened, rules }, own);
  if (folds.held === undefined && folded.isTest && split !== 'train') throw trainedOnAll(spec);
  return { ...opened, ...folded };
}

function trainedOnAll(spec: string): HarrierError {
  return new HarrierError('bad-data', 'the model was trained on all these images', {
    where: spec,
    next: 'What the models of its cross-validation say of them is in evaluation.json and out-of-fold.csv of its run. Evaluate it on other images.',
  });
}

function partOf(opened: OpenedDataset, part: 'test' | 'train', why: string): EvaluationImages {
  const total = opened.train.size + opened.test.size + (opened.validation?.size ?? 0);
  const dataset = opened[part];
  return {
    dataset,
    part,
    total,
    which: `${countText(dataset.size, total)}, ${why}`,
    notes: opened.notes ?? [],
    opened,
  };
}

function allText({ size }: Dataset, total: number): string {
  return size === total
    ? `all ${formatQuantity(total, 'image')}`
    : `${countText(size, total)}, without excluded ones`;
}

function countText(count: number, total: number): string {
  return `${formatCount(count)} of ${formatQuantity(total, 'image')}`;
}

/** The folder as it is split for training, where a model names it as its data; undefined where it does not. */
async function sameData(
  spec: string,
  { trainHash, testHash, options: own }: KnownTraining,
  options: OpenDatasetOptions,
  split: 'test' | 'train' | undefined,
): Promise<OpenedDataset | undefined> {
  const all = await openDataset(spec, { ...options, pooled: true }).catch(() => undefined);
  // Where there is a test part, nothing is pooled.
  if (all && split !== 'train' && all.train.hash === all.test.hash && all.train.hash === trainHash) {
    throw trainedOnAll(spec);
  }
  let found: OpenedDataset | undefined;
  for (const rules of own?.folds ? ([3, 2, 1] as const) : ([2, 1] as const)) {
    try {
      const opened = await openedAsTrained(spec, { rules, options: own }, options, 'train');
      if (opened.test.hash !== testHash && opened.train.hash !== trainHash) continue;
      found = opened;
      break;
    } catch (error) {
      // What cannot be split was not trained on.
      if (!(error instanceof HarrierError)) throw error;
    }
  }
  const isOfAll = own?.folds !== undefined && own.folds.held === undefined;
  if (found && isOfAll && split !== 'train') throw trainedOnAll(spec);
  return found;
}

async function isSamePlace(a: string, b: string): Promise<boolean> {
  const [first, second] = await Promise.all([a, b].map((path) => realpath(path).catch(() => resolve(path))));
  if (first === second) return true;
  // A folder that is mounted in two places has one number.
  const [one, other] = await Promise.all([first, second].map((path) => stat(path).catch(() => undefined)));
  return (
    one !== undefined &&
    other !== undefined &&
    one.ino !== 0 &&
    one.ino === other.ino &&
    one.dev === other.dev
  );
}
