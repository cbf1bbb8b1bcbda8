import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Dataset } from '../../../data/dataset.ts';
import type { OnProgress } from '../../../data/progress.ts';
import { validationSplit } from '../../../data/split.ts';
import { firstImages } from '../../../data/subset.ts';
import { HarrierError } from '../../../errors.ts';
import { formatCount, formatQuantity } from '../../../format/format.ts';
import type { DataFacts } from '../../../evaluation/index.ts';
import {
  Network,
  type NetworkConfig,
  type TrainedNetwork,
  type Weights,
  withNewHead,
} from '../../../models/index.ts';
import { type Optimizer, optimizerFrom } from '../../../optimizers/index.ts';
import {
  fineTuningLength,
  lengthForFewImages,
  networkOf,
  normalizationOf,
  type Recipe,
  withSettings,
} from '../../../recipes/index.ts';
import type { Runtime } from '../../../runtime/index.ts';
import { checkFit, checkMemory } from '../../../training/index.ts';
import { fromField } from './check-record.ts';
import { describeHardware } from '../engine/hardware.ts';
import { openDataset } from '../datasets/open-dataset.ts';
import { openRuntime } from '../engine/open-runtime.ts';
import { findRecipe } from './recipe-files.ts';
import { RUN_FILES } from './run-folder.ts';
import { RUN_FORMAT, type RunData, type RunOptions, type RunRecord } from './run-record.ts';
import { type StartingModel, sameStartingModel } from './starting-model.ts';
import { HARRIER_VERSION } from '../version.ts';

/** All that a run needs, checked, before anything is written. */
export interface PreparedRun {
  readonly options: RunOptions;
  readonly data: RunData;
  readonly network: Network;
  /** What a fine-tuning begins with; absent where the seed draws it. */
  readonly firstWeights?: () => Promise<Weights>;
  readonly optimizer: Optimizer;
  readonly runtime: Runtime;
  readonly train: Dataset;
  readonly validation?: Dataset;
  readonly test: Dataset;
  /** Files of the data folder that were left out. */
  readonly skipped: number;
  /** Sentences about the data that its owner should read. */
  readonly notes: readonly string[];
}

