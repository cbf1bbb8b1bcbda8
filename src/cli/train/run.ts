import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { HarrierError } from '../../errors.ts';
import { calibrationAdvice, evaluationText } from '../../evaluation/index.ts';
import { formatDuration, formatPercent, formatQuantity } from '../../format/format.ts';
import { findRun } from '../../platform/node/runs/find-run.ts';
import { newRun, type TrainOptions } from '../../platform/node/runs/new-run.ts';
import { newRecord, prepareAgain, prepareRun } from '../../platform/node/runs/prepare-run.ts';
import { checkFree, createRunFolder, RunFolder } from '../../platform/node/runs/run-folder.ts';
import { readCheckpoint } from '../../platform/node/runs/train-run.ts';
import { shellQuote } from '../../platform/node/shell-quote.ts';
import { openTrackers } from '../../platform/node/trackers/open-trackers.ts';
import { averagedBy } from '../../runs/averaged-by.ts';
import { headText } from '../../runs/describe-run.ts';
import { withGivenAnew } from '../../runs/given-anew.ts';
import type { RunOptions, RunRecord, RunResult } from '../../runs/run-record.ts';
import type { FinishedOutcome } from '../../runs/train-run.ts';
import { fetchingFor, noteModel } from '../fetching.ts';
import { endWithParent, type Interruption, orExit, watchInterruption } from '../interruption.ts';
import { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';
import { chooseByItself } from './by-itself.ts';
import { checkDryRun, dryRun } from './dry-run.ts';
import { fineTuneToo, isToBeFineTuned } from './fine-tune-too.ts';
import { fineTuningAdvice } from './fine-tuning-advice.ts';
import { trainFolds, wantsFolds } from './folds.ts';
import { writeJobSummary } from './job-summary.ts';
import { withinTime } from './length.ts';
import { type Trained, type Training, trainToTheEnd } from './one-run.ts';
import { commandLine } from './options.ts';
import { resumedOptions } from './resumed-options.ts';
import { checkAlike, trainSeeds, wantsSeeds } from './seeds.ts';

/** `harrier train`. */
export async function runTrain(given: TrainOptions): Promise<void> {
  const reporter = new Reporter({ machine: given.json });
  // A name that is mistyped is told before any work.
  await openTrackers(given.logTo);
  const interruption = watchInterruption(() =>
    reporter.note('Stopping: saving first. Press Ctrl-C again to stop at once.'),
  );
  endWithParent();
  try {
    const one = async (each: TrainOptions): Promise<void> => {
      if (each.ensembleOf) await average(each, each.ensembleOf, reporter, interruption);
      else if (each.resume === undefined) await trainAnew(each, reporter, interruption);
      else await resume(await findRun(each.resume), each, reporter, interruption);
    };
    const typed = process.argv.slice(2);
    checkTime(given);
    checkDryRun(given);
    if (given.out !== undefined && given.resume === undefined) await checkFree(resolve(given.out));
    const own = await chooseByItself(given, typed, fetchingFor(reporter, interruption.signal));
    if (own.sentence !== undefined) reporter.note(own.sentence);
    if (await wantsFolds(given)) await trainFolds(own.given, own.given.words ?? typed, reporter, one);
    else if (await wantsSeeds(given)) await trainSeeds(own.given, own.given.words ?? typed, reporter, one);
    else if (given.ensemble) throw nothingToAverage(given.resume);
    else await one(own.given);
  } catch (error) {
    throw orExit(error, interruption);
  } finally {
    interruption.end();
  }
}

function nothingToAverage(resume: string | undefined): HarrierError {
  return new HarrierError('bad-option', 'one model has no average', {
    where: '--ensemble',
    next:
      resume === undefined
        ? 'Add --seeds 4 or --folds 5, or leave --ensemble out.'
        : 'Name the folder of runs with several seeds, or leave --ensemble out.',
  });
}

/** @throws HarrierError `bad-option` for a time with several trainings */
function checkTime({ time, seeds, folds }: TrainOptions): void {
  if (time === undefined || (seeds === undefined && folds === undefined)) return;
  throw new HarrierError(
    'bad-option',
    `--time and --${seeds === undefined ? 'folds' : 'seeds'} cannot be combined`,
    {
      next: 'It is the time of one training: choose --epochs instead.',
    },
  );
}

async function trainAnew(given: TrainOptions, reporter: Reporter, interruption: Interruption): Promise<void> {
  const { options, ...how } = await newRun(given, fetchingFor(reporter, interruption.signal));
  if (how.from) noteModel(how.from, reporter);
  reporter.status(`opening ${options.data} …`);
  const prepared = await prepareRun(options, {
    ...how,
    rules: given.like?.data.rules,
    onProgress: reporter.work,
    signal: interruption.signal,
  });
  if (given.dryRun) return dryRun(prepared, reporter, given.json);
  const run = await withinTime(prepared, reporter);
  const record = newRecord(run, commandLine(given.words ?? process.argv.slice(2)));
  if (given.like) checkAlike(record, given.like);
  if (given.sameImages !== undefined) checkSameImages(record, given.sameImages);
  const endsFolds = given.fold && given.fold.held === undefined;
  const folder = endsFolds ? new RunFolder(given.partOf!) : await createRunFolder(options.recipe, given.out);
  try {
    await folder.exclusively(async () => {
      // Before anything is said about the run: it can then be resumed whenever it is stopped.
      await folder.writeRecord(record);
      await train({ run, record, folder, given, reporter, interruption });
    });
  } catch (error) {
    // Refused before its first step, such as for want of memory: the same command may be tried again.
    if (error instanceof HarrierError && error.code === 'not-supported') await folder.discardUnlessBegun();
    throw error;
  }
}

/** Makes the run that averages the models of several seeds: that of the first, but for its model. */
async function average(
  given: TrainOptions,
  seeds: NonNullable<RunOptions['seeds']>,
  reporter: Reporter,
  interruption: Interruption,
): Promise<void> {
  const first = given.like!;
  const options = { ...withGivenAnew(first.options, given, availableParallelism()), seeds };
  reporter.status(`opening ${options.data} …`);
  const hooks = { onProgress: reporter.work, signal: interruption.signal };
  const { run } = await prepareAgain(first, options, hooks);
  const record = newRecord(run, commandLine(given.words!));
  const folder = new RunFolder(given.partOf!);
  await folder.exclusively(async () => {
    await folder.writeRecord(record);
    await train({ run, record, folder, given, reporter, interruption });
  });
}

async function resume(
  folder: RunFolder,
  given: TrainOptions,
  reporter: Reporter,
  interruption: Interruption,
): Promise<void> {
  await folder.record();
  await folder.exclusively(async () => {
    const { result, ...record } = await folder.record();
    const options = resumedOptions(record, given);
    if (options.head !== undefined && options.epochs !== record.options.epochs) {
      throw new HarrierError('bad-option', 'a head that is fitted on features has no epochs', {
        where: '--epochs',
        next: 'Leave it out.',
      });
    }
    const isUnfinished = await isToBeFineTuned(folder, { ...record, result });
    if (result && !isUnfinished && (options.epochs === record.options.epochs || result.ended === 'early')) {
      if (options.epochs > record.options.epochs) throw noMoreEpochs(record, result);
      await alreadyFinished(folder, result, reporter, given);
      return;
    }
    // It no longer says that it failed or was stopped, even if it is interrupted before its first step.
    await folder.remove('progress');
    reporter.status(`opening ${options.data} …`);
    const hooks = { onProgress: reporter.work, signal: interruption.signal };
    const { run, record: resumed } = await prepareAgain(record, options, hooks);
    // A head has none; there may be one of a fine-tuning that was to take its place.
    const last = options.head === undefined ? await readCheckpoint(folder, 'last') : undefined;
    if (last && last.run === undefined) {
      reporter.note(
        'Note: an older version of Harrier began this run: its checkpoints have no checksum, so damage would not show.',
      );
    }
    const at = last?.position;
    if (!at && result && !isUnfinished) {
      throw new HarrierError('bad-checkpoint', 'the last checkpoint of this finished run is missing', {
        where: folder.file('last'),
        next: 'Restore it, or start a new run.',
      });
    }
    reporter.print(
      at
        ? at.epoch < options.epochs
          ? `Resuming ${shortPath(folder.path)} at epoch ${at.epoch + 1}, step ${at.stepInEpoch + 1}.`
          : `Resuming ${shortPath(folder.path)}: all epochs are trained, the evaluation comes next.`
        : isUnfinished
          ? `Resuming ${shortPath(folder.path)}: the head is fitted, training all layers comes next.`
          : `Starting ${shortPath(folder.path)} again: it was stopped before its first checkpoint.`,
    );
    if (options.threads !== record.options.threads) {
      reporter.note('Note: with another number of threads the results may differ in the last digits.');
    }
    if (options.device !== record.options.device) {
      reporter.note('Note: on another device the results may differ in the last digits.');
    }
    await train({ run, record: resumed, folder, given, reporter, interruption });
  });
}

/** @throws HarrierError `bad-data` when the data has changed since the first fold */
function checkSameImages({ data: { pool } }: RunRecord, hash: string): void {
  if (pool?.hash === hash) return;
  throw new HarrierError('bad-data', 'the data has changed since the first fold was trained', {
    where: pool?.name,
    expected: `SHA-256 ${hash}`,
    received: pool?.hash,
    next: 'Restore the old data, or start again without --resume.',
  });
}

async function train(training: Training): Promise<void> {
  const trained = await trainToTheEnd(training);
  if (training.given.fold?.held !== undefined) return;
  await conclude(training, trained);
}

/** Trains all layers too where that was wanted and is likely to help, and prints the result. */
async function conclude(training: Training, { outcome, notes }: Trained): Promise<void> {
  const { folder, reporter, given, record } = training;
  const tried = record.options.thenFineTune ? await fineTuneToo(training, outcome) : undefined;
  const all = [...notes, ...(tried?.notes ?? [])];
  const last = tried?.outcome ?? outcome;
  await writeJobSummary(folder.path, last.evaluation).catch((error: Error) =>
    reporter.note(`Note: the summary of this job was not written: ${error.message}.`),
  );
  printResult(last, folder, reporter, given.json, all);
}

/** More epochs were asked for, and early stopping would end the run before the first of them. */
function noMoreEpochs(
  { options }: Omit<RunRecord, 'result'>,
  { epochs, bestEpoch = epochs - (options.earlyStopping ?? 0) }: RunResult,
): HarrierError {
  const patience = formatQuantity(options.earlyStopping ?? 0, 'epoch');
  return new HarrierError(
    'bad-option',
    `this run cannot have more epochs: early stopping ended it after epoch ${epochs}, ${patience} after the best ` +
      `validation loss (epoch ${bestEpoch})`,
    { next: 'Start a new run with more patience, or without early stopping.', options: ['earlyStopping'] },
  );
}

async function alreadyFinished(
  folder: RunFolder,
  result: RunResult,
  reporter: Reporter,
  { json, fold }: TrainOptions,
): Promise<void> {
  const { epochs, testAccuracy, ended } = result;
  const path = shellQuote(shortPath(folder.path));
  const how =
    fold !== undefined
      ? 'all folds are trained, and so is its model'
      : result.head !== undefined
        ? 'its last layer was fitted'
        : ended === 'early'
          ? `early stopping ended it after ${formatQuantity(epochs, 'epoch')}`
          : `it has had its ${formatQuantity(epochs, 'epoch')}`;
  reporter.print(
    `${shortPath(folder.path)} is finished: ${how} with ${formatPercent(testAccuracy)} of the test images correct.`,
  );
  // Neither a head nor a cross-validation can have more epochs.
  const isWhole = result.head !== undefined || fold !== undefined;
  if (!isWhole)
    reporter.print(
      ended === 'early'
        ? 'More epochs would not change it: to train longer, start a new run with a larger --early-stopping, or without.'
        : `To give it more: npx harrier train --resume ${path} --epochs ${epochs * 2}`,
    );
  if (!json) return;
  const evaluation = (await folder.evaluation()) ?? null;
  reporter.json({ run: folder.path, ...result, evaluation });
}

function printResult(
  { record, evaluation, ended }: FinishedOutcome,
  folder: RunFolder,
  reporter: Reporter,
  json: boolean | undefined,
  earlierNotes: readonly string[],
): void {
  const result = record.result!;
  const { style } = reporter;
  const path = shortPath(folder.path);
  if (ended === 'early') {
    reporter.print(
      `Stopped early: the validation loss was lowest after epoch ${result.bestEpoch ?? result.epochs - (record.options.earlyStopping ?? 0)}.`,
    );
  }
  const which = result.bestEpoch === undefined ? '' : `, weights of epoch ${result.bestEpoch}`;
  reporter.print();
  reporter.print(evaluationText(evaluation, { style }));
  reporter.print();
  const averaged = averagedBy(record.options);
  const length = result.head
    ? headText(result.head)
    : averaged !== undefined
      ? `the average of ${averaged} models`
      : `${result.epochs} ${result.epochs === 1 ? 'epoch' : 'epochs'}`;
  reporter.print(
    `${evaluation.multiLabel ? 'Training images right in every label' : 'Training accuracy'} ${formatPercent(result.trainingAccuracy)}; ${length} in ${formatDuration(result.seconds)}${which}`,
  );
  reporter.print();
  reporter.print(style.strong(`Everything is in ${path}`));
  const quoted = shellQuote(path);
  const next = [
    [`npx harrier predict ${quoted} photo.jpg`, 'classify an image'],
    [`npx harrier evaluate ${quoted}`, 'evaluate it again'],
    [shortPath(folder.file('report')), 'the report: open it in a browser'],
  ];
  const width = Math.max(...next.map(([line]) => line.length));
  for (const [line, what] of next) reporter.print(`  ${line.padEnd(width)}  ${style.faint(what)}`);
  const advice = calibrationAdvice(evaluation);
  if (advice !== undefined) reporter.note(advice);
  const tuning = record.options.thenFineTune
    ? undefined
    : fineTuningAdvice(result.head, record.data.train.images);
  if (tuning !== undefined) reporter.note(tuning);
  const notes = [...earlierNotes, ...[advice, tuning].filter((note) => note !== undefined)];
  if (json) reporter.json({ run: folder.path, ...result, evaluation, ...(notes.length > 0 && { notes }) });
}
