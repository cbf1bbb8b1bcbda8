import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { AugmentationConfig } from '../../data/augmentation/index.ts';
import type { ClassWeight } from '../../data/class-weight.ts';
import type { Sampling } from '../../data/epoch-order.ts';
import type { Resolution } from '../../data/resolution.ts';
import type { TestTimeAugmentation } from '../../data/views.ts';
import { HarrierError } from '../../errors.ts';
import type { TunedPart } from '../../models/index.ts';
import { highestRate } from '../../optimizers/index.ts';
import { findModel } from '../../platform/node/runs/find-run.ts';
import { type FoundRecipe, findRecipe, recipeIn } from '../../platform/node/runs/recipe-files.ts';
import { startingModel } from '../../platform/node/runs/starting-model.ts';
import {
  fineTuningMethod,
  type Recipe,
  readSettings,
  type Settings,
  type TrainingMethod,
  withSettings,
} from '../../recipes/index.ts';
import type { Device } from '../../runs/device.ts';
import { runOptions } from '../../runs/run-options.ts';
import type { RunOptions, RunRecord } from '../../runs/run-record.ts';
import type { StartingModel } from '../../runs/starting-model.ts';
import { shellQuote } from '../terminal.ts';

/** The options of `train` as they were typed. */
export interface TrainOptions {
  readonly recipe?: string;
  /** The file to find `recipe` in by its name, where that is not the current folder's; absolute. */
  readonly recipeFile?: string;
  /** Settings of the recipe, each as `name=value`. */
  readonly set?: readonly string[];
  /** The model to fine-tune; true: the one that comes with Harrier. */
  readonly from?: string | true;
  /** What of it is trained. */
  readonly trainable?: TunedPart;
  readonly data?: string;
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly seed?: number;
  readonly limit?: number;
  readonly out?: string;
  readonly resume?: string;
  readonly threads?: number;
  readonly device?: Device;
  readonly learningRate?: number;
  readonly optimizer?: string;
  readonly augment?: readonly AugmentationConfig[];
  readonly sampling?: Sampling;
  readonly classWeight?: ClassWeight;
  readonly resolution?: Resolution;
  readonly validationSplit?: number;
  readonly earlyStopping?: number;
  readonly imageSize?: number;
  readonly source?: 'original' | 'npm';
  readonly skipBad?: boolean;
  readonly marks?: 'none';
  readonly checkpointSeconds?: number;
  readonly tta?: TestTimeAugmentation;
  /** False with --no-calibrate. */
  readonly calibrate?: boolean;
  readonly microBatch?: number;
  readonly averageMomentum?: number;
  /** So many runs, with seeds one after another from `seed`. */
  readonly seeds?: number;
  /** The folder of the seeds that this run is one of: what to go on with. */
  readonly partOf?: string;
  /** The first of those seeds' runs, where there is one: this one must be like it. */
  readonly like?: RunRecord;
  /** The command that does this run again, where it is not the one that was typed. */
  readonly words?: readonly string[];
  readonly json?: boolean;
}

/** A new run: its recipe with the settings that were given, or the model that it fine-tunes, and its options. */
export interface NewRun {
  readonly recipe?: Recipe;
  readonly from?: StartingModel;
  readonly options: RunOptions;
  /** Settings that were given. */
  readonly chosen: readonly string[];
}

/** Options of a new run: what was given, else those of the recipe, or of a fine-tuning. */
export async function newRun(given: TrainOptions): Promise<NewRun> {
  if (given.from !== undefined) return newFineTuning(given, given.from);
  if (given.trainable !== undefined) {
    throw new HarrierError('bad-option', 'a recipe trains its whole network', {
      where: '--trainable',
      next: 'Leave it out, or say what to fine-tune: --from MODEL.',
    });
  }
  const { recipe: found, file } = await givenRecipe(given);
  const settings = givenSettings(found, given);
  const recipe = withSettings(found, settings);
  return {
    recipe,
    chosen: Object.keys(settings),
    options: {
      ...optionsOf(recipe, given),
      ...(file && { recipeFile: file }),
      ...(recipe.options && { recipeOptions: recipe.options }),
      testTimeAugmentation: given.tta ?? recipe.testTimeAugmentation,
    },
  };
}

/** @throws HarrierError when there is no such model, it cannot be trained on, or an option does not suit it */
async function newFineTuning(given: TrainOptions, model: string | true): Promise<NewRun> {
  if (given.recipe !== undefined) {
    throw new HarrierError('bad-option', '--recipe and --from exclude each other', {
      next: 'A model that is fine-tuned keeps its own network: leave one of them out.',
    });
  }
  const { trainable = 'head' } = given;
  const from = await startingModel(model === true ? undefined : model);
  checkImageSize(from, given.imageSize);
  const { name, path, hash } = from;
  const known = fineTuningMethod(from.network, trainable);
  const settings = givenSettings(known, given);
  const options = optionsOf(withSettings(known, settings), given);
  // A model that averages mirror images should know them.
  const mirrors = options.augmentation?.some((each) => each.name === 'RandomFlip');
  return {
    from,
    chosen: Object.keys(settings),
    options: {
      ...options,
      from: { name, ...(path && { path }), hash, trainable },
      testTimeAugmentation: given.tta ?? (mirrors ? from.testTimeAugmentation : 'none'),
    },
  };
}

/** @throws HarrierError `bad-option` for another size than the one that the model looks at */
function checkImageSize({ name, network: { inputShape } }: StartingModel, given: number | undefined): void {
  const [height, width] = inputShape;
  if (given === undefined || (given === height && given === width)) return;
  throw new HarrierError('bad-option', `${name} looks at images of one size, and keeps it`, {
    where: '--image-size',
    expected: `${width}`,
    received: `${given}`,
    next: 'Leave it out: images are scaled to what the model needs.',
  });
}

