import type { Dataset, ImageShape } from '../data/dataset.ts';
import type { FolderRules } from '../data/folder-rules.ts';
import type { UsedCorrections } from '../data/kept-corrections.ts';
import { isStretched } from '../data/preprocessing.ts';
import { HarrierError } from '../errors.ts';
import type { DataInfo } from '../evaluation/index.ts';
import { formatCount, formatNumber, formatQuantity } from '../format/format.ts';
import { checkHeadKind } from '../heads/index.ts';
import type { NetworkConfig } from '../models/index.ts';
import { highestRate, optimizerFrom } from '../optimizers/index.ts';
import { fineTuningSplit } from '../recipes/index.ts';
import type { Runtime } from '../runtime/index.ts';
import { checkMemory, type StepGraph } from '../training/index.ts';
import { checkAdaptive } from './check-adaptive.ts';
import { checkReject } from './check-reject.ts';
import { type FoldedImages, foldedImages } from './folded-images.ts';
import { checkHeadMemory, coldNote, isWarmedUp } from './head-memory.ts';
import { plannedOptions, planRun, type RunMethod, type RunPlan } from './plan-run.ts';
import type { RunData, RunOptions } from './run-record.ts';
import type { StartingModel } from './starting-model.ts';
import { type TrainingImages, trainingImages } from './training-images.ts';

/** All that a run needs, checked, before anything is written. */
export interface PreparedRun extends RunPlan, TrainingImages {
  /** Names, sizes and hashes of the data, for `run.json`. */
  readonly data: RunData;
  /** The engine that trains and evaluates. */
  readonly runtime: Runtime;
  /** The graph of a whole step, where memory was checked by it. */
  readonly stepGraph?: StepGraph;
  /** Whether memory does not suffice to fit the new last layer of a fine-tuning on features before its first step. */
  readonly isCold?: boolean;
  /** The test images. */
  readonly test: Dataset;
  /** Of a cross-validation, the images that are divided into folds. */
  readonly folding?: Pick<FoldedImages, 'pool' | 'division' | 'isTest'>;
  /** Files of the data folder that were left out. */
  readonly skipped: number;
  /** Sentences about the data that its owner should read. */
  readonly notes: readonly string[];
}

/** Data as a platform opens it. */
export interface OpenedData extends TrainingImages {
  readonly test: Dataset;
  /** Where it lies, if it is a folder: an absolute path. */
  readonly path?: string;
  /** How it was split; default 4. */
  readonly rules?: FolderRules;
  /** Files that were left out. */
  readonly skipped: number;
  readonly notes?: readonly string[];
  /** The label corrections that it was opened with. */
  readonly marks?: UsedCorrections;
}

/** A resumed run, as its record has it. */
export interface StoredPlan {
  readonly network: NetworkConfig;
  readonly data: RunData;
}

/** How a platform opens what a run needs. */
export interface RunSources {
  /** @param side that of images that are scaled, where the options name none */
  openData(options: RunOptions, side: number | undefined, stored: RunData | undefined): Promise<OpenedData>;
  openRuntime(options: RunOptions): Promise<Runtime>;
}

/**
 * Opens the data and makes the network of a run.
 *
 * @param stored the network and data of a run that is resumed: the network is then not built by the recipe, and the
 *   data must be the same
 * @throws HarrierError when an option, the data or the network cannot be used, or they do not fit together
 */
