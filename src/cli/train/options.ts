import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import type { AugmentationConfig } from '../../data/augmentation/index.ts';
import type { ClassWeight } from '../../data/class-weight.ts';
import type { Sampling } from '../../data/epoch-order.ts';
import type { Resolution } from '../../data/resolution.ts';
import type { TestTimeAugmentation } from '../../data/views.ts';
import { HarrierError } from '../../errors.ts';
import { highestRate, optimizerFrom } from '../../optimizers/index.ts';
import { type FoundRecipe, findRecipe, recipeIn } from '../../platform/node/recipe-files.ts';
import type { RunOptions, RunRecord } from '../../platform/node/run-record.ts';
import { type Recipe, readSettings, type Settings, withSettings } from '../../recipes/index.ts';
import { shellQuote } from '../terminal.ts';

/** The options of `train` as they were typed. */
export interface TrainOptions {
  readonly recipe?: string;
  /** The file to find `recipe` in by its name, where that is not the current folder's; absolute. */
  readonly recipeFile?: string;
  /** Settings of the recipe, each as `name=value`. */
  readonly set?: readonly string[];
  readonly data?: string;
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly seed?: number;
  readonly limit?: number;
  readonly out?: string;
  readonly resume?: string;
  readonly threads?: number;
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

/** A new run: its recipe with the settings that were given, and its options. */
export interface NewRun {
  readonly recipe: Recipe;
  readonly options: RunOptions;
  /** Settings of the recipe that were given. */
  readonly chosen: readonly string[];
}

/** Options of a new run: what was given, else the recipe's. */
export async function newRun(given: TrainOptions): Promise<NewRun> {
  const { recipe: found, file } = await givenRecipe(given);
  const settings = givenSettings(found, given);
  const recipe = withSettings(found, settings);
  const { data = 'cifar10' } = given;
  return {
    recipe,
    chosen: Object.keys(settings),
    options: {
      recipe: recipe.name,
      ...(file && { recipeFile: file }),
      ...(recipe.options && { recipeOptions: recipe.options }),
      data,
      epochs: recipe.epochs,
      batchSize: recipe.batchSize,
      seed: given.seed ?? 1,
      limit: given.limit,
      threads: Math.min(given.threads ?? availableParallelism(), availableParallelism()),
      optimizer: optimizerFrom(recipe.optimizer).config,
      loss: recipe.loss ?? {},
      augmentation: given.augment ?? recipe.augmentation,
      sampling: given.sampling ?? recipe.sampling,
      classWeight: given.classWeight ?? recipe.classWeight,
      microBatch: given.microBatch ?? recipe.microBatch,
      averageMomentum: given.averageMomentum ?? recipe.averageMomentum,
      resolution: given.resolution ?? recipe.resolution,
      validationSplit: recipe.validationSplit,
      earlyStopping: given.earlyStopping,
      imageSize: given.imageSize,
      source: given.source,
      skipBad: given.skipBad ?? false,
      ...(given.marks && { marks: given.marks }),
      testTimeAugmentation: given.tta ?? recipe.testTimeAugmentation,
      ...(given.calibrate === false && { calibrate: false }),
    },
  };
}

function givenRecipe({ recipe, recipeFile }: TrainOptions): Promise<FoundRecipe> {
  return recipe !== undefined && recipeFile ? recipeIn(recipeFile, recipe) : findRecipe(recipe);
}

/** The same options in words that mean the same in every folder: for runs that are begun later. */
export async function fromAnywhere<T extends Pick<TrainOptions, 'recipe' | 'data'>>(given: T): Promise<T> {
  const { recipe, file } = await findRecipe(given.recipe);
  const isFile = file !== undefined && given.recipe !== undefined && resolve(given.recipe) === file;
  const { data } = given;
  const isFolder = data !== undefined && data !== 'cifar10' && (await stat(data).catch(() => undefined));
  return {
    ...given,
    recipe: isFile ? file : recipe.name,
    ...(file && !isFile && { recipeFile: file }),
    ...(isFolder && { data: resolve(data) }),
  };
}

/** Those options that are settings of the recipe; an option of its own counts before `--set`. */
export function givenSettings(
  recipe: Recipe,
  { set = [], epochs, batchSize, optimizer, learningRate, validationSplit }: TrainOptions,
): Settings {
  const own = { epochs, batchSize, learningRate, validationSplit };
  return {
    ...readSettings(recipe, optimizer === undefined ? set : [...set, `optimizer=${optimizer}`]),
    ...(Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)) as Settings),
  };
}

/**
 * Options of a run that goes on: its own. More epochs and another number of threads may be given.
 * @throws HarrierError `bad-option` for what cannot change
 */
export function resumedOptions(record: RunRecord, given: TrainOptions): RunOptions {
  const { options } = record;
  const fixed: [option: string, value: unknown, own: unknown][] = [
    ['--recipe', given.recipe, options.recipe],
    ['--data', given.data, options.data],
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
    epochs: given.epochs ?? options.epochs,
    threads: Math.min(given.threads ?? options.threads, availableParallelism()),
    source: given.source ?? options.source,
  };
}

/** What can be compared; undefined where nothing was given. */
function jsonOf(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

/** The command that does a run again, from what was typed. */
export function commandLine(typed: readonly string[]): string {
  return ['npx', 'harrier', ...typed].map(shellQuote).join(' ');
}
