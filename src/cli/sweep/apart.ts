import { join, resolve } from 'node:path';
import { HarrierError } from '../../errors.ts';
import { formatPercent, formatQuantity } from '../../format/format.ts';
import { publicAddress } from '../../platform/node/backbones/public-address.ts';
import { defaultThreads } from '../../platform/node/engine/default-threads.ts';
import { makeDirectory } from '../../platform/node/files/cache.ts';
import { checkStoredRecipe } from '../../platform/node/runs/recipe-files.ts';
import { RunFolder } from '../../platform/node/runs/run-folder.ts';
import { shellQuote } from '../../platform/node/shell-quote.ts';
import { settingsText } from '../../recipes/index.ts';
import { ranked, trialsText } from '../../sweeps/index.ts';
import { Exit } from '../failure.ts';
import { fetchingFor } from '../fetching.ts';
import { type Interruption, orExit } from '../interruption.ts';
import { checkOutput, writeOutput } from '../output.ts';
import type { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';
import { isSameModel } from '../train/options.ts';
import { withOwnChoice } from './by-itself.ts';
import { checkSweptData, dataOf, identityOf, SweepFolder } from './folder.ts';
import type { SweepOptions } from './options.ts';
import { planSweep, trialOptions } from './plan.ts';
import { planText, readPlan } from './plan-file.ts';
import { trainTrial } from './worker.ts';

/** Where trials of a plan are trained. */
const RUNS = 'runs';

/** `sweep --vary … --plan FILE`: writes the trials, and trains none. */
export async function writePlan(
  given: SweepOptions,
  reporter: Reporter,
  interruption: Interruption,
): Promise<void> {
  const { plan, halving } = given;
  if (halving) {
    throw new HarrierError(
      'bad-option',
      'halving compares trials while they train, and those of a plan know nothing of each other',
      {
        where: '--halving',
        next: 'Leave it out, run the sweep on one machine, or use npx harrier sagemaker tune.',
      },
    );
  }
  const path = resolve(plan!);
  const output = {
    option: '--plan',
    isOwn: (file: string) =>
      readPlan(file).then(
        () => true,
        () => false,
      ),
  };
  await checkOutput(path, output);
  const whole = await withOwnChoice(given, reporter, fetchingFor(reporter, interruption.signal));
  reporter.status('planning …');
  const record = await planSweep(
    { ...whole, halving: false },
    { onProgress: reporter.work, signal: interruption.signal },
  );
  await writeOutput(path, planText(record), output);
  reporter.clear();
  const count = record.trials.length;
  if (given.json) return reporter.json({ plan: path, trials: count });
  const place = shellQuote(shortPath(path));
  reporter.print(`${formatQuantity(count, 'trial')} in ${shortPath(path)}`);
  reporter.print(`  npx harrier sweep --plan ${place} --trial 1      train one of them, on any machine`);
  reporter.print(`  npx harrier sweep --plan ${place} --collect ${RUNS}  rank what is there`);
}

/** `sweep --plan FILE --trial N`: trains one trial, or goes on with it. */
export async function runTrial(
  given: SweepOptions,
  reporter: Reporter,
  interruption: Interruption,
): Promise<void> {
  const record = await readPlan(given.plan!);
  checkStoredRecipe(record.given, given.plan!);
  const trial = record.trials[given.trial! - 1];
  if (!trial) {
    throw new HarrierError('bad-option', 'the plan has no such trial', {
      where: `--trial ${given.trial}`,
      expected: `1 to ${record.trials.length}`,
      received: `${given.trial}`,
    });
  }
  const runs = resolve(given.out ?? RUNS);
  await makeDirectory(runs, 'choose another folder with --out');
  const path = join(runs, trial.folder);
  const identity = identityOf(record, trial);
  await checkTrial(new RunFolder(path), identity, 'Choose another folder with --out.');
  const options = trialOptions({ ...record, threads: given.threads ?? defaultThreads() }, trial);
  const { from, data } = given;
  if (from !== undefined && !isSameModel(from, options.from)) {
    throw new HarrierError('bad-option', 'the trials of a plan keep their model: --from cannot change', {
      expected: typeof options.from === 'string' ? options.from : 'no --from',
      received: typeof from === 'string' ? publicAddress(from) : '--from',
      next: 'Leave it out, or plan again.',
    });
  }
  const task = {
    folder: path,
    given: { ...options, ...(from !== undefined && { from }), ...(data !== undefined && { data }) },
    until: record.epochs,
    trial: identity,
    data: dataOf(record, trial),
  };
  reporter.print(`trial ${trial.number}: ${settingsText(trial.settings)}; ${shortPath(path)}`);
  const end = performance.now() + 1000 * (given.time ?? Number.POSITIVE_INFINITY);
  let hasWaited = false;
  const onWait = (holder: number): void => {
    if (performance.now() >= end) throw new Exit(1);
    if (!hasWaited) reporter.note(`Waiting: process ${holder} trains this trial, or did until a moment ago.`);
    hasWaited = true;
  };
  const wasStopped = await trainTrial(
    task,
    (epochs) => reporter.update(() => `epoch ${epochs.toFixed(1)} of ${record.epochs}`),
    () => interruption.exitCode !== undefined || performance.now() >= end,
    { onWait, signal: interruption.signal },
  ).catch((error) => {
    if (orExit(error, interruption) instanceof Exit) return true;
    throw error;
  });
  reporter.clear();
  if (wasStopped) {
    const isTimeUp = interruption.exitCode === undefined && performance.now() >= end;
    reporter.note(`${isTimeUp ? 'The time is up: stopped' : 'Stopped'} and saved. The same command goes on.`);
    if (isTimeUp) {
      if (given.json)
        reporter.json({ trial: trial.number, settings: trial.settings, run: path, ended: 'time' });
      return;
    }
    throw new Exit(interruption.exitCode ?? 1);
  }
  const { result } = await new RunFolder(path).record();
  if (given.json) reporter.json({ trial: trial.number, settings: trial.settings, run: path, ...result });
  else
    reporter.print(
      `finished; ${formatPercent(result?.trainingAccuracy ?? 0)} of the training images correct`,
    );
}

/** @throws HarrierError `bad-option` where the folder of a trial holds a run that is no trial of the plan */
async function checkTrial(folder: RunFolder, identity: string, next: string): Promise<void> {
  if ((await folder.read('record')) === undefined || (await folder.record()).trial === identity) return;
  throw new HarrierError('bad-option', 'this folder holds a run that is no trial of this plan', {
    where: shortPath(folder.path),
    next,
  });
}

/** `sweep --plan FILE --collect FOLDER`: ranks the trials that are there, as a sweep does at its end. */
export async function collectTrials(given: SweepOptions, reporter: Reporter): Promise<void> {
  const record = await readPlan(given.plan!);
  const folder = new SweepFolder(resolve(given.collect!));
  for (const trial of record.trials) {
    const next = 'Give the folder that --trial wrote into.';
    await checkTrial(folder.trial(trial), identityOf(record, trial), next);
    const run = folder.trial(trial);
    if ((await run.read('record')) === undefined) continue;
    checkSweptData((await run.record()).data, dataOf(record, trial));
  }
  const trials = await Promise.all(record.trials.map((trial) => folder.result(trial)));
  const missing = trials.filter(({ state }) => state === 'waiting');
  if (missing.length === trials.length) {
    throw new HarrierError('not-found', 'no trial of this plan is there', {
      where: folder.path,
      expected: `run folders such as ${record.trials[0].folder}`,
      next: 'Give the folder that --trial wrote into.',
    });
  }
  await folder.writeRecord(record);
  await folder.writeResults(record, trials);
  if (given.json) {
    reporter.json({ sweep: folder.path, images: record.images, trials: ranked(trials) });
  } else {
    reporter.print(trialsText(trials, record.images, reporter.style));
    reporter.print();
    reporter.print(`Everything is in ${shortPath(folder.path)}`);
  }
  const unfinished = trials.filter(({ state }) => state !== 'finished');
  if (unfinished.length === 0) return;
  const numbers = unfinished.map(({ number }) => number).join(', ');
  reporter.note(
    `Note: ${formatQuantity(unfinished.length, 'trial')} of ${trials.length} ${unfinished.length === 1 ? 'is' : 'are'} not finished: ${numbers}.`,
  );
}