export async function prepareRun(
  given: RunOptions,
  sources: RunSources,
  method: RunMethod,
  stored?: StoredPlan,
): Promise<PreparedRun> {
  // A fine-tuned model looks at images as it always did, unless the options say otherwise.
  const wanted = method.from ? { ...preprocessingField(method.from), ...given } : given;
  const inputShape = method.from?.network.inputShape ?? (wanted.from && stored?.network.inputShape);
  const whole = await sources.openData(wanted, inputShape?.[1], stored?.data);
  const folded = wanted.folds && foldedImages(whole, wanted);
  const opened = { ...whole, ...folded };
  const split = { ...wanted, validationSplit: splitOf(wanted, opened, method) };
  const { images: first, notes } = trainingImages(opened, split, opened.rules);
  const plan = planRun(split, first, stored ? { stored: stored.network, reopen: method.reopen } : method);
  const { images, options } = seenByAll(plan.options, first, opened);
  const { network, optimizer } = plan;
  if (options.head) checkHeadKind(options.head, options);
  checkReject(options, network, images.validation?.size);
  checkAdaptive(options, images.validation !== undefined);
  const begun = dataOf(opened, first, folded?.pool);
  if (stored) checkSameData(begun, stored.data);
  const data = images === first ? begun : dataOf(opened, images, folded?.pool);
  const runtime = await sources.openRuntime(options);
  const batch = Math.min(options.batchSize, images.train.size);
  const { loss, microBatch, averageMomentum } = options;
  const memory = { network, optimizer, loss, runtime, batch, microBatch, averageMomentum };
  const fitting = { train: images.train, network, options, runtime };
  if (options.head === 'linear') checkHeadMemory(fitting);
  const cold = isWarmedUp({ options }) ? coldNote(fitting) : undefined;
  // Where the head alone is fitted, on features, nothing is differentiated but the head.
  const stepGraph = options.head ? undefined : await checkMemory(memory);
  return {
    ...plan,
    options,
    ...images,
    data,
    runtime,
    stepGraph,
    ...(cold && { isCold: true }),
    test: opened.test,
    ...(folded && { folding: folded }),
    skipped: opened.skipped,
    notes: [
      ...(opened.notes ?? []),
      ...(folded?.division.notes ?? []),
      ...notes,
      ...splitNote(wanted, split, images),
      // A run that goes on has its first weights, or was told.
      ...(cold && !stored ? [cold] : []),
      ...(method.recipe ? lengthNote(wanted, options, images.train.size) : []),
    ],
  };
}

/**
 * What the models of several seeds have learned from, of a run that averages them: what one has set aside, others have
 * seen, unless images were set aside by their time.
 */
function seenByAll(
  options: RunOptions,
  images: TrainingImages,
  opened: TrainingImages & Pick<OpenedData, 'rules'>,
): { readonly images: TrainingImages; readonly options: RunOptions } {
  const { seeds, validationSplit, splitBy } = options;
  if (!seeds || validationSplit === 0 || splitBy) return { images, options };
  const all = { ...options, validationSplit: 0, earlyStopping: undefined };
  return { images: trainingImages(opened, all, opened.rules).images, options: all };
}

/**
 * The options that a new run on some images would have, and how many images each part: nothing is built or computed.
 *
 * @throws HarrierError as `trainingImages`
 */
export function previewRun(
  wanted: RunOptions,
  opened: TrainingImages & Pick<OpenedData, 'rules'>,
  method: RunMethod,
): { readonly options: RunOptions; readonly images: TrainingImages } {
  const split = { ...wanted, validationSplit: splitOf(wanted, opened, method) };
  const { images } = trainingImages(opened, split, opened.rules);
  return { options: plannedOptions(split, images.train.size, method), images };
}

/** Fraction of images with several labels that is set aside where nobody says: thresholds are chosen on them. */
const THRESHOLD_SPLIT = 0.1;

/** The fraction to set aside: what was asked for, else what suits a fine-tuning of so many images. */
function splitOf(
  { validationSplit, limit, from: tuned, folds, head, testTimeAugmentation = 'none' }: RunOptions,
  { train, validation }: TrainingImages,
  { from, chosen = [], stored }: RunMethod,
): number {
  const isOpen = !stored && !validation && !chosen.includes('validationSplit');
  // A head has the images that its cross-validation holds out, but looks at each once.
  const hasHeldOut = head !== undefined && testTimeAugmentation === 'none';
  if (train.tags && !hasHeldOut && isOpen && validationSplit === 0) return THRESHOLD_SPLIT;
  if (!from || folds || validation || chosen.includes('validationSplit')) return validationSplit;
  const images = Math.min(train.size, limit ?? train.size);
  return Math.max(validationSplit, fineTuningSplit(from.network, images, tuned!.trainable));
}

