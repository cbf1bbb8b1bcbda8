import { HarrierError } from '../../errors.ts';

// What SageMaker's API allows in the requests that Harrier sends, in one place: from the API's own description, version
// 2017-07-24, as of 2026-11. https://docs.aws.amazon.com/sagemaker/latest/APIReference/

/** Limits that other code asks for by name. */
export const LIMITS = {
  /** Characters of a name; of a tuning job's. */
  name: 63,
  tuningName: 32,
  /** Bytes of a body for an endpoint; for a serverless one. */
  payload: 25 * 2 ** 20,
  serverlessPayload: 4 * 2 ** 20,
  serverlessConcurrency: 200,
  /** Seconds of a training job: 28 days. */
  runSeconds: 28 * 86_400,
  /** Epochs of a job that the strategy Hyperband starts. */
  hyperbandEpochs: 20_000,
  /** Megabytes of one record of a batch transform, times those on their way at once. */
  transformMegabytes: 100,
} as const;

type Check = (value: unknown, where: string) => void;
type Fields = Readonly<Record<string, Check>>;

function refuse(where: string, expected: string, value: unknown): never {
  const received =
    typeof value === 'string' ? `"${value.slice(0, 80)}"` : JSON.stringify(value)?.slice(0, 80);
  throw new HarrierError('bad-option', 'SageMaker does not accept this value', {
    where,
    expected,
    received: received ?? 'nothing',
  });
}

function text(most: number, pattern?: RegExp, words?: string, least = 0): Check {
  return (value, where) => {
    if (typeof value !== 'string') refuse(where, 'text', value);
    if (value.length < least || value.length > most) {
      refuse(where, `${least > 0 ? `${least} to ` : 'at most '}${most} characters`, value);
    }
    if (pattern && !pattern.test(value)) refuse(where, words ?? `${pattern}`, value);
  };
}

function whole(least: number, most: number = Number.MAX_SAFE_INTEGER): Check {
  return (value, where) => {
    if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
    const upper = most === Number.MAX_SAFE_INTEGER ? '' : ` and at most ${most}`;
    refuse(where, `a whole number of at least ${least}${upper}`, value);
  };
}

function one(...choices: readonly string[]): Check {
  return (value, where) => {
    if (!choices.includes(value as string)) refuse(where, choices.join(', '), value);
  };
}

function list(item: Check, most: number, least = 0): Check {
  return (value, where) => {
    if (!Array.isArray(value)) refuse(where, 'a list', value);
    if (value.length < least || value.length > most)
      refuse(where, `${least} to ${most} entries`, value.length);
    for (const [i, each] of value.entries()) item(each, `${where}[${i}]`);
  };
}

function map(key: Check, item: Check, most: number): Check {
  return (value, where) => {
    if (typeof value !== 'object' || value === null) refuse(where, 'names with values', value);
    const entries = Object.entries(value);
    if (entries.length > most) refuse(where, `at most ${most} entries`, entries.length);
    for (const [name, each] of entries) {
      key(name, where);
      item(each, `${where}.${name}`);
    }
  };
}

/** Fields marked `?` may be left out. */
function fields(spec: Fields): Check {
  const known = new Map(Object.entries(spec).map(([name, check]) => [name.replace('?', ''), check]));
  return (value, where) => {
    if (typeof value !== 'object' || value === null) refuse(where, 'an object', value);
    const given = value as Record<string, unknown>;
    const stranger = Object.keys(given).find((name) => given[name] !== undefined && !known.has(name));
    if (stranger !== undefined) refuse(where, `one of ${[...known.keys()].join(', ')}`, stranger);
    for (const [name, check] of Object.entries(spec)) {
      const plain = name.replace('?', '');
      if (given[plain] !== undefined) check(given[plain], `${where}.${plain}`);
      else if (plain === name) refuse(`${where}.${plain}`, 'a value', undefined);
    }
  };
}

const boolean: Check = (value, where) => {
  if (typeof value !== 'boolean') refuse(where, 'true or false', value);
};
const number: Check = (value, where) => {
  if (typeof value !== 'number') refuse(where, 'a number', value);
};
const gigabytes: Check = (value, where) => {
  const all = [1, 2, 3, 4, 5, 6].map((count) => 1024 * count);
  if (!all.includes(value as number)) refuse(where, `${all.join(', ')} megabytes`, value);
};
const NAME_WORDS = 'letters, digits and single hyphens between them';
const name = (most: number) =>
  text(most, /^[a-zA-Z0-9](-*[a-zA-Z0-9])*$/, `${NAME_WORDS}, at most ${most}`, 1);
