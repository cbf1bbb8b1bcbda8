import { availableParallelism } from 'node:os';
import type { OnProgress } from '../../data/progress.ts';
import { HarrierError } from '../../errors.ts';
import { flagOf } from '../../options/option.ts';
import { defaultThreads } from '../../platform/node/engine/default-threads.ts';
import { newRun } from '../../platform/node/runs/new-run.ts';
import { prepareRun } from '../../platform/node/runs/prepare-run.ts';
import type { Settings } from '../../recipes/index.ts';
import { mayChange } from '../../runs/given-anew.ts';
import type { PreparedRun } from '../../runs/prepare-run.ts';
import { readVariation, trialsOf, type Variation } from '../../sweeps/index.ts';
import { commandLine, fromAnywhere, givenToSeveral, isSameModel } from '../train/options.ts';
import { SWEEP_FORMAT, type SweepRecord, type SweptData, type TrialRecord } from './folder.ts';
import { checkGivenOnce, pixelSettings, sweptMethod, withTrial } from './method.ts';
import { asTrainOptions, type SweepOptions, type TrialOptions } from './options.ts';

/** Fraction of the training images that evaluates trials where nobody says how many. */
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
  'plan',
  'trial',
  'collect',
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
  const { method, fixed, options, check } = await sweptMethod(given);
  const read = (given.vary ?? []).map((text) => readVariation(method, text, options));
  const names = read.map(({ name }) => name);
  const both = names.find((name) => Object.hasOwn(fixed, name));
  if (both !== undefined) {
    throw new HarrierError('bad-option', `${both} is set by --set and by --vary`, {
      where: '--vary',
      next: 'Leave out one of the two.',
    });
  }
  checkGivenOnce(given, names);
  const variations = await Promise.all(read.map(modelsFromAnywhere));
  const settings = trialsOf(variations, given.trials, given.seed ?? 1);
  // Before any data is opened.
  for (const each of settings) await check(each, 1);
  const { parallel, threads } = shares(given);
  const common = Object.fromEntries(Object.entries(given).filter(([name]) => !OF_THE_SWEEP.has(name)));
  // Where the model varies, there is no recipe.
  const whole: TrialOptions = await fromAnywhere({ ...common, ...pixelSettings(settings[0]) });
  const base: TrialOptions = Object.fromEntries(
    Object.entries(whole).filter(([name]) => !names.includes(name)),
  );
  let run = await prepare({ ...whole, threads }, hooks);
  const split = run.validation ? {} : { validationSplit: VALIDATION_SPLIT };
  if (!run.validation) run = await prepare({ ...whole, threads, ...split }, hooks);
  const data = await dataOfTrials(settings, run, (each) =>
    prepare(withTrial({ ...base, threads, ...split }, each), hooks),
  );
  const lengths: number[] = [];
  for (const each of settings) lengths.push(await check(each, run.train.size));
  const epochs = Math.max(...lengths);
  const areAlike = lengths.every((length) => length === lengths[0]);
  if (given.halving && !areAlike) {
    throw new HarrierError('bad-option', 'these trials take different numbers of epochs', {
      where: '--halving',
      expected: 'trials that can be compared after the same epoch',
      next: 'Leave --halving out, or set --epochs.',
    });
  }
  const digits = `${settings.length}`.length;
  return {
    format: SWEEP_FORMAT,
    command: commandLine(process.argv.slice(2)),
    created: new Date().toISOString(),
    title: `${method.name} on ${given.data ?? 'cifar10'}`,
    given: { ...base, ...split },
    variations,
    epochs,
    halving: areAlike && (given.halving ?? (settings.length >= HALVING.trials && epochs >= HALVING.epochs)),
    parallel,
    threads,
    images: run.validation!.size,
    ...(new Set(data).size === 1 && { data: data[0] }),
    trials: settings.map(
      (each, i): TrialRecord => ({
        number: i + 1,
        settings: each,
        ...(new Set(data).size > 1 && { data: data[i] }),
        folder: `trial-${`${i + 1}`.padStart(digits, '0')}`,
      }),
    ),
  };
}

/** A file or a run is called by its absolute path: trials may be trained from another folder. */
async function modelsFromAnywhere(variation: Variation): Promise<Variation> {
  if (variation.name !== 'from' || variation.kind !== 'list') return variation;
  const values = variation.values.map(async (from) => `${(await fromAnywhere({ from: `${from}` })).from}`);
  return { ...variation, values: await Promise.all(values) };
}

/** The images of each trial: the same ones, but of other pixels where the model, the size or the resizing varies. */
async function dataOfTrials(
  settings: readonly Settings[],
  first: PreparedRun,
  open: (settings: Settings) => Promise<PreparedRun>,
): Promise<SweptData[]> {
  const known = new Map<string, SweptData>();
  const all: SweptData[] = [];
  for (const each of settings.map(pixelSettings)) {
    const key = JSON.stringify(each);
    const data = known.get(key) ?? sweptData(known.size === 0 ? first : await open(each));
    known.set(key, data);
    all.push(data);
  }
  return all;
}

function sweptData({ data: { train, validation, rules } }: PreparedRun): SweptData {
  return { train: train.hash, validation: validation!.hash, ...(rules && { rules }) };
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
  return withTrial({ ...given, threads }, settings);
}

/**
 * A sweep that goes on keeps its own options; how many cores it uses, for how long, and what may change of every run
 * that is resumed, may be given anew. Trials that failed for want of memory or disk space are tried again.
 * @throws HarrierError `bad-option` for what cannot change
 */
export async function resumedSweep(record: SweepRecord, given: SweepOptions): Promise<SweepRecord> {
  const ofTheSweep = ['parallel', 'time', 'debug'];
  const fixed = Object.entries(given).find(
    ([name, value]) =>
      value !== undefined &&
      !ofTheSweep.includes(name) &&
      !mayChange(name) &&
      !(name === 'from' && isSameModel(value, record.given.from)),
  );
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
  const threads = given.threads ?? record.given.threads;
  const { from } = given;
  return {
    ...record,
    given: {
      ...record.given,
      ...(await givenToSeveral(given)),
      threads: record.given.threads,
      ...(from !== undefined && { from }),
    },
    ...shares({ ...given, threads }, record),
    trials,
  };
}
