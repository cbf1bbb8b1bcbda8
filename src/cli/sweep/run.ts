import { resolve } from 'node:path';
import { type ErrorCode, HarrierError } from '../../errors.ts';
import { formatCount, formatQuantity } from '../../format/format.ts';
import { flagOf } from '../../options/option.ts';
import { createRunFolder, RunFolder } from '../../platform/node/runs/run-folder.ts';
import { shellQuote } from '../../platform/node/shell-quote.ts';
import { settingsText } from '../../recipes/index.ts';
import {
  compareScores,
  epochsIn,
  ranked,
  rivals,
  rungsOf,
  type TrialResult,
  trialsText,
} from '../../sweeps/index.ts';
import { Exit } from '../failure.ts';
import { fetchingFor } from '../fetching.ts';
import { type Interruption, watchInterruption } from '../interruption.ts';
import { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';
import { withOwnChoice } from './by-itself.ts';
import { dataOf, identityOf, SweepFolder, type SweepRecord, type TrialRecord } from './folder.ts';
import type { SweepOptions } from './options.ts';
import { planSweep, resumedSweep, trialOptions } from './plan.ts';
import { Pool } from './pool.ts';
import { SweepProgress } from './progress.ts';

/** `harrier sweep`. */
export async function runSweep(given: SweepOptions): Promise<void> {
  const reporter = new Reporter({ machine: given.json });
  const interruption = watchInterruption(() =>
    reporter.note('Stopping: saving first. Press Ctrl-C again to stop at once.'),
  );
  try {
    if (await isApart(given, reporter, interruption)) return;
    if (given.resume === undefined) {
      const whole = await withOwnChoice(given, reporter, fetchingFor(reporter, interruption.signal));
      reporter.status('planning …');
      const record = await planSweep(whole, { onProgress: reporter.work, signal: interruption.signal });
      const { path } = await createRunFolder(record.title.split(' ')[0], given.out, new Date(), {
        parent: 'sweeps',
      });
      await new SweepFolder(path).writeRecord(record);
      await sweep(path, whole, record, reporter, interruption);
    } else {
      const path = resolve(given.resume);
      const record = await resumedSweep(await new SweepFolder(path).record(), given);
      await sweep(path, given, record, reporter, interruption);
    }
  } catch (error) {
    if (interruption.exitCode !== undefined && !(error instanceof HarrierError)) {
      throw error instanceof Exit ? error : new Exit(interruption.exitCode);
    }
    throw error;
  } finally {
    interruption.end();
  }
}

const NO_USE = {
  plan: 'where trials are only planned',
  trial: 'for a trial of a plan, which has its own options',
  collect: 'where trials are only ranked',
} as const;

/** Whether an option says something of planning trials, of training one, or of collecting them. */
function hasUse(part: keyof typeof NO_USE, option: string): boolean {
  if (part === 'plan') return !['parallel', 'time', 'out'].includes(option);
  const own = part === 'trial' ? ['trial', 'out', 'threads', 'data', 'from', 'time'] : ['collect'];
  return ['plan', 'json', ...own].includes(option);
}

/** Whether it was about trials that are planned, trained and collected apart, and is done. */
async function isApart(
  given: SweepOptions,
  reporter: Reporter,
  interruption: Interruption,
): Promise<boolean> {
  const { plan, trial, collect, resume, vary } = given;
  const [first, second] = (['resume', 'trial', 'collect'] as const).filter(
    (name) => given[name] !== undefined,
  );
  if (second) {
    throw new HarrierError('bad-option', `--${first} and --${second} cannot be combined`, {
      next: 'Give one of them.',
    });
  }
  const needing = (['trial', 'collect'] as const).find((name) => given[name] !== undefined);
  if (plan === undefined) {
    if (!needing) return false;
    throw new HarrierError('bad-option', `--${needing} needs the file of trials`, {
      where: `--${needing}`,
      next: 'Add --plan trials.jsonl, which sweep --vary … --plan wrote.',
    });
  }
  if (resume !== undefined || (needing && vary !== undefined)) {
    throw new HarrierError(
      'bad-option',
      `--plan cannot be combined with --${resume === undefined ? 'vary here' : 'resume'}`,
      {
        next: 'A plan has its own settings: leave it out.',
      },
    );
  }
  const part = trial !== undefined ? 'trial' : collect !== undefined ? 'collect' : 'plan';
  const useless = Object.entries(given).find(
    ([name, value]) => value !== undefined && name !== 'debug' && !hasUse(part, name),
  );
  if (useless) {
    const option = flagOf(useless[0]);
    throw new HarrierError('bad-option', `${option} has no use ${NO_USE[part]}`, { next: 'Leave it out.' });
  }
  const { collectTrials, runTrial, writePlan } = await import('./apart.ts');
  if (trial !== undefined) await runTrial(given, reporter, interruption);
  else if (collect !== undefined) await collectTrials(given, reporter);
  else await writePlan(given, reporter, interruption);
  return true;
}

async function sweep(
  path: string,
  given: SweepOptions,
  record: SweepRecord,
  reporter: Reporter,
  interruption: Interruption,
): Promise<void> {
  const folder = new SweepFolder(path);
  // The lock of a run folder serves a sweep's as well.
  const outcome = await new RunFolder(path).exclusively(async () => {
    announce(record, folder, reporter);
    return train(folder, record, given.time, reporter, interruption);
  });
  printResult(outcome, folder, reporter, given.json);
  if (interruption.exitCode !== undefined) throw new Exit(interruption.exitCode);
  if (outcome.ended === 'finished' && outcome.trials.every(({ state }) => state === 'failed')) {
    throw new HarrierError(
      'diverged',
      `no trial could be trained: ${outcome.trials[0].message?.replace(/\.$/, '')}`,
    );
  }
}

interface Outcome {
  readonly ended: 'finished' | 'time' | 'interrupted';
  readonly record: SweepRecord;
  readonly trials: readonly TrialResult[];
}

/** Failures that a trial's own settings cause: they would come again. */
const OWN_FAULTS: readonly (ErrorCode | undefined)[] = ['diverged', 'bad-option', 'bad-shape'];

/** Trains round by round until the end, or until time is up or someone interrupts. */
async function train(
  folder: SweepFolder,
  begun: SweepRecord,
  seconds: number | undefined,
  reporter: Reporter,
  interruption: Interruption,
): Promise<Outcome> {
  let record = begun;
  const results = () => Promise.all(record.trials.map((trial) => folder.result(trial)));
  const note = async (number: number, change: Partial<TrialRecord>): Promise<void> => {
    record = {
      ...record,
      trials: record.trials.map((trial) => (trial.number === number ? { ...trial, ...change } : trial)),
    };
    await folder.writeRecord(record);
  };
  const rungs = rungsOf(record.trials.length, record.epochs, record.halving);
  const progress = new SweepProgress(reporter, record.trials.length, record.epochs, epochsIn(rungs));
  for (const { number, epochs } of await results()) progress.before(number, epochs);

  const pool = new Pool(record.parallel);
  let timeIsUp = false;
  const alarm =
    seconds !== undefined &&
    setTimeout(() => {
      timeIsUp = true;
      pool.stop();
    }, 1000 * seconds);
  const onAbort = (): void => pool.stop();
  interruption.signal.addEventListener('abort', onAbort);
  const isOver = (): boolean => timeIsUp || interruption.exitCode !== undefined;
  try {
    await folder.writeRecord(record);
    for (const [i, { epochs: until }] of rungs.entries()) {
      const alive = record.trials.filter(
        ({ failure, stoppedAfter }) => failure === undefined && stoppedAfter === undefined,
      );
      const standing = await Promise.all(
        alive.map(async (trial) => ({
          trial,
          isThere:
            (await folder.isFinished(trial)) ||
            (until < record.epochs && (await folder.history(trial)).length >= until),
        })),
      );
      const tasks = standing
        .filter(({ isThere }) => !isThere)
        .map(({ trial }) => ({
          number: trial.number,
          folder: folder.trial(trial).path,
          given: trialOptions(record, trial),
          until,
          trial: identityOf(record, trial),
          data: dataOf(record, trial),
        }));
      await pool.run(tasks, {
        onProgress: ({ number }, epochs) => progress.at(number, epochs),
        onDone: async ({ number }, failure) => {
          if (failure) {
            const retry = !(failure instanceof HarrierError && OWN_FAULTS.includes(failure.code));
            await note(number, { failure: failure.message, ...(retry && { retry }) });
          }
          const all = await results();
          progress.trial(all[number - 1]);
          await folder.writeResults(record, all);
        },
      });
      if (isOver()) break;
      const next = rungs[i + 1];
      if (!next) continue;
      const scores = await Promise.all(
        record.trials
          .filter(({ failure, stoppedAfter }) => failure === undefined && stoppedAfter === undefined)
          .map(async (trial) => ({ trial, score: await folder.score(trial, until) })),
      );
      const order = scores.toSorted(
        (a, b) => compareScores(a.score, b.score) || a.trial.number - b.trial.number,
      );
      const losers = order.slice(next.trials);
      for (const { trial } of losers) await note(trial.number, { stoppedAfter: until });
      if (losers.length > 0) {
        reporter.print(
          reporter.style.faint(
            `After ${formatQuantity(until, 'epoch')} the better ${next.trials} of ${scores.length} continue.`,
          ),
        );
      }
    }
  } finally {
    if (alarm) clearTimeout(alarm);
    interruption.signal.removeEventListener('abort', onAbort);
  }
  const trials = await results();
  await folder.writeResults(record, trials);
  const ended = interruption.exitCode !== undefined ? 'interrupted' : timeIsUp ? 'time' : 'finished';
  return { ended, record, trials };
}

function announce(
  { title, trials, epochs, images, halving, parallel, threads }: SweepRecord,
  folder: SweepFolder,
  reporter: Reporter,
): void {
  const { style } = reporter;
  const rungs = rungsOf(trials.length, epochs, halving);
  reporter.print(
    style.strong(`${title}: ${formatQuantity(trials.length, 'trial')}, ${formatQuantity(epochs, 'epoch')}`),
  );
  reporter.print(
    style.faint(`evaluated on ${formatQuantity(images, 'validation image')}; ${shortPath(folder.path)}`),
  );
  if (rungs.length > 1) {
    const rounds = rungs
      .map(({ trials: count, epochs: until }) => `${count} until epoch ${until}`)
      .join(', ');
    reporter.print(
      style.faint(
        `halving: ${rounds}: ${epochsIn(rungs)} epochs instead of ${formatCount(trials.length * epochs)} (--no-halving trains all)`,
      ),
    );
  }
  if (parallel > 1)
    reporter.print(style.faint(`${parallel} at the same time, ${formatQuantity(threads, 'thread')} each`));
}

function printResult(
  { ended, record, trials }: Outcome,
  folder: SweepFolder,
  reporter: Reporter,
  json: boolean | undefined,
): void {
  const { style } = reporter;
  const path = shortPath(folder.path);
  const [best] = ranked(trials);
  reporter.print();
  reporter.print(trialsText(trials, record.images, style));
  reporter.print();
  const close = rivals(trials, record.images);
  if (close.length > 0) {
    reporter.print(
      `${formatQuantity(close.length, 'other trial')} cannot be told from the best by ${formatQuantity(record.images, 'image')}: within its 95% interval.`,
    );
  }
  reporter.print(style.strong(`Everything is in ${path}`));
  const next: [string, string][] = [[`${path}/sweep.svg`, 'the chart: open it in a browser']];
  if (best?.state === 'finished') {
    next.unshift([
      `npx harrier evaluate ${shellQuote(best.folder)}`,
      `evaluate the best (${settingsText(best.settings)}) on the test images`,
    ]);
  }
  if (ended !== 'finished' || record.trials.some(({ retry }) => retry)) {
    next.unshift([`npx harrier sweep --resume ${shellQuote(path)}`, 'resume the sweep']);
  }
  const width = Math.max(...next.map(([line]) => line.length));
  for (const [line, what] of next) reporter.print(`  ${line.padEnd(width)}  ${style.faint(what)}`);
  if (ended === 'time') reporter.note('The time is up: stopped and saved.');
  if (ended === 'interrupted') reporter.note('Stopped and saved.');
  if (json) reporter.json({ sweep: folder.path, ended, images: record.images, trials: ranked(trials) });
}