export interface PrepareOptions {
  /** Default: the one that the options name, as `findRecipe` finds it. */
  readonly recipe?: Recipe;
  /** In place of a recipe, with the option `from`: the model that it names. */
  readonly from?: StartingModel;
  /** Settings of that recipe that somebody chose: few images do not change them. */
  readonly chosen?: readonly string[];
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/**
 * Opens the data and builds the network of a run.
 *
 * @param stored the network and data of a run that is to go on: the network is then not built by the recipe, and the
 *   data must be the same
 * @throws HarrierError when an option, the data or the network cannot be used, or they do not fit together
 */
export async function prepareRun(
  wanted: RunOptions,
  { onProgress, signal, recipe: given, from, chosen }: PrepareOptions = {},
  stored?: { readonly network: NetworkConfig; readonly data: RunData },
): Promise<PreparedRun> {
  const recipe =
    stored || from
      ? undefined
      : withSettings(given ?? (await findRecipe(wanted.recipe)).recipe, wanted.recipeOptions ?? {});
  const own = <T>(field: string, make: () => T): T =>
    stored ? fromField(field, RUN_FILES.record, make) : make();
  const optimizer = own('options.optimizer', () => optimizerFrom(wanted.optimizer));
  const spec = await dataSpec(wanted.data, stored?.data.path);
  const { imageSize, source, skipBad } = wanted;
  // A run that goes on keeps the marks that it began with.
  const marks = stored ? (stored.data.marks?.images ?? false) : wanted.marks && false;
  // A fine-tuned model looks at images of the size that it always did.
  const inputShape = from?.network.inputShape ?? (wanted.from && stored?.network.inputShape);
  const opened = await openDataset(spec, {
    imageSize,
    defaultImageSize: inputShape?.[1],
    source,
    skipBad,
    marks,
    onProgress,
    signal,
  });
  const limited = wanted.limit === undefined ? opened.train : firstImages(opened.train, wanted.limit);
  const { train, validation = opened.validation } =
    wanted.validationSplit > 0
      ? validationSplit(limited, wanted.validationSplit, wanted.seed)
      : { train: limited };
  const options: RunOptions = {
    ...wanted,
    ...(given && lengthForFewImages(given, wanted, train.size, chosen)),
    ...(from && lengthOfFineTuning(wanted, train.size, chosen)),
  };
  const { height, width } = train.imageShape;
  if (from) checkSize(from, train);
  const tuned = (model: TrainedNetwork) =>
    withNewHead(model, {
      classes: train.classNames.length,
      trainable: wanted.from!.trainable,
      seed: wanted.seed,
    });
  const begun = from && tuned(from);
  const network =
    begun?.network ??
    (recipe
      ? networkOf(recipe, {
          inputShape: [height, width, 3],
          classes: train.classNames.length,
          normalization: recipe.normalization === 'data' ? normalizationOf(train) : undefined,
        })
      : own('network', () => Network.from(stored!.network)));
  checkFit({ ...options, network, train, validation });
  const data: RunData = {
    ...(options.data !== 'cifar10' && { path: resolve(spec) }),
    train: factsOf(train),
    ...(validation && { validation: factsOf(validation) }),
    test: factsOf(opened.test),
    classNames: train.classNames,
    imageShape: train.imageShape,
    ...(opened.marks && { marks: opened.marks }),
  };
  if (stored) checkSameData(data, stored.data);
  const runtime = await openRuntime(options);
  const batch = Math.min(options.batchSize, train.size);
  const { loss, microBatch, averageMomentum } = options;
  await checkMemory({ network, optimizer, loss, runtime, batch, microBatch, averageMomentum });
  return {
    options,
    data,
    network,
    ...(wanted.from && {
      firstWeights: async () => (begun ?? tuned(await sameStartingModel(wanted.from!))).weights,
    }),
    optimizer,
    runtime,
    train,
    validation,
    test: opened.test,
    skipped: opened.skipped.length,
    notes: [...(opened.notes ?? []), ...(from ? [] : lengthNote(wanted, options, train.size))],
  };
}

/** How long a fine-tuning takes, but for what somebody chose. */
function lengthOfFineTuning(
  { batchSize, epochs, from }: RunOptions,
  images: number,
  chosen: readonly string[] = [],
): Pick<RunOptions, 'batchSize' | 'epochs'> {
  const length = fineTuningLength(
    images,
    from!.trainable,
    chosen.includes('batchSize') ? batchSize : undefined,
  );
  return { ...length, ...(chosen.includes('epochs') && { epochs }) };
}

/** @throws HarrierError `bad-data` when the images have another size than those that a model looks at */
function checkSize({ network: { inputShape }, name: model }: StartingModel, { name, imageShape }: Dataset) {
  if (imageShape.height === inputShape[0] && imageShape.width === inputShape[1]) return;
  throw new HarrierError('bad-data', `its images have another size than those that ${model} looks at`, {
    where: name,
    expected: `${inputShape[1]} × ${inputShape[0]}`,
    received: `${imageShape.width} × ${imageShape.height}`,
    next: 'Fine-tune another model, or give a folder of images, which are scaled.',
    options: ['from', 'data'],
  });
}

/** What few images have changed, if anything. */
function lengthNote(before: RunOptions, now: RunOptions, images: number): string[] {
  const changed = [
    ...(before.batchSize === now.batchSize
      ? []
      : [`batches of ${now.batchSize} in place of ${formatCount(before.batchSize)} (--batch-size)`]),
    ...(before.epochs === now.epochs ? [] : [`${now.epochs} epochs in place of ${before.epochs} (--epochs)`]),
  ];
  if (changed.length === 0) return [];
  const have = formatQuantity(images, 'image');
  return [
    `${now.recipe} is made for more than ${have}. To have enough steps it takes ${changed.join(' and ')}.`,
  ];
}

/** The record of a run that is about to begin. */
export function newRecord(run: PreparedRun, command: string, now: Date = new Date()): RunRecord {
  return {
    format: RUN_FORMAT,
    id: randomUUID(),
    command,
    created: now.toISOString(),
    options: run.options,
    data: run.data,
    network: run.network.config(),
    versions: {
      harrier: HARRIER_VERSION,
      node: process.versions.node,
      'onnxruntime-node': run.runtime.name.split(' ')[1],
    },
    hardware: describeHardware(run.options.device),
  };
}

/** A path as given; where that leads nowhere from here, the absolute one that the run began with. */
async function dataSpec(given: string, path: string | undefined): Promise<string> {
  if (path === undefined || (await stat(given).catch(() => undefined))) return given;
  return path;
}

function factsOf({ name, size, hash }: Dataset): DataFacts {
  return { name, images: size, hash };
}

function checkSameData(now: RunData, then: RunData): void {
  for (const part of ['train', 'validation', 'test'] as const) {
    if (now[part]?.hash === then[part]?.hash) continue;
    throw new HarrierError('bad-data', 'the data has changed since the run began', {
      where: now[part]?.name ?? then[part]?.name,
      expected: `SHA-256 ${then[part]?.hash ?? 'of no images'}`,
      received: now[part]?.hash ?? 'no images',
      next: 'Put the old data back, or start a new run.',
    });
  }
}
