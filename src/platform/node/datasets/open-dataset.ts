import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Dataset } from '../../../data/dataset.ts';
import { HarrierError, nearestName } from '../../../errors.ts';
import { hasRecords, recordFolder } from './cifar-records.ts';
import { type Cifar10Options, cifar10, loadCifar10, missingFiles } from './cifar10.ts';
import { CIFAR10_FILES, cifar10Directory } from './cifar10-files.ts';
import { type ImageFolderOptions, imageFolder, type SkippedFile } from './image-folder.ts';
import { knownDataset, knownSet, knownSetDirectory } from './known-dataset.ts';
import { KNOWN_SETS } from './known-sets.ts';
import {
  type KeptCorrections,
  readCorrections,
  type UsedCorrections,
  withCorrections,
} from './label-corrections.ts';
import { isManifestName } from './manifest.ts';
import { isHubDataset, isPackedName } from './packed/index.ts';

/** Which data set to open, and how its images are read. */
export interface OpenDatasetOptions extends Cifar10Options, ImageFolderOptions {
  /** `imageSize` where none is given, for images that are scaled; others keep the size that they have. */
  readonly defaultImageSize?: number;
  /** Other labels and left-out images: by default those kept beside the data (`readMarks`); false: none. */
  readonly marks?: KeptCorrections | false;
}

/** A data set that `openDataset` opened, and where it came from. */
export interface OpenedDataset {
  /** The training images. */
  readonly train: Dataset;
  /** The test images. */
  readonly test: Dataset;
  /** A validation part that an image folder brings along. */
  readonly validation?: Dataset;
  /** Files that were left out (with `skipBad`). */
  readonly skipped: readonly SkippedFile[];
  /** Sentences about what is no error, but may be a mistake. */
  readonly notes?: readonly string[];
  /** The label corrections of its images, where there are any: labels and number of images are theirs. */
  readonly marks?: UsedCorrections;
}

const BUILT_IN = ['cifar10', ...KNOWN_SETS.map(({ name }) => name)];

/**
 * Opens the data that `--data` names: `cifar10`, `cifar100`, `fashion-mnist`, `mnist`; a folder of images (see `imageFolder`); a folder with the six files
 * of CIFAR-10's binary version (or their folder `cifar-10-batches-bin`); or `train` and `test` folders of such files
 * with any number of records. Label corrections made in Studio apply to all parts.
 *
 * @throws HarrierError as `cifar10` and `imageFolder` do; `not-found` when it is neither a name nor a folder
 */
export async function openDataset(spec: string, options: OpenDatasetOptions = {}): Promise<OpenedDataset> {
  const opened = await openUncorrected(spec, options);
  if (options.marks === false) return opened;
  const folder = correctionsFolder(spec, options.cacheDirectory);
  return withCorrections(opened, options.marks ?? (await readCorrections(folder)), folder);
}

/** Whether `--data` names data by a name and no path: a built-in data set, or one of the hub. */
export function isNamedData(spec: string): boolean {
  return BUILT_IN.includes(spec) || isHubDataset(spec);
}

/** The folder in which the label corrections of a data set lie: its own, or its place in the cache. */
export function correctionsFolder(spec: string, cache?: string): string {
  if (spec === 'cifar10') return cifar10Directory(cache);
  const known = knownSet(spec);
  if (known) return knownSetDirectory(known, cache);
  // The hub's have no folder of their own here: corrections of them lie where the command is started.
  if (isHubDataset(spec)) return '.';
  return isManifestName(spec) || isPackedName(spec) ? dirname(spec) : spec;
}

