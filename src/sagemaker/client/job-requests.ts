import {
  boolean,
  type Check,
  type Fields,
  fields,
  image,
  instanceType,
  kmsKey,
  list,
  map,
  name,
  one,
  refuse,
  role,
  s3,
  tags,
  text,
  vpc,
  whole,
} from './checks.ts';
import { LIMITS } from './limits.ts';

const metric = fields({
  Name: text(255, undefined, undefined, 1),
  Regex: text(500, undefined, undefined, 1),
});
const algorithm = fields({
  TrainingImage: image,
  TrainingInputMode: one('File', 'FastFile', 'Pipe'),
  'MetricDefinitions?': list(metric, 40),
});
const channel = fields({
  ChannelName: text(64, /^[A-Za-z0-9.\-_]+$/, undefined, 1),
  DataSource: fields({
    S3DataSource: fields({
      S3DataType: one('S3Prefix', 'ManifestFile'),
      S3Uri: s3,
      'S3DataDistributionType?': one('FullyReplicated', 'ShardedByS3Key'),
    }),
  }),
});
const stopping: Check = (value, where) => {
  fields({ MaxRuntimeInSeconds: whole(1, LIMITS.runSeconds), 'MaxWaitTimeInSeconds?': whole(1) })(
    value,
    where,
  );
  const { MaxRuntimeInSeconds: run, MaxWaitTimeInSeconds: wait = run } = value as Record<string, number>;
  if (wait < run) refuse(`${where}.MaxWaitTimeInSeconds`, `at least MaxRuntimeInSeconds, ${run}`, wait);
};
const resources = fields({
  InstanceType: instanceType,
  InstanceCount: whole(1),
  VolumeSizeInGB: whole(1),
  'VolumeKmsKeyId?': kmsKey,
});
const job: Fields = {
  AlgorithmSpecification: algorithm,
  RoleArn: role,
  InputDataConfig: list(channel, 20, 1),
  OutputDataConfig: fields({ S3OutputPath: s3, 'KmsKeyId?': kmsKey }),
  ResourceConfig: resources,
  StoppingCondition: stopping,
  'EnableManagedSpotTraining?': boolean,
  'CheckpointConfig?': fields({ S3Uri: s3 }),
  'VpcConfig?': vpc,
  'EnableNetworkIsolation?': boolean,
  'EnableInterContainerTrafficEncryption?': boolean,
};
const hyperparameters = map(text(256), text(2500), 100);
const range = (...scalings: readonly string[]) => {
  const plain = fields({
    Name: text(256),
    MinValue: text(256),
    MaxValue: text(256),
    'ScalingType?': one(...scalings),
  });
  return list((value, where) => {
    plain(value, where);
    const { Name, MinValue, MaxValue, ScalingType: scaling } = value as Record<string, string>;
    const values = `${Name} from ${MinValue} to ${MaxValue}`;
    if (scaling === 'Logarithmic' && !(Number(MinValue) > 0)) {
      refuse(`${where}.ScalingType`, 'values above 0 for Logarithmic', values);
    }
    if (scaling === 'ReverseLogarithmic' && !(Number(MinValue) >= 0 && Number(MaxValue) < 1)) {
      refuse(`${where}.ScalingType`, 'values of at least 0 and below 1 for ReverseLogarithmic', values);
    }
  }, 30);
};
const parameterRanges = fields({
  'IntegerParameterRanges?': range('Auto', 'Linear', 'Logarithmic'),
  'ContinuousParameterRanges?': range('Auto', 'Linear', 'Logarithmic', 'ReverseLogarithmic'),
  'CategoricalParameterRanges?': list(fields({ Name: text(256), Values: list(text(256), 30, 1) }), 30),
});
const tuning = fields({
  HyperParameterTuningJobName: name(LIMITS.tuningName),
  HyperParameterTuningJobConfig: fields({
    Strategy: one('Bayesian', 'Random', 'Hyperband', 'Grid'),
    HyperParameterTuningJobObjective: fields({
      Type: one('Maximize', 'Minimize'),
      MetricName: text(255, undefined, undefined, 1),
    }),
    ResourceLimits: fields({ 'MaxNumberOfTrainingJobs?': whole(1), MaxParallelTrainingJobs: whole(1) }),
    ParameterRanges: parameterRanges,
  }),
  TrainingJobDefinition: fields({ 'StaticHyperParameters?': hyperparameters, ...job }),
  'Tags?': tags,
});

/** What a tuning job's strategy demands of the rest of it. */
const strategy: Check = (value, where) => {
  const { HyperParameterTuningJobConfig: config, TrainingJobDefinition: definition } = value as {
    HyperParameterTuningJobConfig: {
      Strategy: string;
      ParameterRanges: Readonly<Record<string, readonly unknown[] | undefined>>;
    };
    TrainingJobDefinition: { StaticHyperParameters?: Readonly<Record<string, string>> };
  };
  const ranges = Object.values(config.ParameterRanges).flatMap((each) => each ?? []);
  if (ranges.length === 0 || ranges.length > 30) refuse(where, '1 to 30 tuned parameters', ranges.length);
  if (config.Strategy === 'Grid') {
    const { CategoricalParameterRanges: _, ...numbers } = config.ParameterRanges;
    if (Object.values(numbers).some((each) => each?.length)) {
      refuse(
        `${where}.Strategy`,
        'lists of values only for Grid, such as --tune batch-size=16,32',
        'a range',
      );
    }
  }
  if (config.Strategy === 'Hyperband') {
    const epochs = definition.StaticHyperParameters?.epochs;
    const words = `--epochs for Hyperband, which shares them out: 1 to ${LIMITS.hyperbandEpochs}`;
    if (!(Number(epochs) >= 1 && Number(epochs) <= LIMITS.hyperbandEpochs)) {
      refuse(`${where}.Strategy`, words, epochs);
    }
  }
};
/** Requests that start jobs. */
export const JOB_REQUESTS = {
  CreateTrainingJob: fields({
    TrainingJobName: name(LIMITS.name),
    'HyperParameters?': hyperparameters,
    ...job,
    'Tags?': tags,
  }),
  CreateHyperParameterTuningJob: (value: unknown, where: string) => {
    tuning(value, where);
    strategy(value, where);
  },
  CreateTransformJob: fields({
    TransformJobName: name(LIMITS.name),
    ModelName: name(LIMITS.name),
    TransformInput: fields({
      DataSource: fields({
        S3DataSource: fields({ S3DataType: one('S3Prefix', 'ManifestFile'), S3Uri: s3 }),
      }),
      'ContentType?': text(256),
      'SplitType?': one('None', 'Line', 'RecordIO', 'TFRecord'),
    }),
    TransformOutput: fields({
      S3OutputPath: s3,
      'Accept?': text(256),
      'AssembleWith?': one('None', 'Line'),
      'KmsKeyId?': kmsKey,
    }),
    TransformResources: fields({
      InstanceType: instanceType,
      InstanceCount: whole(1),
      'VolumeKmsKeyId?': kmsKey,
    }),
    'BatchStrategy?': one('MultiRecord', 'SingleRecord'),
    'MaxConcurrentTransforms?': whole(0),
    'MaxPayloadInMB?': whole(0, LIMITS.transformMegabytes),
    'Tags?': tags,
  }),
} as const;
