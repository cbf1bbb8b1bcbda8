import type { Option } from 'commander';
import { HarrierError, unknownName } from '../../errors.ts';
import type { TrainOptions } from '../train/options.ts';
import { trainCommand } from '../train.ts';

/**
 * Options of `harrier train` that a job has no use for: SageMaker says where things lie, a job is one run, it is sent
 * images but no model, and its container has no driver of a graphics device.
 */
const NOT_FOR_JOBS = new Set([
  ...['data', 'out', 'resume', 'seeds', 'source', 'json', 'debug', 'help'],
  ...['from', 'trainable', 'device'],
]);

/** The options of `harrier train` that are hyperparameters of a job, by name. */
export function hyperparameterOptions(): ReadonlyMap<string, Option> {
  const { options } = trainCommand();
  return new Map(
    options.map((option) => [nameOf(option), option] as const).filter(([name]) => !NOT_FOR_JOBS.has(name)),
  );
}

/**
 * Hyperparameters, all strings, as the options of `harrier train`. `batch-size`, `batch_size` and `batchSize` are the
 * same.
 *
 * @throws HarrierError `bad-option` for a name that there is not and a value that makes no sense
 */
export function trainOptionsOf(hyperparameters: Readonly<Record<string, string>>): TrainOptions {
  const known = hyperparameterOptions();
  const args: string[] = [];
  for (const [given, value] of Object.entries(hyperparameters)) {
    const name = kebab(given);
    if (name === 'seeds') throw manySeeds('hyperparameter "seeds"');
    const option = known.get(name);
    if (!option) throw unknownName('hyperparameter', given, known.keys());
    if (takesValue(option)) args.push(`--${name}=${value}`);
    // `--no-calibrate` is the hyperparameter calibrate, false.
    else if (isTrue(given, value) !== option.negate) args.push(option.long!);
  }
  const command = trainCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return command
    .action(() => {})
    .parse(args, { from: 'user' })
    .opts<TrainOptions>();
}

/** Options as they were typed, as hyperparameters that `trainOptionsOf` reads back. */
export function hyperparametersOf(given: object): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, option] of hyperparameterOptions()) {
    const value = (given as Record<string, unknown>)[option.attributeName()];
    if (value === undefined || (option.negate && value === true)) continue;
    found[name] = Array.isArray(value) ? value.join(' ') : `${value}`;
  }
  return found;
}

/** Why there is no `--seeds` here. */
export function manySeeds(where: string): HarrierError {
  return new HarrierError('bad-option', 'a job trains one model, with one seed', {
    where,
    next: 'Send a job for each --seed, or try them all: npx harrier sagemaker tune --tune seed=1,2,3.',
  });
}

function nameOf(option: Option): string {
  return option.long!.replace(/^--(no-)?/, '');
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

/** A hyperparameter's name as its option has it: `batch-size`. */
export function kebab(name: string): string {
  return name.replaceAll('_', '-').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function isTrue(name: string, value: string): boolean {
  if (/^(true|1)$/i.test(value)) return true;
  if (/^(false|0)$/i.test(value)) return false;
  throw new HarrierError('bad-option', 'this cannot be its value', {
    where: `hyperparameter "${name}"`,
    expected: 'true or false',
    received: `"${value}"`,
  });
}