async function openUncorrected(spec: string, options: OpenDatasetOptions): Promise<OpenedDataset> {
  const rule = (['groupBy', 'splitBy'] as const).find((name) => options[name] !== undefined);
  if (
    rule &&
    !(await isImageFolder(spec)) &&
    (BUILT_IN.includes(spec) || (await stat(spec).catch(() => undefined)))
  ) {
    throw new HarrierError('bad-option', 'its images are no files that could be told apart by path or time', {
      where: spec,
      next: 'Leave the option out, or give a folder of images or a list of them.',
      options: [rule],
    });
  }
  if (
    options.multiLabel &&
    !(await isImageFolder(spec)) &&
    (BUILT_IN.includes(spec) || (await stat(spec).catch(() => undefined)))
  ) {
    throw new HarrierError('bad-option', 'its images have one class each', {
      where: spec,
      expected: 'a list (.csv, .jsonl) with a line such as "photo.jpg,cat;dog" for each image',
      next: 'Leave --multi-label out, or give such a list as data.',
      options: ['multiLabel'],
    });
  }
  if (spec === 'cifar10') {
    checkCifar10Size(options.imageSize);
    return { ...(await cifar10(options)), skipped: [] };
  }
  const known = knownSet(spec);
  if (known) {
    checkSize(known.title, known.side, options.imageSize);
    return { ...(await knownDataset(known, options)), skipped: [] };
  }
  if (spec === 'cifar10.1' || spec.startsWith('cifar10.1:')) {
    throw new HarrierError('not-supported', 'CIFAR-10.1 has test images only', {
      where: spec,
      next: 'Evaluate a model on it: npx harrier evaluate RUN --data cifar10.1 PATH.',
    });
  }
  const isHub = isHubDataset(spec);
  if (!isHub && !(await stat(spec).catch(() => undefined))) {
    const near = nearestName(spec, BUILT_IN);
    throw new HarrierError('not-found', 'there is no such data set or folder', {
      where: spec,
      expected: `${BUILT_IN.join(', ')}, or the path of a folder with one sub-folder of images per class, of a list of images (.csv, .jsonl), of an archive (.zip, .tar.gz) or a Parquet file, or hf:datasets/OWNER/NAME`,
      next: near ? `Did you mean "${near}"?` : 'Check the path.',
    });
  }
  const binaries = isHub ? undefined : await cifar10Folder(spec);
  if (binaries) {
    checkCifar10Size(options.imageSize);
    const advice = 'Put the original file there, or take the data set cifar10, which fetches its own copy.';
    return { ...(await loadCifar10(binaries, advice, options)), skipped: [] };
  }
  const records = isHub ? undefined : await recordFolder(spec);
  if (records) {
    checkCifar10Size(options.imageSize);
    return { ...records, skipped: [] };
  }
  return imageFolder(spec, { ...options, imageSize: options.imageSize ?? options.defaultImageSize });
}

/** Whether `--data` names a folder that is read as one of images: neither a data set nor a folder of CIFAR-10's files. */
export async function isImageFolder(spec: string): Promise<boolean> {
  if (BUILT_IN.includes(spec) || spec === 'cifar10.1' || spec.startsWith('cifar10.1:')) return false;
  if (isHubDataset(spec)) return true;
  if (!(await stat(spec).catch(() => undefined))) return false;
  return !(await cifar10Folder(spec)) && !(await hasRecords(spec));
}

function checkCifar10Size(imageSize: number | undefined): void {
  checkSize('CIFAR-10', 32, imageSize);
}

function checkSize(title: string, side: number, imageSize: number | undefined): void {
  if (imageSize === undefined || imageSize === side) return;
  throw new HarrierError('bad-option', `the images of ${title} cannot be scaled`, {
    expected: `${side} × ${side}`,
    received: `${imageSize} × ${imageSize}`,
    next: 'Leave the image size out, or use a folder of images.',
    options: ['imageSize'],
  });
}

/** The folder, or the one that the original archive unpacks to, if it holds any of the six files. */
async function cifar10Folder(path: string): Promise<string | undefined> {
  const count = Object.keys(CIFAR10_FILES).length;
  for (const folder of [path, join(path, 'cifar-10-batches-bin')]) {
    if ((await missingFiles(folder)).length < count) return folder;
  }
  return undefined;
}
