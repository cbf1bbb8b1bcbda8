import { resolve } from 'node:path';
import type { AugmentationConfig } from '../../data/augmentation/index.ts';
import type { Dataset } from '../../data/dataset.ts';
import { type Resize, STRETCHED, withResize } from '../../data/preprocessing.ts';
import { channelStatistics } from '../../data/statistics.ts';
import { imagesOfEach } from '../../data/tags.ts';
import { HarrierError } from '../../errors.ts';
import { formatCount, formatQuantity, printable } from '../../format/format.ts';
import {
  CIFAR10_FILES,
  cifar10Directory,
  verifyCifar10,
} from '../../platform/node/datasets/cifar10-files.ts';
import { dataKind, isNamedData } from '../../platform/node/datasets/data-kind.ts';
import { type LabelRules, labelRules } from '../../platform/node/datasets/label-rules.ts';
import { type OpenedDataset, openDataset } from '../../platform/node/datasets/open-dataset.ts';
import { previewImage } from '../../platform/node/images/preview.ts';
import { photoSide } from '../../platform/node/runs/photo-side.ts';
import { findRecipe } from '../../platform/node/runs/recipe-files.ts';
import { Exit } from '../failure.ts';
import { checkOutput, markedPng, writeOutput } from '../output.ts';
import { Reporter } from '../reporter.ts';

/** The options of `data` as they were typed. */
export interface DataOptions extends LabelRules {
  readonly preview?: string;
  readonly augment?: readonly AugmentationConfig[];
  readonly recipe?: string;
  readonly force?: boolean;
  readonly verify?: boolean;
  readonly imageSize?: number;
  readonly resize?: Resize;
  readonly source?: 'original' | 'npm';
  readonly skipBad?: boolean;
  readonly multiLabel?: boolean;
  readonly testSplit?: number;
  readonly groupBy?: string;
  readonly splitBy?: 'time';
  readonly marks?: 'none';
  readonly json?: boolean;
}

/** `harrier data`. */
export async function runData(name: string, options: DataOptions): Promise<void> {
  const reporter = new Reporter({ machine: options.json });
  if (options.verify) {
    await verify(name, options, reporter);
    return;
  }
  const augmentation = await augmentationToShow(options);
  reporter.status(`opening ${name} …`);
  const { imageSize, resize, source, skipBad, marks, multiLabel, testSplit, groupBy, splitBy } = options;
  if (options.preview !== undefined) {
    if (!/\.png$/i.test(options.preview)) {
      throw new HarrierError('bad-option', 'the preview must be a PNG file', {
        where: '--preview',
        expected: 'a file name that ends in .png',
        received: `"${options.preview}"`,
      });
    }
    await checkOutput(resolve(options.preview), { option: '--preview', force: options.force });
  }
  const opened = await openDataset(name, {
    imageSize,
    preprocessing: resize && withResize(STRETCHED, resize),
    source,
    skipBad,
    multiLabel,
    ...labelRules(options),
    testSplit,
    groupBy,
    splitBy,
    marks: marks && false,
    onProgress: reporter.work,
  });
  // Opened in the size of a small network: of photos, train reads more.
  const side =
    imageSize === undefined ? await photoSide(name, { multiLabel, ...labelRules(options) }) : undefined;
  const description = { ...describe(name, opened), ...(side !== undefined && { typicalSide: side }) };
  if (options.preview !== undefined) {
    const path = resolve(options.preview);
    const png = await previewImage(opened.train, { augmentation });
    await writeOutput(path, markedPng(png), { option: '--preview', force: options.force });
    reporter.note(`Wrote ${options.preview}`);
  }
  for (const note of description.notes) reporter.note(`Note: ${note}`);
  if (options.json) reporter.json(description);
  else printDescription(description, reporter);
}

/** The augmentation that a preview shows, if any. */
async function augmentationToShow({
  preview,
  augment,
  recipe,
}: DataOptions): Promise<readonly AugmentationConfig[] | undefined> {
  if (augment === undefined && recipe === undefined) return undefined;
  if (preview === undefined) {
    throw new HarrierError('bad-option', 'this option needs --preview', {
      where: augment ? '--augment' : '--recipe',
      next: 'Add --preview FILE.png.',
    });
  }
  if (augment && recipe !== undefined) {
    throw new HarrierError('bad-option', '--augment and --recipe cannot be combined');
  }
  return augment ?? (await findRecipe(recipe)).recipe.augmentation ?? [];
}

