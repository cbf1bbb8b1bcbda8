import { availableParallelism } from 'node:os';
import type { OnProgress } from '../../data/progress.ts';
import { HarrierError } from '../../errors.ts';
import { flagOf } from '../../options/option.ts';
import { defaultThreads } from '../../platform/node/engine/default-threads.ts';
import { prepareRun } from '../../platform/node/runs/prepare-run.ts';
import { findRecipe } from '../../platform/node/runs/recipe-files.ts';
import { networkOf, withSettings } from '../../recipes/index.ts';
import { readVariation, trialsOf } from '../../sweeps/index.ts';
import { commandLine, fromAnywhere, givenSettings, newRun } from '../train/options.ts';
import { SWEEP_FORMAT, type SweepRecord, type TrialRecord } from './folder.ts';
import { asTrainOptions, type SweepOptions, type TrialOptions } from './options.ts';

/** Share of the training images that evaluates trials where nobody says how many. */
const VALIDATION_SPLIT = 0.1;

/** From how many trials and epochs on halving is worth its risk. */
const HALVING = { trials: 5, epochs: 3 };

const OF_THE_SWEEP = new Set([
  'vary',
  'trials',
  'time',
  'parallel',
  'halving',
  'out',
  'resume',
  'json',
  'debug',
]);

/**
 * Plans a sweep: every trial is checked before the first begins.
 * @throws HarrierError `bad-option` for what makes no sense
 */
export async function planSweep(
  given: SweepOptions,
  hooks: { onProgress: OnProgress; signal: AbortSignal },
): Promise<SweepRecord> {
  const { recipe: found } = await findRecipe(given.recipe);
  const fixed = givenSettings(found, asTrainOptions(given));
  const recipe = withSettings(found, fixed);
  const variations = (given.vary ?? []).map((text) => readVariation(recipe, text));
  const settings = trialsOf(variations, given.trials, given.seed ?? 1);
  const both = variations.find(({ name }) => Object.hasOwn(fixed, name));
  if (both) {
    throw new HarrierError('bad-option', `${both.name} is set by --set and by --vary`, {
      where: '--vary',
      next: 'Leave out one of the two.',
    });
  }
  for (const each of settings) {
    const side = given.imageSize ?? recipe.imageSize;
    networkOf(withSettings(recipe, each), { inputShape: [side, side, 3], classes: 10 });
  }
  const { parallel, threads } = shares(given);
  const base: TrialOptions = await fromAnywhere(
    Object.fromEntries(Object.entries(given).filter(([name]) => !OF_THE_SWEEP.has(name))),
  );
  const first = { ...base, threads };
  let run = await prepare(first, hooks);
  const split = run.validation ? {} : { validationSplit: VALIDATION_SPLIT };
  if (!run.validation) run = await prepare({ ...first, ...split }, hooks);
  const { epochs } = run.options;
  const digits = `${settings.length}`.length;
  return {
    format: SWEEP_FORMAT,
    command: commandLine(process.argv.slice(2)),
    created: new Date().toISOString(),
    title: `${recipe.name} on ${given.data ?? 'cifar10'}`,
    given: { ...base, ...split },
    variations,
    epochs,
    halving: given.halving ?? (settings.length >= HALVING.trials && epochs >= HALVING.epochs),
    parallel,
    threads,
    images: run.validation!.size,
    trials: settings.map(
      (each, i): TrialRecord => ({
        number: i + 1,
        settings: each,
        folder: `trial-${`${i + 1}`.padStart(digits, '0')}`,
      }),
    ),
  };
}

async function prepare(given: TrialOptions, hooks: { onProgress: OnProgress; signal: AbortSignal }) {
  const { options, ...how } = await newRun(asTrainOptions(given));
  return prepareRun(options, { ...how, ...hooks });
}

/** Workers, and threads for each: together never more than there are cores. */
export function shares(
  { parallel: wanted, threads: total }: SweepOptions,
  before: { readonly parallel: number } = { parallel: 1 },
): { parallel: number; threads: number } {
  const cores = Math.min(total ?? availableParallelism(), availableParallelism());
  const parallel = wanted ?? Math.min(before.parallel, cores);
  if (parallel > cores) {
    throw new HarrierError('bad-option', 'there are fewer cores', {
      where: '--parallel',
      expected: `at most ${cores}`,
      received: `${parallel}`,
    });
  }
  return { parallel, threads: Math.min(Math.floor(cores / parallel), total ?? defaultThreads()) };
}

/** What one trial is trained with. */
export function trialOptions({ given, threads }: SweepRecord, { settings }: TrialRecord): TrialOptions {
  const set = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  return { ...given, threads, set: [...(given.set ?? []), ...set] };
}

/**
 * A sweep that goes on keeps its own options; how many cores it uses, and for how long, may change. Trials that failed
 * for want of memory or disk space are tried again.
 * @throws HarrierError `bad-option` for what cannot change
 */
export function resumedSweep(record: SweepRecord, given: SweepOptions): SweepRecord {
  const free = new Set(['resume', 'parallel', 'threads', 'time', 'json', 'debug']);
  const fixed = Object.entries(given).find(([name, value]) => !free.has(name) && value !== undefined);
  if (fixed) {
    const option = flagOf(fixed[0]);
    throw new HarrierError('bad-option', `a resumed sweep keeps its own options: ${option} cannot change`, {
      next: 'Leave it out, or start a new sweep without --resume.',
    });
  }
  const trials = record.trials.map(({ failure, retry, ...trial }) => ({
    ...trial,
    ...(!retry && { failure }),
  }));
  return { ...record, ...shares(given, record), trials };
}
