import type {
  Channel,
  CreateHyperParameterTuningJobRequest,
  CreateTrainingJobRequest,
  DescribeTrainingJobResponse,
  TrainingInstanceType,
} from '@aws-sdk/client-sagemaker';
import { METRIC_DEFINITIONS } from '../metrics.ts';
import type { Aws } from './aws.ts';
import { isMissing } from './aws-error.ts';
import { LIMITS } from './limits.ts';
import { uniqueName } from './names.ts';
import { diskKey, networkOf, type Protection, tagsOf } from './protection.ts';
import { checked } from './requests.ts';

/** A job as SageMaker describes it. */
export type FinishedJob = DescribeTrainingJobResponse;

/** What every training job needs, alone or as one of many. */
export interface JobResources {
  readonly image: string;
  readonly role: string;
  /** Channels by name: S3 addresses. */
  readonly channels: Readonly<Record<string, string>>;
  readonly bucket: string;
  readonly instanceType: string;
  readonly volumeGigabytes: number;
  readonly maxSeconds: number;
  /** Spare capacity: cheaper, may be taken away, goes on from its checkpoints. */
  readonly spot: boolean;
  /** With `spot`: waiting included, so no less than `maxSeconds`. */
  readonly maxWaitSeconds?: number;
  readonly protection: Protection;
}

function definition(name: string, resources: JobResources) {
  const { image, role, channels, bucket, spot, maxSeconds, protection, instanceType } = resources;
  return {
    AlgorithmSpecification: {
      TrainingImage: image,
      TrainingInputMode: 'File' as const,
      MetricDefinitions: [...METRIC_DEFINITIONS],
    },
    RoleArn: role,
    InputDataConfig: Object.entries(channels).map(
      ([ChannelName, S3Uri]): Channel => ({
        ChannelName,
        DataSource: {
          S3DataSource: { S3DataType: 'S3Prefix', S3Uri, S3DataDistributionType: 'FullyReplicated' },
        },
      }),
    ),
    OutputDataConfig: {
      S3OutputPath: `s3://${bucket}/harrier/jobs`,
      ...(protection.kmsKey && { KmsKeyId: protection.kmsKey }),
    },
    ResourceConfig: {
      InstanceType: instanceType as TrainingInstanceType,
      InstanceCount: 1,
      VolumeSizeInGB: resources.volumeGigabytes,
      ...diskKey('VolumeKmsKeyId', protection, instanceType),
    },
    StoppingCondition: {
      MaxRuntimeInSeconds: maxSeconds,
      ...(spot && { MaxWaitTimeInSeconds: resources.maxWaitSeconds ?? 2 * maxSeconds }),
    },
    EnableManagedSpotTraining: spot,
    CheckpointConfig: { S3Uri: `s3://${bucket}/harrier/checkpoints/${name}` },
    ...networkOf(protection),
    ...(protection.encryptTraffic && { EnableInterContainerTrafficEncryption: true }),
  };
}

/** The request for one training job. @throws HarrierError `bad-option` for what SageMaker would not take */
export function trainingRequest(
  resources: JobResources,
  hyperparameters: Readonly<Record<string, string>>,
  name: string = uniqueName(`harrier-${hyperparameters.recipe ?? 'train'}`),
): CreateTrainingJobRequest {
  return checked('CreateTrainingJob', {
    TrainingJobName: name,
    HyperParameters: { ...hyperparameters },
    ...definition(name, resources),
    Tags: tagsOf(resources.protection),
  });
}

/** A hyperparameter that a tuning job chooses: between two numbers, or one of several words. */
export interface TunedParameter {
  readonly name: string;
  readonly between?: readonly [low: number, high: number];
  readonly whole?: boolean;
  readonly scale?: 'Auto' | 'Linear' | 'Logarithmic' | 'ReverseLogarithmic';
  readonly among?: readonly string[];
}

export interface TuningOptions {
  readonly parameters: readonly TunedParameter[];
  readonly jobs: number;
  readonly parallel: number;
  readonly strategy: 'Bayesian' | 'Random' | 'Hyperband' | 'Grid';
  readonly metric: string;
}

/** The request for a tuning job. @throws HarrierError `bad-option` for what SageMaker would not take */
export function tuningRequest(
  resources: JobResources,
  hyperparameters: Readonly<Record<string, string>>,
  { parameters, jobs, parallel, strategy, metric }: TuningOptions,
  name: string = uniqueName(`hr-${hyperparameters.recipe ?? 'tune'}`, new Date(), LIMITS.tuningName),
): CreateHyperParameterTuningJobRequest {
  const ranges = (whole: boolean) =>
    parameters.flatMap(({ name: Name, between, scale = 'Auto', ...rest }) =>
      between && (rest.whole ?? false) === whole
        ? [{ Name, MinValue: `${between[0]}`, MaxValue: `${between[1]}`, ScalingType: scale }]
        : [],
    );
  return checked('CreateHyperParameterTuningJob', {
    HyperParameterTuningJobName: name,
    HyperParameterTuningJobConfig: {
      Strategy: strategy,
      HyperParameterTuningJobObjective: {
        Type: metric.endsWith('loss') ? ('Minimize' as const) : ('Maximize' as const),
        MetricName: metric,
      },
      ResourceLimits: {
        // A grid has as many jobs as it has points: SageMaker refuses a number for it.
        ...(strategy !== 'Grid' && { MaxNumberOfTrainingJobs: jobs }),
        MaxParallelTrainingJobs: parallel,
      },
      ParameterRanges: {
        IntegerParameterRanges: ranges(true),
        ContinuousParameterRanges: ranges(false),
        CategoricalParameterRanges: parameters.flatMap(({ name: Name, among }) =>
          among ? [{ Name, Values: [...among] }] : [],
        ),
      },
    },
    TrainingJobDefinition: {
      StaticHyperParameters: { ...hyperparameters },
      ...definition(name, resources),
    },
    Tags: tagsOf(resources.protection),
  });
}

/** What a finished job cost, as SageMaker counts: `BillableTimeInSeconds` against the time on the machine. */
export interface JobCost {
  readonly billableSeconds: number;
  readonly trainingSeconds: number;
  /** Fraction saved by spot capacity, 0–1. */
  readonly saved: number;
}

export function costOf(job: DescribeTrainingJobResponse): JobCost | undefined {
  const { BillableTimeInSeconds: billable, TrainingTimeInSeconds: training } = job;
  if (billable === undefined || training === undefined) return undefined;
  const saved = job.EnableManagedSpotTraining && training > 0 ? 1 - billable / training : 0;
  return { billableSeconds: billable, trainingSeconds: training, saved };
}

/** The training job of a name, or the best of a tuning job of that name. */
export async function findJob(aws: Aws, name: string): Promise<DescribeTrainingJobResponse | undefined> {
  const describe = (TrainingJobName: string) => aws.sagemaker.describeTrainingJob({ TrainingJobName });
  try {
    return await describe(name);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  if (name.length > LIMITS.tuningName) return undefined;
  try {
    const tuning = await aws.sagemaker.describeHyperParameterTuningJob({ HyperParameterTuningJobName: name });
    const best = tuning.BestTrainingJob?.TrainingJobName;
    return best ? await describe(best) : undefined;
  } catch (error) {
    if (!isMissing(error)) throw error;
    return undefined;
  }
}
