import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { STRETCHED } from '../../data/preprocessing.ts';
import { HarrierError } from '../../errors.ts';
import { highestRate } from '../../optimizers/index.ts';
import { flagOf } from '../../options/option.ts';
import { type OptionName, optionsOf as optionsOfCommand } from '../../options/table.ts';
import { ADAPTIVE_VIEWS } from '../../options/words.ts';
import { publicAddress } from '../../platform/node/backbones/public-address.ts';
import { isNamedData } from '../../platform/node/datasets/data-kind.ts';
import { findModel } from '../../platform/node/runs/find-run.ts';
import type { TrainOptions } from '../../platform/node/runs/new-run.ts';
import { findRecipe } from '../../platform/node/runs/recipe-files.ts';
import { isElsewhere } from '../../platform/node/runs/starting-model.ts';
import { shellQuote } from '../../platform/node/shell-quote.ts';
import type { RunOptions, RunRecord } from '../../runs/run-record.ts';

export type { TrainOptions } from '../../platform/node/runs/new-run.ts';

/** The same options in words that mean the same in every folder: for runs that are begun later. */
export async function fromAnywhere<T extends Pick<TrainOptions, 'recipe' | 'from' | 'data'>>(
  given: T,
): Promise<T> {
  const { data, from } = given;
  return {
    ...given,
    ...(from === undefined && (await recipeFromAnywhere(given.recipe))),
    ...(typeof from === 'string' &&
      !(await isElsewhere(from)) && { from: (await findModel(from)).modelFile }),
    ...(data !== undefined && { data: await dataFromAnywhere(data) }),
  };
}

/** Where data is that has moved, and how it is read now, for runs that are resumed; nothing for runs that begin. */
export async function movedData({
  resume,
  data,
  skipBad,
}: TrainOptions): Promise<Pick<TrainOptions, 'data' | 'skipBad'>> {
  if (resume === undefined) return {};
  return { ...(data !== undefined && { data: await dataFromAnywhere(data) }), ...(skipBad && { skipBad }) };
}

/** The same data in words that mean the same in every folder: a file or folder by its absolute path. */
async function dataFromAnywhere(data: string): Promise<string> {
  const isPath = !isNamedData(data) && (await stat(data).catch(() => undefined));
  return isPath ? resolve(data) : data;
}

async function recipeFromAnywhere(
  name: string | undefined,
): Promise<Pick<TrainOptions, 'recipe' | 'recipeFile'>> {
  const { recipe, file } = await findRecipe(name);
  const isFile = file !== undefined && name !== undefined && resolve(name) === file;
  return { recipe: isFile ? file : recipe.name, ...(file && !isFile && { recipeFile: file }) };
}

/**
 * Options of a resumed run: its own. More epochs, another number of threads, another device, another place of the same
 * data, and that files that are no images are skipped may be given.
 * @throws HarrierError `bad-option` for what cannot change
 */
export function resumedOptions(record: RunRecord, given: TrainOptions): RunOptions {
  const { options } = record;
  for (const [name, { type, flag, onResume }] of optionsOfCommand('train')) {
    const value = name === 'from' && given.from === true ? SHIPPED : given[name];
    const isDefault = type.kind === 'boolean' && value === (flag?.name?.startsWith('--no-') ?? false);
    if (onResume !== undefined || value === undefined || isDefault) continue;
    const own = ownValue(name, options);
    if (words(value) === words(own)) continue;
    throw new HarrierError(
      'bad-option',
      `a resumed run keeps its own options: ${flag?.name ?? flagOf(name)} cannot change`,
      {
        expected: words(own) ?? 'none',
        received: words(value),
        next: 'Leave it out, or start a new run without --resume.',
      },
    );
  }
  if (given.epochs !== undefined && given.epochs < options.epochs) {
    throw new HarrierError('bad-option', 'a resumed run can have more epochs, but not fewer', {
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
    skipBad: given.skipBad || options.skipBad,
  };
}

/** The model that `--from` means where it names none. */
const SHIPPED = 'the model that comes with Harrier';

/** The value of an option of `train` that a run began with. */
function ownValue(name: OptionName, options: RunOptions): unknown {
  const { from, optimizer } = options;
  switch (name) {
    case 'from':
      return from && (from.path ? from.name : SHIPPED);
    case 'trainable':
      return from?.trainable;
    case 'learningRate':
      return highestRate(optimizer.learningRate);
    case 'optimizer':
      return optimizer.name;
    case 'resize':
      return options.preprocessing?.resize ?? STRETCHED.resize;
    case 'augment':
      return options.augmentation ?? [];
    case 'sampling':
      return options.sampling ?? 'natural';
    case 'loss':
      return options.loss.name === 'asymmetric' ? 'asymmetric' : 'crossentropy';
    case 'tta':
      return options.adaptiveViews ? ADAPTIVE_VIEWS : (options.testTimeAugmentation ?? 'none');
    case 'calibrate':
    case 'keepBest':
      return options[name] ?? true;
    default:
      return (options as unknown as Readonly<Record<string, unknown>>)[name];
  }
}

/** A value as errors show it, which also tells whether two are the same; undefined where there is none. */
function words(value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  const isTexts = Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === 'string');
  return isTexts ? value.join(' ') : JSON.stringify(value);
}

/** A list such as `csv=all.csv,mlflow=https://…` without the addresses. */
function withoutAddresses(list: string): string {
  const parts = list.split(',').map((part) => /^([^=]+)=[a-z][\w+.-]*:\/\//i.exec(part)?.[1] ?? part);
  return parts.join(',');
}

/**
 * Options as a record on disk keeps them: a web address without its secrets, and no trackers, whose addresses may be
 * secrets as a whole. Both are given again with `--resume`.
 */
export function keptOptions<T extends Pick<TrainOptions, 'from' | 'logTo'>>(given: T): T {
  const { from } = given;
  return { ...given, logTo: undefined, ...(typeof from === 'string' && { from: publicAddress(from) }) };
}

/** Options of several runs that go on: those of their record, with the model's whole address, and where the data is now. */
export async function givenAgain(
  kept: TrainOptions,
  { from, data }: Pick<TrainOptions, 'from' | 'data'>,
): Promise<TrainOptions> {
  return {
    ...keptOptions(kept),
    ...(from !== undefined && { from }),
    ...(data !== undefined && { data: await dataFromAnywhere(data) }),
  };
}

/** Whether `--from` gives a model of a record again, with what its address lacks there. */
export function isSameModel(from: unknown, kept: string | true | undefined): from is string {
  return typeof from === 'string' && typeof kept === 'string' && publicAddress(from) === publicAddress(kept);
}

/** What was typed, without the secrets of web addresses. */
export function withoutSecrets(typed: readonly string[]): string[] {
  return typed.map((word, i) => {
    const [flag = ''] = /^--[\w-]+=/.exec(word) ?? [];
    const value = word.slice(flag.length);
    const isTrackers = flag === '--log-to=' || (flag === '' && typed[i - 1] === '--log-to');
    // `mlflow=https://…`: the whole address of a tracker may be a secret.
    return flag + (isTrackers ? withoutAddresses(value) : publicAddress(value));
  });
}

/** The command that does a run again, from what was typed, without the secrets of web addresses. */
export function commandLine(typed: readonly string[]): string {
  return ['npx', 'harrier', ...withoutSecrets(typed)].map(shellQuote).join(' ');
}