function splitNote(before: RunOptions, now: RunOptions, { validation }: TrainingImages): string[] {
  if (before.validationSplit === now.validationSplit || !validation) return [];
  const images = formatQuantity(validation.size, 'training image');
  return [
    `${images} are set aside to choose the best epoch and to calibrate the model (--validation-split 0: none).`,
  ];
}

function dataOf(
  { test, path, rules, marks }: OpenedData,
  { train, validation }: TrainingImages,
  pool?: Dataset,
): RunData {
  return {
    ...(path !== undefined && { path }),
    ...partsOf({ train, validation }),
    test: factsOf(test),
    ...(pool && { pool: factsOf(pool) }),
    classNames: train.classNames,
    imageShape: shapeOf(train),
    ...(rules !== undefined && { rules }),
    ...(marks && { marks }),
  };
}

/** Names, sizes and hashes of the images that are trained and validated on. */
export function partsOf({ train, validation }: TrainingImages): Pick<RunData, 'train' | 'validation'> {
  return { train: factsOf(train), ...(validation && { validation: factsOf(validation) }) };
}

/** What few images have changed, if anything. */
function lengthNote(before: RunOptions, now: RunOptions, images: number): string[] {
  const changed = [
    ...(before.batchSize === now.batchSize
      ? []
      : [`batches of ${now.batchSize} in place of ${formatCount(before.batchSize)} (--batch-size)`]),
    ...(before.epochs === now.epochs ? [] : [`${now.epochs} epochs in place of ${before.epochs} (--epochs)`]),
  ];
  const have = formatQuantity(images, 'image');
  return [
    ...(changed.length > 0
      ? [
          `${now.recipe} is made for more than ${have}. To have enough steps it takes ${changed.join(' and ')}.`,
        ]
      : []),
    ...ratesNote(before, now, images),
  ];
}

/** Which learning rates a smaller batch has lowered, if any. */
function ratesNote(before: RunOptions, now: RunOptions, images: number): string[] {
  if (before.optimizer === now.optimizer) return [];
  const [old, own] = [before, now].map((options) => {
    const { config, groups } = optimizerFrom(options.optimizer);
    return [config, ...groups.map(({ optimizer }) => optimizer.config)].map(({ name, learningRate }) => ({
      name,
      rate: highestRate(learningRate),
    }));
  });
  const lowered = own.findIndex(({ rate }, i) => rate < old[i].rate);
  if (lowered < 0) return [];
  const factor = formatNumber(own[lowered].rate / old[lowered].rate, 2);
  const batch = formatCount(Math.min(now.batchSize, images));
  return [
    `In batches of ${batch}, the learning rates of ${own[lowered].name} are ${factor} times the recipe's.`,
  ];
}

function preprocessingField({ preprocessing }: StartingModel): Pick<RunOptions, 'preprocessing'> {
  return isStretched(preprocessing) ? {} : { preprocessing };
}

function shapeOf({ imageShape: { height, width, channels } }: Dataset): ImageShape {
  return { height, width, channels };
}

function factsOf({ name, size, hash }: Dataset): DataInfo {
  return { name, images: size, hash };
}

function checkSameData(now: RunData, then: RunData): void {
  for (const part of ['train', 'validation', 'test'] as const) {
    if (now[part]?.hash === then[part]?.hash) continue;
    // A run that is told where its data is now has no path of its own any more.
    const hasMoved = now.path !== undefined && then.path === undefined;
    const what = hasMoved
      ? 'this is not the data that the run began with'
      : 'the data has changed since the run began';
    throw new HarrierError('bad-data', what, {
      where: now[part]?.name ?? then[part]?.name,
      expected: `SHA-256 ${then[part]?.hash ?? 'of no images'}`,
      received: now[part]?.hash ?? 'no images',
      next: 'Restore the old data, or start a new run.',
    });
  }
}
