import { HarrierError } from '../../errors.ts';
import { formatDuration, formatPercent } from '../../format/format.ts';
import { kebabCase } from '../../options/option.ts';
import { create } from '../../sagemaker/client/create.ts';
import { lookUntil } from '../../sagemaker/client/follow.ts';
import {
  type JobResources,
  type TunedParameter,
  type TuningOptions,
  tuningRequest,
} from '../../sagemaker/client/training.ts';
import type { METRIC_NAMES } from '../../sagemaker/metrics.ts';
import { Exit } from '../failure.ts';
import { hyperparameterOptions, trainOptionsOf } from './hyperparameters.ts';
import { checkTimes, givenChannels, jobResources, withModelFolder } from './jobs.ts';
import { type AwsSession, inAws } from './session.ts';
import { checkedHyperparameters, type SageMakerTrainOptions, sayWhatBills } from './train.ts';

export interface TuneOptions extends SageMakerTrainOptions {
  readonly tune?: readonly string[];
  readonly jobs: number;
  readonly parallel: number;
  readonly strategy: TuningOptions['strategy'];
  readonly metric: (typeof METRIC_NAMES)[number];
}

/** `harrier sagemaker tune`. */
export async function runTune(options: TuneOptions): Promise<void> {
  checkTimes(options);
  const given = await withModelFolder(options);
  const parameters = (given.tune ?? []).map(tunedParameter);
  if (parameters.length === 0) {
    throw new HarrierError('bad-option', 'there is nothing to tune', {
      where: '--tune',
      expected: 'learning-rate=0.001..0.1:log, batch-size=16..128 or optimizer=sgd,adam',
    });
  }
  const recipes = parameters.find(({ name }) => name === 'recipe')?.among;
  const fixed = await checkedHyperparameters(given, recipes);
  const named = namedBy(fixed);
  for (const { name } of parameters) {
    if (named.has(name)) throw givenTwice(name, 'this is fixed and tuned at once');
    if (parameters.filter((each) => each.name === name).length > 1) {
      throw givenTwice(name, 'this is tuned twice');
    }
  }
  await inAws(given, ['sagemaker', 's3', 'ecr'], async (session) => {
    const { aws, reporter, follow } = session;
    const channels = await givenChannels(given, reporter);
    const hyperparameters = { ...fixed };
    if (
      given.metric.startsWith('validation') &&
      !channels.validation &&
      !named.has('validation-split') &&
      !parameters.some(({ name }) => name === 'validation-split')
    ) {
      hyperparameters['validation-split'] = '0.1';
      reporter.note('Note: a tenth of the training images evaluates the settings (--validation-split 0.1).');
    }
    const requestOf = (resources: JobResources) =>
      tuningRequest(resources, hyperparameters, { ...given, parameters }, given.name);
    const resources = await jobResources(session, given, channels, requestOf);
    const request = requestOf(resources);
    const { HyperParameterTuningJobName: name = '' } = request;
    // A grid has as many jobs as it has points.
    const points = parameters.reduce((product, { among = [] }) => product * among.length, 1);
    const jobs = given.strategy === 'Grid' ? points : given.jobs;
    sayWhatBills(resources, reporter, jobs);
    follow.signal?.throwIfAborted();
    await create(name, () => aws.sagemaker.createHyperParameterTuningJob(request));
    reporter.print(`Started ${name}: ${jobs} jobs, ${given.parallel} at a time.`);
    if (given.wait) await waitForTuning(session, name, given.json);
    else if (given.json) reporter.json({ tuningJob: name });
  });
}

/** What hyperparameters fix: themselves, and the recipe's settings that `set` names. */
function namedBy(fixed: Readonly<Record<string, string>>): ReadonlySet<string> {
  const settings = (fixed.set ?? '').split(' ').map((word) => kebabCase(word.split('=')[0]));
  return new Set([...Object.keys(fixed), ...settings]);
}

