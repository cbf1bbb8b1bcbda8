import { availableParallelism } from 'node:os';
import type { TestTimeAugmentation } from '../../data/views.ts';
import { HarrierError } from '../../errors.ts';
import { type OptimizerConfig, optimizerFrom } from '../../optimizers/index.ts';
import type { RunOptions, RunRecord } from '../../platform/node/run-record.ts';
import { type Recipe, recipeNamed } from '../../recipes/index.ts';
import { shellQuote } from '../terminal.ts';

/** The options of `train` as they were typed. */
export interface TrainOptions {
  readonly recipe?: string;
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
  readonly validationSplit?: number;
  readonly earlyStopping?: number;
  readonly imageSize?: number;
  readonly source?: 'original' | 'npm';
  readonly skipBad?: boolean;
  readonly checkpointSeconds?: number;
  readonly tta?: TestTimeAugmentation;
  readonly json?: boolean;
}

/** Options of a new run: what was given, else the recipe's. */
export function newRunOptions(given: TrainOptions): RunOptions {
  const recipe = recipeNamed(given.recipe ?? 'keras-cnn');
  const { data = 'cifar10' } = given;
  return {
    recipe: recipe.name,
    data,
    epochs: given.epochs ?? recipe.epochs,
    batchSize: given.batchSize ?? recipe.batchSize,
    seed: given.seed ?? 1,
    limit: given.limit,
    threads: Math.min(given.threads ?? availableParallelism(), availableParallelism()),
    optimizer: optimizerConfig(recipe, given),
    loss: recipe.loss ?? {},
    augmentation: recipe.augmentation,
    validationSplit: given.validationSplit ?? recipe.validationSplit,
    earlyStopping: given.earlyStopping,
    imageSize: given.imageSize,
    source: given.source,
    skipBad: given.skipBad ?? false,
    testTimeAugmentation: given.tta ?? recipe.testTimeAugmentation,
  };
}

/** The recipe's optimizer, or another with its own defaults; with every option spelled out. */
function optimizerConfig(recipe: Recipe, { optimizer: name, learningRate }: TrainOptions): OptimizerConfig {
  const isRecipes = name === undefined || name.toLowerCase() === recipe.optimizer.name.toLowerCase();
  const base = isRecipes ? recipe.optimizer : { name };
  return optimizerFrom({ ...base, ...(learningRate !== undefined && { learningRate }) }).config;
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
    ['--limit', given.limit, options.limit],
    ['--learning-rate', given.learningRate, options.optimizer.learningRate],
    ['--optimizer', given.optimizer?.toLowerCase(), options.optimizer.name.toLowerCase()],
    ['--validation-split', given.validationSplit, options.validationSplit],
    ['--early-stopping', given.earlyStopping, options.earlyStopping],
    ['--image-size', given.imageSize, options.imageSize],
    ['--skip-bad', given.skipBad, options.skipBad],
    ['--tta', given.tta, options.testTimeAugmentation ?? 'none'],
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

/** The command that does a run again, from what was typed. */
export function commandLine(typed: readonly string[]): string {
  return ['npx', 'harrier', ...typed].map(shellQuote).join(' ');
}
