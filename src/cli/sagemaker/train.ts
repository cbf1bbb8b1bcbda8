import { once } from 'node:events';
import { HarrierError } from '../../errors.ts';
import { formatDuration, formatPercent } from '../../format/format.ts';
import { newRun } from '../../platform/node/runs/new-run.ts';
import { findRecipe } from '../../platform/node/runs/recipe-files.ts';
import { createRunFolder } from '../../platform/node/runs/run-folder.ts';
import { shellQuote } from '../../platform/node/shell-quote.ts';
import { RECIPES } from '../../recipes/index.ts';
import { create } from '../../sagemaker/client/create.ts';
import { followTraining } from '../../sagemaker/client/follow.ts';
import { familyOf, instanceAdvice, PRICES } from '../../sagemaker/client/prices.ts';
import { isS3 } from '../../sagemaker/client/s3.ts';
import {
  costOf,
  type FinishedJob,
  type JobResources,
  trainingRequest,
} from '../../sagemaker/client/training.ts';
import { modelIn } from '../../sagemaker/container/model-channel.ts';
import { layOut, startEntryPoint } from '../../sagemaker/local.ts';
import { Exit } from '../failure.ts';
import { SIGNALS } from '../interruption.ts';
import { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';
import { hyperparametersOf, trainOptionsOf } from './hyperparameters.ts';
import { checkTimes, givenChannels, type JobOptions, jobResources, withModelFolder } from './jobs.ts';
import { type AwsSession, inAws } from './session.ts';

/** Beside these, the hyperparameters as they were typed. */
export interface SageMakerTrainOptions extends JobOptions {
  readonly local?: boolean;
  readonly out?: string;
}

/** `harrier sagemaker train`. */
export async function runSageMakerTrain(options: SageMakerTrainOptions): Promise<void> {
  checkTimes(options);
  if (options.out !== undefined && !options.local) {
    throw new HarrierError('bad-option', '--out needs --local', {
      next: 'The model of a job is saved in S3: choose the bucket with --bucket.',
    });
  }
  const given = await withModelFolder(options);
  const hyperparameters = await checkedHyperparameters(given);
  if (given.local) return trainHere(given, hyperparameters);
  await inAws(given, ['sagemaker', 's3', 'ecr', 'logs'], async (session) => {
    const { aws, reporter, follow } = session;
    const channels = await givenChannels(given, reporter);
    const requestOf = (resources: JobResources) => trainingRequest(resources, hyperparameters, given.name);
    const resources = await jobResources(session, given, channels, requestOf);
    const request = requestOf(resources);
    const { TrainingJobName: name = '' } = request;
    sayWhatBills(resources, reporter);
    follow.signal?.throwIfAborted();
    await create(name, () => aws.sagemaker.createTrainingJob(request));
    reporter.print(`Started ${name}.`);
    if (!given.wait) {
      reporter.print(`Follow it: npx harrier sagemaker logs ${name} --follow`);
      if (given.json) reporter.json({ job: name });
      return;
    }
    await waitForTraining(session, name, given.json);
  });
}

/**
 * Hyperparameters of the options that were typed; what the container would refuse is refused here.
 *
 * @param recipes those that jobs will be told to use, where that is not the one that was typed
 */
export async function checkedHyperparameters(
  given: SageMakerTrainOptions,
  recipes?: readonly string[],
): Promise<Record<string, string>> {
  const hyperparameters = hyperparametersOf(given);
  const options = trainOptionsOf(hyperparameters);
  if (given.model !== undefined) {
    // What lies in S3 is seen by the container alone.
    if (!isS3(given.model)) await newRun({ ...options, from: await modelIn(given.model), data: 'channels' });
    return hyperparameters;
  }
  for (const recipe of recipes ?? [options.recipe]) {
    await refuseOwnRecipe(recipe);
    await newRun({ ...options, recipe, data: 'channels' });
  }
  return hyperparameters;
}

/** The container has Harrier's recipes and no file of this folder: by the same name it would train something else. */
async function refuseOwnRecipe(name: string | undefined): Promise<void> {
  const { recipe, file } = await findRecipe(name);
  if (!file) return;
  const others = Object.keys(RECIPES).filter((each) => each !== recipe.name);
  throw new HarrierError(
    'bad-option',
    `a job cannot train "${recipe.name}" of this file, because its container image does not contain the file`,
    {
      where: shortPath(file),
      next: `Name a recipe of Harrier's with --recipe: ${others.join(', ')}.`,
    },
  );
}

/** Says how jobs are billed. Without `maxSeconds` they have no limit. @param count of machines, or of jobs */
export function sayWhatBills(
  { instanceType, spot, maxSeconds }: { instanceType: string; spot?: boolean; maxSeconds?: number },
  reporter: Reporter,
  count = 1,
): void {
  const advice = instanceAdvice(instanceType);
  if (advice) reporter.note(advice);
  const ends =
    maxSeconds === undefined
      ? 'until the job ends'
      : `while it runs, at most ${formatDuration(maxSeconds)} each`;
  reporter.print(
    `${count} × ${instanceType} (${familyOf(instanceType)}${spot ? ', spot' : ''}), billed by the second ${ends}. ` +
      `Prices: ${PRICES}`,
  );
}

/** Follows a job to its end and says what came of it. @throws HarrierError when it failed; Exit when it was stopped */
export async function waitForTraining(
  { aws, reporter, follow, goesOn }: AwsSession,
  name: string,
  json: boolean | undefined,
): Promise<void> {
  goesOn(
    `The job continues. Follow it: npx harrier sagemaker logs ${name} --follow`,
    `Stop it: npx harrier sagemaker stop ${name}`,
  );
  const job = await followTraining(aws, name, follow);
  const { TrainingJobStatus: status, FailureReason: reason, SecondaryStatus: secondary } = job;
  sayCost(job, reporter);
  const model = job.ModelArtifacts?.S3ModelArtifacts;
  const metrics = Object.fromEntries(
    (job.FinalMetricDataList ?? []).map(({ MetricName, Value }) => [MetricName!, Value!]),
  );
  if (json) reporter.json({ job: name, status, ...costOf(job), model, metrics, failure: reason });
  if (status === 'Completed') {
    for (const [metric, value] of Object.entries(metrics)) reporter.print(`${metric} ${value.toFixed(4)}`);
    reporter.print(`The model: ${model}`);
    reporter.print(`Deploy it: npx harrier sagemaker deploy ${name}`);
    return;
  }
  if (status === 'Failed') {
    throw new HarrierError(
      'refused',
      `the job failed: ${(reason ?? 'AWS gives no reason').replace(/\.$/, '')}`,
      {
        where: name,
      },
    );
  }
  reporter.note(`${name} was stopped (${secondary}) before it finished.`);
  throw new Exit(1);
}

function sayCost(job: FinishedJob, reporter: Reporter): void {
  const cost = costOf(job);
  if (!cost) return;
  const saved = job.EnableManagedSpotTraining ? `, ${formatPercent(cost.saved)} saved by spot capacity` : '';
  reporter.print(`Training ${cost.trainingSeconds} s, billed ${cost.billableSeconds} s${saved}.`);
}

/** The same job in the same container contract, as a process on this machine. */
async function trainHere(
  given: SageMakerTrainOptions,
  hyperparameters: Readonly<Record<string, string>>,
): Promise<void> {
  const reporter = new Reporter({ machine: given.json });
  const channels = await givenChannels(given, reporter);
  const remote = Object.values(channels).find(isS3);
  if (remote) {
    throw new HarrierError('bad-option', 'with --local, the data must be on this machine', {
      expected: 'a folder',
      received: remote,
      next: 'Download it first: aws s3 sync.',
    });
  }
  const folder = await createRunFolder('sagemaker-local', given.out);
  await layOut(folder.path, { hyperparameters, channels });
  const child = startEntryPoint('train', folder.path);
  // On Windows Ctrl-C reaches the child by itself, and what is passed on ends it at once.
  const forward = (signal: NodeJS.Signals) => process.platform !== 'win32' && child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, forward);
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  for (const each of SIGNALS) process.off(each, forward);
  const model = shortPath(`${folder.path}/model/model.onnx`);
  if (code !== 0) throw new Exit(code ?? (signal ? 1 : 0));
  reporter.print(`The model: ${model}`);
  reporter.print(`  npx harrier predict ${shellQuote(model)} photo.jpg`);
  if (given.json) reporter.json({ folder: folder.path, model: `${folder.path}/model/model.onnx` });
}
