import { augmentationText } from '../../data/augmentation/index.ts';
import { HarrierError } from '../../errors.ts';
import { headline } from '../../evaluation/index.ts';
import { formatCount, formatQuantity } from '../../format/format.ts';
import type { TunedPart } from '../../models/index.ts';
import type { HeadKind } from '../../options/words.ts';
import { FoldsFolder } from '../../platform/node/runs/folds-folder.ts';
import type { TrainOptions } from '../../platform/node/runs/new-run.ts';
import type { RunFolder } from '../../platform/node/runs/run-folder.ts';
import { SeedsFolder } from '../../platform/node/runs/seeds-folder.ts';
import { readCheckpoint, trainRun } from '../../platform/node/runs/train-run.ts';
import { shellQuote } from '../../platform/node/shell-quote.ts';
import { openTrackers } from '../../platform/node/trackers/open-trackers.ts';
import { trackedResult, trackRun } from '../../platform/node/trackers/track-run.ts';
import { crossValidated } from '../../runs/cross-validated.ts';
import { optimizerText, parameterCount } from '../../runs/describe-run.ts';
import { ensembleOf } from '../../runs/ensemble.ts';
import type { PreparedRun } from '../../runs/prepare-run.ts';
import { ProgressFile } from '../../runs/run-progress.ts';
import type { RunRecord } from '../../runs/run-record.ts';
import type { FinishedOutcome, RunHooks, RunOutcome } from '../../runs/train-run.ts';
import { Exit, failureOf } from '../failure.ts';
import type { Interruption } from '../interruption.ts';
import type { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';
import { LearningWatch } from './learning-watch.ts';
import { TrainingProgress } from './progress.ts';

/** A run that is trained on the command line. */
export interface Training {
  readonly run: PreparedRun;
  readonly record: RunRecord;
  readonly folder: RunFolder;
  readonly given: TrainOptions;
  readonly reporter: Reporter;
  readonly interruption: Interruption;
}

/** A run that has ended, and what was said of it on the way. */
export interface Trained {
  readonly outcome: FinishedOutcome;
  readonly notes: readonly string[];
}

/**
 * Trains one run to its end, and shows how it goes.
 *
 * @param rival see `RunHooks`
 * @throws Exit when it was interrupted: it is then saved, and has said how it is resumed
 */
export async function trainToTheEnd(
  { run, record, folder, given, reporter, interruption }: Training,
  rival?: RunHooks['rival'],
): Promise<Trained> {
  const { fold, ensembleOf: seeds } = given;
  const foldRun = (number: number) => new FoldsFolder(folder.path).fold(number);
  const validated = fold && fold.held === undefined ? await crossValidated(run, foldRun) : undefined;
  const averaged =
    validated && fold?.ensemble
      ? Array.from({ length: fold.count }, (_, i) => foldRun(i + 1))
      : seeds?.map((seed) => new SeedsFolder(folder.path).run(seed));
  if (fold ? fold.held === 1 : !seeds) announce(run, folder, reporter);
  if (fold?.held !== undefined) {
    const [learned, held] = [run.train.size, run.test.size].map((count) => formatQuantity(count, 'image'));
    reporter.print(
      `\n${reporter.style.strong(`Fold ${fold.held}`)}, ${fold.count} in all: ${learned}, ${held} held out`,
    );
  }
  const followed = await trackRun(await openTrackers(given.logTo), run, record, folder, (sentence) =>
    reporter.note(sentence),
  );
  const progress = new TrainingProgress(reporter, run.options.epochs);
  const watch = new LearningWatch(reporter, run);
  const file = new ProgressFile(folder, () => performance.now());
  let outcome: RunOutcome;
  try {
    outcome = await trainRun(run, record, folder, {
      onStep: (step) => {
        progress.step(step);
        file.step(step);
      },
      onEpoch: (epoch) => {
        progress.epoch(epoch);
        watch.epoch(epoch);
        followed.epoch(epoch);
      },
      onProgress: (work) => {
        // After validation the epoch is saved.
        const isSavedNext = work.what === 'validating';
        if (interruption.exitCode !== undefined && !isSavedNext) throw new Exit(interruption.exitCode);
        reporter.work(work);
        file.work(work);
      },
      interrupted: () => interruption.exitCode !== undefined,
      crossValidated: validated,
      ...(averaged && { ensemble: await ensembleOf(averaged) }),
      ...(rival && { rival }),
      checkpointSeconds: given.checkpointSeconds,
    });
    await file.end();
  } catch (error) {
    await followed.end(error instanceof Exit ? 'interrupted' : 'failed');
    await file.end(
      error instanceof Exit ? undefined : { state: 'failed', message: failureOf(error).message ?? '' },
    );
    if (error instanceof Exit) sayHowToResume(given.partOf ?? folder.path, reporter);
    else if (error instanceof HarrierError)
      await sayWhatIsKept(error, folder, given.partOf ?? folder.path, reporter);
    throw error;
  }
  if (outcome.ended === 'interrupted') {
    const { epoch, stepInEpoch } = outcome.position;
    const where = stepInEpoch === 0 ? `epoch ${epoch}` : `step ${stepInEpoch} of epoch ${epoch + 1}`;
    await followed.end('interrupted');
    reporter.note(`Stopped and saved after ${where}.`);
    sayHowToResume(given.partOf ?? folder.path, reporter);
    throw new Exit(interruption.exitCode ?? 1);
  }
  const result = await trackedResult(outcome, folder).catch((error: Error) => {
    reporter.note(`Note: trackers are not told of the result: ${error.message}.`);
    return 'failed' as const;
  });
  await followed.end(result);
  if (fold?.held !== undefined) reporter.print(headline(outcome.evaluation));
  return { outcome, notes: watch.notes };
}

/** What a fine-tuning trains, in words. */
function tunedText(part: TunedPart, head: HeadKind | undefined): string {
  if (head) return `a ${head} head is fitted on its features (--trainable all trains the other layers too)`;
  if (part === 'head')
    return 'a new last layer is trained, the others stay (--trainable all trains them too)';
  if (part === 'all') return 'a new last layer is trained, and the others at a lower rate';
  return `a new last layer is trained, and with it the last ${part.slice('last:'.length)} with weights`;
}

/** Says what is trained, and where to; without a folder nothing is written. */
export function announce(
  { network, options, data, optimizer, skipped, notes }: PreparedRun,
  folder: RunFolder | undefined,
  reporter: Reporter,
): void {
  const { style } = reporter;
  const parameters = parameterCount(network, options);
  const images = (count: number) => `${formatCount(count)} images`;
  reporter.print(
    style.strong(
      `${options.recipe}: ${formatCount(parameters)} parameters, ${
        options.multiLabel
          ? formatQuantity(data.classNames.length, 'label')
          : `${data.classNames.length} classes`
      }`,
    ),
  );
  const { from } = options;
  if (from) reporter.print(style.faint(`from ${from.name}: ${tunedText(from.trainable, options.head)}`));
  reporter.print(
    style.faint(
      `${data.train.name}: ${images(data.train.images)} of ${data.imageShape.width} × ${data.imageShape.height}` +
        `${data.validation ? `; validation: ${images(data.validation.images)}` : ''}; ` +
        `test: ${images(data.test.images)}`,
    ),
  );
  reporter.print(
    style.faint(
      `${options.head ? '' : `${optimizerText(optimizer)}; batch size ${options.batchSize}, `}seed ${options.seed}, ` +
        `${whatComputes(options)}${folder ? `; ${shortPath(folder.path)}` : ''}`,
    ),
  );
  const augmentation = options.head ? '' : augmentationText(options.augmentation ?? []);
  if (augmentation) reporter.print(style.faint(`augmentation: ${augmentation}`));
  if (skipped > 0) {
    const files =
      skipped === 1
        ? '1 file that is not a usable image was'
        : `${formatCount(skipped)} files that are not usable images were`;
    reporter.note(`Note: ${files} skipped.`);
  }
  for (const note of notes) reporter.note(`Note: ${note}`);
}

function whatComputes({ device, threads }: PreparedRun['options']): string {
  return device === 'gpu' ? 'on the graphics device' : formatQuantity(threads, 'thread');
}

function sayHowToResume(path: string, reporter: Reporter): void {
  reporter.note(`Resume with: npx harrier train --resume ${shellQuote(shortPath(path))}`);
}

/** After a failure in the middle: which checkpoint is still there. */
async function sayWhatIsKept(
  error: HarrierError,
  folder: RunFolder,
  resumeCommand: string,
  reporter: Reporter,
): Promise<void> {
  const last = await readCheckpoint(folder, 'last').catch(() => undefined);
  if (!last) {
    reporter.note('No checkpoint had been saved yet.');
    return;
  }
  const path = shortPath(folder.file('last'));
  reporter.note(`The last good checkpoint is kept: ${path} (step ${formatCount(last.position.step)}).`);
  if (error.code === 'storage' || error.code === 'device-lost') sayHowToResume(resumeCommand, reporter);
}