/** @throws HarrierError `bad-option` for other data */
async function directoryOfCifar10(name: string): Promise<string> {
  const kind = await dataKind(name);
  if (kind.kind === 'cifar10') return cifar10Directory();
  if (kind.kind === 'cifar10-files') return kind.folder;
  throw new HarrierError('bad-option', 'the hashes of these files are not known', {
    where: `--verify ${name}`,
    expected: `cifar10, or a folder with its files (${Object.keys(CIFAR10_FILES)[0]}, …)`,
  });
}

async function verify(name: string, { json }: DataOptions, reporter: Reporter): Promise<void> {
  const directory = await directoryOfCifar10(name);
  const files = await verifyCifar10(directory);
  const ok = files.every((file) => file.ok);
  if (json) reporter.json({ directory, ok, files });
  else {
    for (const file of files) {
      const state = file.ok ? 'good' : file.actual === undefined ? 'missing' : 'DAMAGED';
      reporter.print(`${state.padEnd(7)}  ${file.name}  SHA-256 ${file.actual ?? '–'}`);
    }
    reporter.print(reporter.style.faint(directory));
  }
  if (ok) return;
  const bad = files.filter((file) => !file.ok).map((file) => file.name);
  reporter.error(
    new HarrierError(
      'bad-data',
      `${bad.length} of ${files.length} files are missing or damaged (${bad.join(', ')})`,
      {
        where: directory,
        next: 'Delete the damaged files; `npx harrier data cifar10` downloads missing ones.',
      },
    ).message,
  );
  throw new Exit(1);
}

type Description = ReturnType<typeof describe> & {
  /** The longer side of the typical photo, where images are scaled down here. */
  readonly typicalSide?: number;
};

function describe(name: string, { train, validation, test, skipped, notes = [] }: OpenedDataset) {
  const part = (dataset: Dataset) => ({
    name: dataset.name,
    images: dataset.size,
    hash: dataset.hash,
    perClass: [...imagesOfEach(dataset)],
  });
  const { mean, standardDeviation } = channelStatistics(train);
  return {
    name,
    path: name === 'cifar10' ? cifar10Directory() : isNamedData(name) ? name : resolve(name),
    classNames: train.classNames,
    imageShape: train.imageShape,
    train: part(train),
    ...(validation && { validation: part(validation) }),
    test: part(test),
    mean,
    standardDeviation,
    skipped,
    notes,
  };
}

function printDescription(description: Description, reporter: Reporter): void {
  const { name, path, classNames, imageShape, train, validation, test, mean, standardDeviation, skipped } =
    description;
  const { typicalSide } = description;
  const size = `${imageShape.width} × ${imageShape.height}`;
  const images =
    typicalSide === undefined
      ? `images of ${size}`
      : `photos of ${typicalSide} pixels or so, scaled to ${size} here`;
  const { style } = reporter;
  const parts = [
    ['train', train],
    ['validation', validation],
    ['test', test],
  ] as const;
  const there = parts.flatMap(([title, part]) => (part ? [{ title, ...part }] : []));
  reporter.print(style.strong(`${name}: ${classNames.length} classes, ${images}`));
  reporter.print();
  const names = ['class', ...classNames.map(printable), 'in all'];
  const width = Math.max(...names.map((each) => [...each].length));
  const row = (first: string, cells: readonly string[]) =>
    [first + ' '.repeat(width - [...first].length), ...cells.map((cell) => cell.padStart(10))].join('  ');
  reporter.print(
    style.faint(
      row(
        names[0],
        there.map(({ title }) => title),
      ),
    ),
  );
  classNames.forEach((_, i) => {
    reporter.print(
      row(
        names[i + 1],
        there.map(({ perClass }) => formatCount(perClass[i])),
      ),
    );
  });
  reporter.print(
    style.faint(
      row(
        'in all',
        there.map(({ images }) => formatCount(images)),
      ),
    ),
  );
  reporter.print();
  const figures = (values: readonly number[]) => values.map((value) => value.toFixed(2)).join('  ');
  reporter.print(`Mean of red, green, blue   ${figures(mean)}`);
  reporter.print(`Standard deviation         ${figures(standardDeviation)}`);
  for (const { title, hash } of there) reporter.print(`SHA-256 of ${title.padEnd(15)} ${hash}`);
  reporter.print(`Path                       ${path}`);
  if (skipped.length > 0) {
    reporter.note(
      `Skipped ${formatQuantity(skipped.length, 'file')} that ${skipped.length === 1 ? 'is no usable image' : 'are no usable images'}:`,
    );
    for (const { file, reason } of skipped.slice(0, 20)) reporter.note(`  ${printable(file)}: ${reason}`);
    if (skipped.length > 20) reporter.note(`  and ${formatCount(skipped.length - 20)} more`);
  }
}
