import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { OnProgress } from '../../data/progress.ts';
import { HarrierError } from '../../errors.ts';
import { type EpochRecord, historyToCsv } from '../../evaluation/index.ts';
import { nativeSha256 } from '../../platform/node/files/sha256.ts';
import { newRecord, prepareRun } from '../../platform/node/runs/prepare-run.ts';
import { RunFolder } from '../../platform/node/runs/run-folder.ts';
import { readCheckpoint, trainRun } from '../../platform/node/runs/train-run.ts';
import { checkpointsOf } from '../../runs/checkpoints.ts';
import { CHANGEABLE_FIELDS } from '../../runs/given-anew.ts';
import { plannedOptions, type RunMethod } from '../../runs/plan-run.ts';
import type { PreparedRun } from '../../runs/prepare-run.ts';
import type { RunOptions, RunRecord } from '../../runs/run-record.ts';
import type { RunFile } from '../../runs/stored-run.ts';
import type { RunPosition, StepProgress } from '../../training/index.ts';
import { metricLine } from '../metrics.ts';
import { readTrainingJob } from './job.ts';
import type { ContainerPaths } from './paths.ts';
import { copyResults, missingResult, saveStoppedModel } from './results.ts';

/** Options of a run as hyperparameters gave them, and what it is made from. */
export interface JobOptions extends Pick<RunMethod, 'recipe' | 'from' | 'chosen'> {
  readonly options: RunOptions;
  readonly checkpointSeconds?: number;
}

export interface TrainContainerHooks {
  /** Hyperparameters, data and the model to begin with to options; throws for what there is not. */
  readonly optionsOf: (
    hyperparameters: Readonly<Record<string, string>>,
    data: string,
    model?: string,
  ) => Promise<JobOptions>;
  /** One line of the job's log. */
  readonly log: (line: string) => void;
  readonly onBegin?: (run: PreparedRun) => void;
  readonly onStep?: (step: StepProgress) => void;
  /** May throw to abandon the work, once `interrupted` says so. */
  readonly onProgress?: OnProgress;
  readonly interrupted?: () => boolean;
  readonly signal?: AbortSignal;
}

/**
 * `train` of the container: trains what `input/` describes. The run folder is `checkpoints/`, which SageMaker keeps in
 * S3, so a container that starts anew goes on by itself. `model/` gets the model with its card and evaluation,
 * `output/data/` the report and the history.
 *
 * @returns where the run stands when it was interrupted; undefined when it is finished
 * @throws HarrierError as `prepareRun` and `trainRun` do, and when the job is none that Harrier can do
 */
export async function trainInContainer(
  paths: ContainerPaths,
  hooks: TrainContainerHooks,
): Promise<RunPosition | undefined> {
  const job = await readTrainingJob(paths);
  const {
    options: wanted,
    checkpointSeconds,
    ...method
  } = await hooks.optionsOf(job.hyperparameters, job.data, job.model);
  await paths.makeOutputs();
  // The jobs of a tuning job may share one address for checkpoints.
  const ownName = job.isOneOfMany ? (process.env.TRAINING_JOB_NAME ?? '') : '';
  const folder = new RunFolder(join(paths.checkpoints, ownName));
  const stored = (await folder.read('record')) ? await folder.record() : undefined;
  const options = stored ? optionsAgain(wanted, stored, method) : wanted;
  if (stored) checkSameRun(stored.options, options, folder.path);
  if (stored?.result && stored.options.epochs === options.epochs) {
    const missing = await missingResult(folder);
    if (missing === undefined) {
      hooks.log('The run in checkpoints/ is finished already: its results are handed over again.');
      await copyResults(folder, paths);
      return undefined;
    }
    hooks.log(`The results came back without ${basename(folder.file(missing))}: they are made again.`);
  }
  await discardIncomplete(folder, hooks.log);
  const { onProgress, signal } = hooks;
  const { corrections } = job;
  const run = await prepareRun(options, { ...method, corrections, onProgress, signal }, stored);
  const record: RunRecord = stored
    ? withoutResult({ ...stored, options })
    : newRecord(run, 'harrier sagemaker container train');
  // Not under the folder's lock: a container has its folder to itself, and the lock of the one before, which may
  // have come back from S3 with the rest, must not stop it.
  hooks.onBegin?.(run);
  const training = trainRun(run, record, folder, {
    onStep: hooks.onStep,
    onProgress,
    interrupted: hooks.interrupted,
    checkpointSeconds,
    onEpoch: (record) => hooks.log(epochLine(record)),
  });
  const outcome = await training.catch(async (error) => {
    // Abandoned while it was evaluated: what was saved last is what there is.
    const last = hooks.interrupted?.() ? await readCheckpoint(folder, 'last') : undefined;
    if (!last) throw error;
    return { ended: 'interrupted' as const, position: last.position };
  });
  if (outcome.ended === 'interrupted') {
    await saveStoppedModel(run, folder, paths);
    return outcome.position;
  }
  // A head is fitted at once, without epochs: what would be logged after each is logged at its end.
  const fitted = run.options.head ? outcome.history.at(-1) : undefined;
  if (fitted) hooks.log(epochLine(fitted));
  const { loss, accuracy, multiLabel } = outcome.evaluation;
  // A validation channel without a test channel is what the finished model is evaluated on, once.
  const standsIn = !run.validation && job.parts.includes('validation');
  hooks.log(
    metricLine({
      ...(standsIn && { 'validation:loss': loss, 'validation:accuracy': accuracy }),
      'test:loss': loss,
      'test:accuracy': accuracy,
      'test:mean_average_precision': multiLabel?.meanAveragePrecision,
    }),
  );
  // A run that goes on at its end writes no history.
  await folder.write('history', historyToCsv(outcome.history));
  await copyResults(folder, paths);
  return undefined;
}

