import { rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HarrierError } from '../../errors.ts';
import { headline } from '../../evaluation/index.ts';
import { formatDuration, formatQuantity } from '../../format/format.ts';
import { renameInto } from '../../platform/node/files/rename-into.ts';
import { newRecord } from '../../platform/node/runs/prepare-run.ts';
import { RunFolder } from '../../platform/node/runs/run-folder.ts';
import { sameStartingModel } from '../../platform/node/runs/starting-model.ts';
import { NODE_RUNS } from '../../platform/node/runs/train-run.ts';
import { TRACKED } from '../../platform/node/trackers/open-trackers.ts';
import { comparedText } from '../../runs/compare-models.ts';
import { fineTuningAfter, resumedFineTuning, rivalHead } from '../../runs/fine-tuning-after.ts';
import type { PreparedRun } from '../../runs/prepare-run.ts';
import { replaceRun } from '../../runs/replace-run.ts';
import type { RunRecord } from '../../runs/run-record.ts';
import type { FinishedOutcome } from '../../runs/train-run.ts';
import { shortPath } from '../terminal.ts';
import { againstFineTuning } from './fine-tuning-advice.ts';
import { lengthToTry, withEpochs } from './length.ts';
import { type Trained, type Training, trainToTheEnd } from './one-run.ts';

/** Folders within that of the run: of the training of all layers, and of the head where that is not kept. */
const [TUNED, HEAD] = ['fine-tuned', 'head'];
/** With fewer epochs the layers have not settled. */
const FEWEST_EPOCHS = 2;

/** Whether a run has its head, and training all layers is still to come. */
export async function isToBeFineTuned(folder: RunFolder, record: RunRecord): Promise<boolean> {
  const { options, result, data } = record;
  if (!options.thenFineTune || !result || result.compared) return false;
  const isBegun = (await folderOf(folder).read('record')) !== undefined;
  return isBegun || againstFineTuning(result.head, data.train.images) === undefined;
}

/**
 * Trains all layers after a head, in a folder within the run's, where that is likely to help and time allows. The run's
 * folder then holds the model that is better on validation images; the other stays in a folder within it. Until it is
 * known which is better, the run's folder holds the head.
 *
 * @param head how the run of the head ended
 * @throws HarrierError as `trainToTheEnd` does
 */
export async function fineTuneToo(training: Training, head: FinishedOutcome): Promise<Trained> {
  const { run, folder, reporter } = training;
  const tuned = folderOf(folder);
  const kept = (why: string): Trained => {
    reporter.note(`All layers were not trained too: ${why}. The head is kept.`);
    return { outcome: head, notes: [] };
  };
  const begun = (await tuned.read('record')) ? await tuned.record() : undefined;
  const against = begun ? undefined : againstFineTuning(head.record.result?.head, run.train.size);
  if (against !== undefined) return kept(against);
  const { options } = run;
  reporter.print(
    `${headline(head.evaluation)}, with the head alone. Its model is in ${shortPath(folder.path)}.`,
  );
  reporter.status('preparing to train all layers …');
  let next: PreparedRun;
  try {
    next = begun
      ? await resumedFineTuning(run, begun, sameStartingModel)
      : await fineTuningAfter(run, await sameStartingModel(options.from!));
  } catch (error) {
    // Such as of weights of eight bits, which have no gradients, or of too few images for --reject.
    if (error instanceof HarrierError && ['not-supported', 'bad-option', 'bad-data'].includes(error.code)) {
      return kept(error.message.replace(/\.$/, ''));
    }
    throw error;
  }
  if (!begun) {
    const { epochs, epochSeconds, seconds } = await lengthToTry(next, reporter);
    if (epochs < Math.min(FEWEST_EPOCHS, next.options.epochs)) {
      return kept(
        `${formatQuantity(FEWEST_EPOCHS, 'epoch')} take about ${formatDuration(FEWEST_EPOCHS * epochSeconds)}, and ` +
          `--time leaves ${formatDuration(seconds)}`,
      );
    }
    next = withEpochs(next, epochs);
    const length = formatQuantity(epochs, 'epoch');
    reporter.print(
      `\n${reporter.style.strong('All layers')}: ${length} of about ${formatDuration(epochSeconds)}`,
    );
  }
  // Resumed by itself, it was finished without the comparison.
  const trained = begun?.result?.compared ? undefined : await trainedIn(tuned, next, begun, training);
  const { compared } = (await tuned.record()).result!;
  reporter.print(`\nCompared: ${comparedText(compared!)}.`);
  if (compared!.kept === 'head') return { outcome: await head.keep(compared!), notes: [] };
  const aside = new RunFolder(join(folder.path, HEAD));
  await replaceRun(folder, tuned, aside);
  await moveTracked(folder, tuned, aside);
  await rm(tuned.path, { recursive: true, force: true });
  return { outcome: await outcomeIn(folder, head), notes: trained?.notes ?? [] };
}

/** What trackers wrote of a run goes where the run goes. Interrupted, it does the rest when it is called again. */
async function moveTracked(place: RunFolder, by: RunFolder, aside: RunFolder): Promise<void> {
  for (const name of TRACKED) {
    const [before, now, after] = [place, by, aside].map(({ path }) => join(path, name));
    if (!(await stat(now).catch(() => undefined))) continue;
    await rename(before, after).catch(() => {});
    await renameInto(now, before);
  }
}

async function trainedIn(
  folder: RunFolder,
  run: PreparedRun,
  begun: RunRecord | undefined,
  training: Training,
): Promise<Trained> {
  const record = recordOf(run, begun, training);
  // Resumed is the run, which finds the folder within it.
  const given = { ...training.given, partOf: training.folder.path };
  const rival = async () => {
    const { predict } = await rivalHead(run, NODE_RUNS, training.reporter.work);
    return predict(run.validation!, 'validating the head');
  };
  return folder.exclusively(async () => {
    await folder.writeRecord(record);
    return trainToTheEnd({ ...training, run, record, folder, given }, rival);
  });
}

/** Of one that goes on: with where its data is now, and what computes. */
function recordOf(run: PreparedRun, begun: RunRecord | undefined, { record }: Training): RunRecord {
  if (!begun) return newRecord(run, record.command);
  const { result: _, ...others } = begun;
  return { ...others, options: run.options, data: run.data };
}

/** The outcome that a folder holds. */
async function outcomeIn(folder: RunFolder, { keep }: FinishedOutcome): Promise<FinishedOutcome> {
  const record = await folder.record();
  const [evaluation, history] = await Promise.all([folder.evaluation(), folder.history()]);
  return { ended: record.result!.ended, record, evaluation: evaluation!, history, keep };
}

function folderOf(run: RunFolder): RunFolder {
  return new RunFolder(join(run.path, TUNED));
}