function givenTwice(name: string, summary: string): HarrierError {
  return new HarrierError('bad-option', summary, {
    where: `--${name}`,
    next: 'Leave out one of the two.',
  });
}

async function waitForTuning(
  { aws, reporter, follow, goesOn }: AwsSession,
  name: string,
  json: boolean | undefined,
): Promise<void> {
  goesOn(
    'The tuning job continues: npx harrier sagemaker list shows it.',
    `Stop it: npx harrier sagemaker stop ${name}`,
  );
  let said = '';
  const started = performance.now();
  const job = await lookUntil(
    () => aws.sagemaker.describeHyperParameterTuningJob({ HyperParameterTuningJobName: name }),
    ({ HyperParameterTuningJobStatus: status = '', TrainingJobStatusCounters: counts = {} }) => {
      const { Completed: done = 0, InProgress: going = 0, NonRetryableError: failed = 0 } = counts;
      const line = `${done} done, ${going} under way, ${failed} failed`;
      if (line !== said) reporter.print(line);
      said = line;
      return !/^(InProgress|Stopping)$/.test(status);
    },
    follow,
  );
  const best = job.BestTrainingJob;
  const result = best?.FinalHyperParameterTuningJobObjectiveMetric;
  if (json) {
    const { HyperParameterTuningJobStatus: status, FailureReason: failure } = job;
    const tuned = best?.TunedHyperParameters;
    reporter.json({ tuningJob: name, status, best: best?.TrainingJobName, tuned, ...result, failure });
  }
  if (job.HyperParameterTuningJobStatus === 'Failed' || !best) {
    const why = job.FailureReason?.replace(/\.$/, '') ?? 'no job of it reported the metric';
    throw new HarrierError('refused', `the tuning job found nothing: ${why}`, { where: name });
  }
  const settings = Object.entries(best.TunedHyperParameters ?? {}).map((pair) => pair.join(' '));
  const value = result?.Value ?? 0;
  const shown = result?.MetricName?.endsWith('accuracy') ? formatPercent(value) : value.toFixed(4);
  reporter.print(
    `Best: ${settings.join(', ')}: ${result?.MetricName} ${shown}, after ${formatDuration((performance.now() - started) / 1000)}.`,
  );
  reporter.print(`Deploy it: npx harrier sagemaker deploy ${best.TrainingJobName}`);
  if (job.HyperParameterTuningJobStatus === 'Stopped') throw new Exit(1);
}

const SCALES = { log: 'Logarithmic', linear: 'Linear', 'reverse-log': 'ReverseLogarithmic' } as const;

/** Reads `learning-rate=0.001..0.1:log` or `optimizer=sgd,adam`. @throws HarrierError `bad-option` */
export function tunedParameter(text: string): TunedParameter {
  const [, given = '', values = ''] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  const name = kebabCase(given);
  const range = /^([^.,]+(?:\.\d+)?)\.\.([^:,]+)(?::(log|linear|reverse-log))?$/.exec(values);
  if (!name || !values) throw badParameter(text);
  const { type } = hyperparameterOptions().get(name)?.[1] ?? {};
  if (!type) trainOptionsOf({ [given]: '1' });
  if (!range) {
    const among = values.split(',');
    for (const value of among) trainOptionsOf({ [name]: value });
    return { name, among };
  }
  const [low, high] = [Number(range[1]), Number(range[2])];
  if (!(low < high)) throw badParameter(text);
  for (const bound of [low, high]) trainOptionsOf({ [name]: `${bound}` });
  return {
    name,
    between: [low, high],
    whole: type?.kind === 'number' && (type.whole ?? false),
    ...(range[3] && { scale: SCALES[range[3] as keyof typeof SCALES] }),
  };
}

function badParameter(text: string): HarrierError {
  return new HarrierError('bad-option', 'this names no setting to tune', {
    where: '--tune',
    expected: 'name=low..high, name=low..high:log or name=one,another',
    received: `"${text}"`,
  });
}
