import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { answerCalls } from '../../calls.ts';
import { flagOf } from '../../options/option.ts';
import { optionNamed } from '../../options/table.ts';
import { newRun } from '../../platform/node/runs/new-run.ts';
import { newRecord, prepareAgain, prepareRun } from '../../platform/node/runs/prepare-run.ts';
import { createRunFolder, RunFolder } from '../../platform/node/runs/run-folder.ts';
import { trainRun } from '../../platform/node/runs/train-run.ts';
import { processChannel } from '../../platform/node/worker.ts';
import { withGivenAnew } from '../../runs/given-anew.ts';
import type { PreparedRun } from '../../runs/prepare-run.ts';
import type { RunRecord } from '../../runs/run-record.ts';
import type { Waiting } from '../../runs/run-store.ts';
import { Exit } from '../failure.ts';
import { commandLine } from '../train/options.ts';
import { checkSweptData } from './folder.ts';
import type { TrialCalls } from './messages.ts';
import { asTrainOptions, type TrialOptions } from './options.ts';
import type { Task } from './pool.ts';

/** How often progress is reported. */
const REPORT_MS = 100;

/** A process that trains one trial after another, as it is told by the sweep that started it. */
export function runSweepWorker(): void {
  let stopping = false;
  // Ctrl-C reaches every process of a terminal; the sweep says what is to be done about it.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => {});
  // Nobody is left to report to: save, and end.
  process.on('disconnect', () => {
    stopping = true;
  });
  answerCalls<TrialCalls>(processChannel(process), {
    stop() {
      stopping = true;
    },
    async train(folder, given, until, trial, data, onProgress) {
      try {
        return await trainTrial({ folder, given, until, trial, data }, onProgress, () => stopping);
      } catch (error) {
        if (error instanceof Exit) return true;
        throw error;
      }
    },
  });
}

/**
 * Trains a trial, from where it was stopped.
 *
 * @param waiting waits for another process that trains it: one that was killed on another machine holds it for a minute
 * @returns whether it was stopped before it had done so many epochs
 */
export async function trainTrial(
  { folder: path, given, until, trial, data }: Omit<Task, 'number'>,
  tell: (epochs: number) => void,
  stopping: () => boolean,
  waiting?: Waiting,
): Promise<boolean> {
  const onProgress = (): void => {
    if (stopping()) throw new Exit(1);
  };
  onProgress();
  let folder = new RunFolder(path);
  const isNew = !(await stat(folder.file('record')).catch(() => undefined));
  const stored = isNew ? undefined : await folder.record();
  const { run, record } = stored
    ? await prepareAgain(stored, withGivenAnew(stored.options, given, availableParallelism()), { onProgress })
    : await begun(given, path, trial, data, onProgress);
  checkSweptData(run.data, data);
  if (isNew) folder = await createRunFolder(run.options.recipe, path);
  return folder.exclusively(async () => {
    let epochs = 0;
    let reported = 0;
    const outcome = await trainRun(run, record, folder, {
      onStep: ({ epoch, step, steps }) => {
        const now = performance.now();
        if (now - reported < REPORT_MS) return;
        reported = now;
        tell(epoch - 1 + step / steps);
      },
      onEpoch: ({ epoch }) => {
        epochs = epoch;
        tell(epochs);
      },
      // After validation the epoch is saved.
      onProgress: ({ what }) => {
        if (what !== 'validating') onProgress();
      },
      interrupted: () => stopping() || epochs >= until,
    });
    return outcome.ended === 'interrupted' && outcome.position.epoch < until;
  }, waiting);
}

/** A trial that begins. */
async function begun(
  given: TrialOptions,
  path: string,
  trial: RunRecord['trial'],
  data: Task['data'],
  onProgress: () => void,
): Promise<{ run: PreparedRun; record: RunRecord }> {
  const { options, ...how } = await newRun(asTrainOptions(given));
  // A sweep that does not say it was planned before there were others.
  const rules = data?.rules ?? (options.multiLabel ? 3 : 2);
  const run = await prepareRun(options, { ...how, rules, onProgress });
  return { run, record: { ...newRecord(run, trialCommand(given, path)), trial } };
}

/** The command that makes a trial again by itself, in the folder of the user's own recipes if it is one of those. */
function trialCommand({ recipeFile: _, ...given }: TrialOptions, out: string): string {
  const words = Object.entries({ ...given, out }).flatMap(([name, value]) => {
    if (value === undefined || value === false) return [];
    const option = flagOf(name);
    if (value === true) return [option];
    const values = name === 'set' ? (value as string[]) : [textOf(name, value)];
    return values.flatMap((each) => [option, each]);
  });
  return commandLine(['train', ...words]);
}

/** A value as it may be typed: names of classes and columns, which may hold commas, as JSON. */
function textOf(name: string, value: unknown): string {
  const isOfNames = ['names', 'columns', 'merge'].includes(optionNamed(name)?.type.kind ?? '');
  return isOfNames && typeof value === 'object' ? JSON.stringify(value) : `${value}`;
}
