import type { Dataset } from '../../../data/dataset.ts';
import { HarrierError, nearestName } from '../../../errors.ts';
import { recordFolder } from './cifar-records.ts';
import { type Cifar10Options, cifar10, loadCifar10 } from './cifar10.ts';
import { chosenCorrections } from './class-choice.ts';
import { BUILT_IN, correctionsFolder, type DataKind, dataKind } from './data-kind.ts';
import { type ImageFolderOptions, imageFolder, type SkippedFile } from './image-folder.ts';
import { knownDataset } from './known-dataset.ts';
import {
  type KeptCorrections,
  readCorrections,
  type UsedCorrections,
  withCorrections,
} from './label-corrections.ts';

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
  const kept = chosenCorrections(options.marks ?? (await readCorrections(folder)), options);
  return withCorrections(opened, kept, { spec, root: folder, isWhole: options.classes === undefined });
}

async function openUncorrected(spec: string, options: OpenDatasetOptions): Promise<OpenedDataset> {
  const named = await dataKind(spec);
  checkOptions(spec, named, options);
  switch (named.kind) {
    case 'cifar10':
      return { ...(await cifar10(options)), skipped: [] };
    case 'known':
      return { ...(await knownDataset(named.set, options)), skipped: [] };
    case 'cifar10-files': {
      const advice = 'Put the original file there, or take the data set cifar10, which fetches its own copy.';
      return { ...(await loadCifar10(named.folder, advice, options)), skipped: [] };
    }
    case 'records':
      return { ...(await recordFolder(spec))!, skipped: [] };
    case 'images':
      return imageFolder(spec, { ...options, imageSize: options.imageSize ?? options.defaultImageSize });
    case 'cifar10.1':
      throw new HarrierError('not-supported', 'CIFAR-10.1 has test images only', {
        where: spec,
        next: 'Evaluate a model on it: npx harrier evaluate RUN --data cifar10.1 PATH.',
      });
    case 'missing': {
      const near = nearestName(spec, BUILT_IN);
      throw new HarrierError('not-found', 'there is no such data set or folder', {
        where: spec,
        expected: `${BUILT_IN.join(', ')}, or the path of a folder with one sub-folder of images per class, of a list of images (.csv, .jsonl), of an archive (.zip, .tar.gz) or a Parquet file, or hf:datasets/OWNER/NAME`,
        next: near ? `Did you mean "${near}"?` : 'Check the path.',
      });
    }
  }
}

/** @throws HarrierError `bad-option` for an option that this data has no use for */
function checkOptions(
  spec: string,
  named: DataKind,
  { imageSize, multiLabel, ...rules }: OpenDatasetOptions,
): void {
  if (named.kind === 'images' || named.kind === 'missing' || named.kind === 'cifar10.1') return;
  const labels = (['columns', 'labelBy', 'merge', 'classes'] as const).find(
    (name) => rules[name] !== undefined,
  );
  if (labels) {
    throw new HarrierError('bad-option', 'the classes of this data set are fixed', {
      where: spec,
      next: 'Leave the option out, or give a folder of images or a list of them.',
      options: [labels],
    });
  }
  if (rules.testSplit !== undefined) {
    throw new HarrierError('bad-option', 'this data has test images of its own', {
      where: spec,
      next: 'Leave the option out.',
      options: ['testSplit'],
    });
  }
  const rule = (['groupBy', 'splitBy'] as const).find((name) => rules[name] !== undefined);
  if (rule) {
    throw new HarrierError('bad-option', 'its images are no files that could be told apart by path or time', {
      where: spec,
      next: 'Leave the option out, or give a folder of images or a list of them.',
      options: [rule],
    });
  }
  if (multiLabel) {
    throw new HarrierError('bad-option', 'its images have one class each', {
      where: spec,
      expected: 'a list (.csv, .jsonl) with a line such as "photo.jpg,cat;dog" for each image',
      next: 'Give such a list as data. For images of one class each, leave --multi-label out.',
      options: ['multiLabel'],
    });
  }
  const [title, side] = named.kind === 'known' ? [named.set.title, named.set.side] : ['CIFAR-10', 32];
  if (imageSize === undefined || imageSize === side) return;
  throw new HarrierError('bad-option', `the images of ${title} cannot be scaled`, {
    expected: `${side} × ${side}`,
    received: `${imageSize} × ${imageSize}`,
    next: 'Leave the image size out, or use a folder of images.',
    options: ['imageSize'],
  });
}