/** What every run has: on a processor, with as many threads as there are cores unless fewer were given. */
function optionsOf(method: TrainingMethod, given: TrainOptions): RunOptions {
  const threads = Math.min(given.threads ?? availableParallelism(), availableParallelism());
  return runOptions(method, { ...given, threads });
}

function givenRecipe({ recipe, recipeFile }: TrainOptions): Promise<FoundRecipe> {
  return recipe !== undefined && recipeFile ? recipeIn(recipeFile, recipe) : findRecipe(recipe);
}

/** The same options in words that mean the same in every folder: for runs that are begun later. */
export async function fromAnywhere<T extends Pick<TrainOptions, 'recipe' | 'from' | 'data'>>(
  given: T,
): Promise<T> {
  const { data, from } = given;
  return {
    ...given,
    ...(from === undefined && (await recipeFromAnywhere(given.recipe))),
    ...(typeof from === 'string' && { from: (await findModel(from)).modelFile }),
    ...(data !== undefined && { data: await dataFromAnywhere(data) }),
  };
}

/** The same data in words that mean the same in every folder: a folder by its absolute path. */
export async function dataFromAnywhere(data: string): Promise<string> {
  const isFolder = data !== 'cifar10' && (await stat(data).catch(() => undefined));
  return isFolder ? resolve(data) : data;
}

async function recipeFromAnywhere(
  name: string | undefined,
): Promise<Pick<TrainOptions, 'recipe' | 'recipeFile'>> {
  const { recipe, file } = await findRecipe(name);
  const isFile = file !== undefined && name !== undefined && resolve(name) === file;
  return { recipe: isFile ? file : recipe.name, ...(file && !isFile && { recipeFile: file }) };
}

/** Those options that are settings of the recipe; an option of its own counts before `--set`. */
export function givenSettings(
  recipe: TrainingMethod,
  { set = [], epochs, batchSize, optimizer, learningRate, validationSplit }: TrainOptions,
): Settings {
  const own = { epochs, batchSize, learningRate, validationSplit };
  return {
    ...readSettings(recipe, optimizer === undefined ? set : [...set, `optimizer=${optimizer}`]),
    ...(Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)) as Settings),
  };
}

/**
 * Options of a resumed run: its own. More epochs, another number of threads, another device, and another place of the
 * same data may be given.
 * @throws HarrierError `bad-option` for what cannot change
 */
export function resumedOptions(record: RunRecord, given: TrainOptions): RunOptions {
  const { options } = record;
  const fixed: [option: string, value: unknown, own: unknown][] = [
    ['--recipe', given.recipe, options.recipe],
    ['--from', nameOf(given.from), options.from && nameOf(options.from.path ? options.from.name : true)],
    ['--trainable', given.trainable, options.from?.trainable],
    ['--batch-size', given.batchSize, options.batchSize],
    ['--seed', given.seed, options.seed],
    ['--micro-batch', given.microBatch, options.microBatch],
    ['--average-momentum', given.averageMomentum, options.averageMomentum],
    ['--limit', given.limit, options.limit],
    ['--learning-rate', given.learningRate, highestRate(options.optimizer.learningRate)],
    ['--optimizer', given.optimizer?.toLowerCase(), options.optimizer.name.toLowerCase()],
    ['--augment', jsonOf(given.augment), JSON.stringify(options.augmentation ?? [])],
    ['--sampling', given.sampling, options.sampling ?? 'natural'],
    ['--class-weight', jsonOf(given.classWeight), jsonOf(options.classWeight)],
    ['--resolution', jsonOf(given.resolution), jsonOf(options.resolution)],
    ['--validation-split', given.validationSplit, options.validationSplit],
    ['--early-stopping', given.earlyStopping, options.earlyStopping],
    ['--image-size', given.imageSize, options.imageSize],
    ['--skip-bad', given.skipBad, options.skipBad],
    ['--marks', given.marks, options.marks],
    ['--no-calibrate', given.calibrate === false ? false : undefined, options.calibrate ?? true],
    ['--tta', given.tta, options.testTimeAugmentation ?? 'none'],
    ['--set', given.set?.join(' '), undefined],
    ['--out', given.out, undefined],
  ];
  for (const [option, value, own] of fixed) {
    if (value === undefined || value === own) continue;
    throw new HarrierError(
      'bad-option',
      `a run that goes on keeps its own options: ${option} cannot change`,
      {
        expected: own === undefined ? 'none' : `${own}`,
        received: `${value}`,
        next: 'Leave it out, or start a new run without --resume.',
      },
    );
  }
  if (given.epochs !== undefined && given.epochs < options.epochs) {
    throw new HarrierError('bad-option', 'a run that goes on can have more epochs, but not fewer', {
      where: '--epochs',
      expected: `at least ${options.epochs}`,
      received: `${given.epochs}`,
    });
  }
  return {
    ...options,
    data: given.data ?? options.data,
    epochs: given.epochs ?? options.epochs,
    threads: Math.min(given.threads ?? options.threads, availableParallelism()),
    ...(given.device && { device: given.device === 'gpu' ? given.device : undefined }),
    source: given.source ?? options.source,
  };
}

/** A model to fine-tune, in words. */
function nameOf(model: string | true | undefined): string | undefined {
  return model === true ? 'the model that comes with Harrier' : model;
}

/** What can be compared; undefined where nothing was given. */
function jsonOf(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

/** The command that does a run again, from what was typed. */
export function commandLine(typed: readonly string[]): string {
  return ['npx', 'harrier', ...typed].map(shellQuote).join(' ');
}