const s3 = text(1024, /^s3:\/\/[^/]+/, 's3://bucket/path');
const role = text(
  2048,
  /^arn:aws[a-z-]*:iam::\d{12}:role\/?[\w+=,.@\-/]+$/,
  'arn:aws:iam::123456789012:role/NAME',
  20,
);
const image = text(255, /^\S+$/, 'an image address without spaces');
const instanceType = text(64, /^ml\.[a-z0-9-]+\.[a-z0-9]+$/, 'a name such as ml.c7i.xlarge');
const metric = fields({
  Name: text(255, undefined, undefined, 1),
  Regex: text(500, undefined, undefined, 1),
});
const tags = list(
  fields({
    Key: text(128, /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u, undefined, 1),
    Value: text(256, /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u),
  }),
  50,
);
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
const resources = fields({ InstanceType: instanceType, InstanceCount: whole(1), VolumeSizeInGB: whole(1) });
const job: Fields = {
  AlgorithmSpecification: algorithm,
  RoleArn: role,
  InputDataConfig: list(channel, 20, 1),
  OutputDataConfig: fields({ S3OutputPath: s3 }),
  ResourceConfig: resources,
  StoppingCondition: stopping,
  'EnableManagedSpotTraining?': boolean,
  'CheckpointConfig?': fields({ S3Uri: s3 }),
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
const scalable: Fields = {
  ServiceNamespace: one('sagemaker'),
  ResourceId: text(1600, undefined, undefined, 1),
  ScalableDimension: one('sagemaker:variant:DesiredInstanceCount'),
};

const REQUESTS = {
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
  CreateModel: fields({
    ModelName: name(LIMITS.name),
    ExecutionRoleArn: role,
    PrimaryContainer: fields({
      Image: image,
      ModelDataUrl: s3,
      'Environment?': map(text(1024), text(1024), 100),
    }),
    'Tags?': tags,
  }),
  CreateEndpointConfig: fields({
    EndpointConfigName: name(LIMITS.name),
    ProductionVariants: list(
      fields({
        VariantName: name(LIMITS.name),
        ModelName: name(LIMITS.name),
        'InitialInstanceCount?': whole(1),
        'InstanceType?': instanceType,
        'InitialVariantWeight?': number,
        'ServerlessConfig?': fields({
          MemorySizeInMB: gigabytes,
          MaxConcurrency: whole(1, LIMITS.serverlessConcurrency),
        }),
      }),
      10,
      1,
    ),
    'Tags?': tags,
  }),
  CreateEndpoint: fields({
    EndpointName: name(LIMITS.name),
    EndpointConfigName: name(LIMITS.name),
    'Tags?': tags,
  }),
  UpdateEndpoint: fields({
    EndpointName: name(LIMITS.name),
    EndpointConfigName: name(LIMITS.name),
    'DeploymentConfig?': fields({
      BlueGreenUpdatePolicy: fields({
        TrafficRoutingConfiguration: fields({
          Type: one('ALL_AT_ONCE'),
          WaitIntervalInSeconds: whole(0, 3600),
        }),
        'TerminationWaitInSeconds?': whole(0, 3600),
      }),
    }),
  }),
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
    TransformOutput: fields({ S3OutputPath: s3, 'Accept?': text(256) }),
    TransformResources: fields({ InstanceType: instanceType, InstanceCount: whole(1) }),
    'BatchStrategy?': one('MultiRecord', 'SingleRecord'),
    'MaxConcurrentTransforms?': whole(0),
    'MaxPayloadInMB?': whole(0, LIMITS.transformMegabytes),
    'Tags?': tags,
  }),
  RegisterScalableTarget: fields({ ...scalable, MinCapacity: whole(0), MaxCapacity: whole(1) }),
  PutScalingPolicy: fields({
    ...scalable,
    PolicyName: text(256, undefined, undefined, 1),
    PolicyType: one('TargetTrackingScaling'),
    TargetTrackingScalingPolicyConfiguration: fields({
      TargetValue: number,
      PredefinedMetricSpecification: fields({
        PredefinedMetricType: one('SageMakerVariantInvocationsPerInstance'),
      }),
      ScaleInCooldown: whole(0),
      ScaleOutCooldown: whole(0),
    }),
  }),
} as const;

export type CheckedOperation = keyof typeof REQUESTS;

/** Checks a name that a user gave for what is there already. @throws HarrierError `bad-option` */
export function checkName(given: string, where = 'name'): void {
  name(LIMITS.name)(given, where);
}

/**
 * Checks a request against the API's limits before it is sent, so that a mistake is found before anything is uploaded
 * or bills; gives it back.
 *
 * @throws HarrierError `bad-option` that names the field
 */
export function checked<T extends object>(operation: CheckedOperation, request: T): T {
  REQUESTS[operation](request, operation);
  return request;
}
