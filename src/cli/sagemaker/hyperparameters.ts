import { HarrierError, unknownName } from '../../errors.ts';
import { flagOf, kebabCase, type Option } from '../../options/option.ts';
import { hyperparameters } from '../../options/table.ts';
import type { TrainOptions } from '../../platform/node/runs/new-run.ts';
import { readOption } from '../flags.ts';

/** The options of `harrier train` that are hyperparameters of a job, by name: `batch-size`. */
export function hyperparameterOptions(): ReadonlyMap<string, readonly [name: string, option: Option]> {
  return new Map(hyperparameters().map((entry) => [kebabCase(entry[0]), entry]));
}

/**
 * Hyperparameters, all strings, as the options of `harrier train`. `batch-size`, `batch_size` and `batchSize` are the
 * same.
 *
 * @throws HarrierError `bad-option` for a name that there is not and a value that makes no sense
 */
export function trainOptionsOf(given: Readonly<Record<string, string>>): TrainOptions {
  const known = hyperparameterOptions();
  const read: Record<string, unknown> = {};
  for (const [word, text] of Object.entries(given)) {
    const name = kebabCase(word);
    if (name === 'seeds') throw manySeeds('hyperparameter "seeds"');
    const entry = known.get(name);
    if (!entry) throw unknownName('hyperparameter', word, known.keys());
    const [option, { type }] = entry;
    const where = type.kind === 'boolean' ? `hyperparameter "${word}"` : flagOf(option);
    read[option] = readOption(entry[1], text, where);
  }
  return read;
}

/** Options as they were typed, as hyperparameters that `trainOptionsOf` reads back. */
export function hyperparametersOf(given: object): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, [option, { flag }]] of hyperparameterOptions()) {
    const value = (given as Record<string, unknown>)[option];
    // `--no-calibrate` is the hyperparameter calibrate, false; true goes without saying.
    if (value === undefined || (flag?.name?.startsWith('--no-') && value === true)) continue;
    found[name] = Array.isArray(value) ? value.join(' ') : `${value}`;
  }
  return found;
}

/** Why there is no `--seeds` here. */
export function manySeeds(where: string): HarrierError {
  return new HarrierError('bad-option', 'a job trains one model, with one seed', {
    where,
    next: 'Start a job for each --seed, or one tuning job: npx harrier sagemaker tune --tune seed=1,2,3.',
  });
}