/** The line of an epoch, in which CloudWatch and tuning jobs find its measures. */
function epochLine({ epoch, loss, accuracy, validationLoss, validationAccuracy }: EpochRecord): string {
  return metricLine(
    {
      'train:loss': loss,
      'train:accuracy': accuracy,
      'validation:loss': validationLoss,
      'validation:accuracy': validationAccuracy,
    },
    { epoch },
  );
}

/**
 * A container may end while its folder is copied to S3. Where checkpoints came back without the record or the best
 * checkpoint that belong to them, training begins again: refused for good, the job could never end.
 */
async function discardIncomplete(folder: RunFolder, log: (line: string) => void): Promise<void> {
  if (!(await folder.read('last'))) return;
  let missing: RunFile | undefined = 'record';
  if (await folder.read('record')) {
    missing = undefined;
    const { id } = await folder.record();
    await checkpointsOf(folder, id, nativeSha256, () => {
      missing = 'best';
    });
  }
  if (missing === undefined) return;
  log(`The checkpoints came back without ${basename(folder.file(missing))}: training begins again.`);
  for (const name of ['last', 'best'] as const) await folder.remove(name);
}

/** What a job's options come to on the images that its run has: those that nobody chose are as they were. */
function optionsAgain(wanted: RunOptions, { options, data }: RunRecord, method: RunMethod): RunOptions {
  const { validationSplit } = method.chosen?.includes('validationSplit') ? wanted : options;
  return plannedOptions({ ...wanted, validationSplit }, data.train.images, method);
}

/**
 * More epochs, another machine and another place for the data are the same run; other settings are not.
 * @throws HarrierError `bad-checkpoint`
 */
export function checkSameRun(then: RunOptions, now: RunOptions, where: string): void {
  const settings = ({ epochs: _, ...options }: RunOptions) => {
    const kept = Object.entries(options).filter(([name]) => !CHANGEABLE_FIELDS.includes(name));
    return JSON.parse(JSON.stringify(Object.fromEntries(kept))) as Record<string, unknown>;
  };
  const [before, after] = [settings(then), settings(now)];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const changed = names.filter((name) => !isDeepStrictEqual(before[name], after[name]));
  if (now.epochs < then.epochs) changed.push('epochs');
  if (changed.length === 0) return;
  throw new HarrierError('bad-checkpoint', 'the checkpoints belong to a run with other settings', {
    where,
    received: `other ${changed.join(', ')}`,
    next: 'Give this job a checkpoint address of its own (CheckpointConfig.S3Uri), or the same hyperparameters.',
  });
}

function withoutResult({ result: _result, ...record }: RunRecord): RunRecord {
  return record;
}
