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
  number,
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

const atLeast =
  (least: number): Check =>
  (value, where) => {
    if (typeof value !== 'number' || !(value >= least)) refuse(where, `a number of at least ${least}`, value);
  };
const gigabytes: Check = (value, where) => {
  const all = [1, 2, 3, 4, 5, 6].map((count) => 1024 * count);
  if (!all.includes(value as number)) refuse(where, `${all.join(', ')} megabytes`, value);
};
const modelPackage = text(
  2048,
  /^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:model-package\/\S+$/,
  'the ARN of a model package',
);
const topic = text(
  2048,
  /^arn:aws[a-z-]*:sns:[a-z0-9-]*:\d{12}:[a-zA-Z0-9_.-]+$/,
  'the ARN of an SNS topic: arn:aws:sns:REGION:ACCOUNT:NAME',
);
const shortS3 = text(512, /^s3:\/\/[^/]+/, 's3://bucket/path');

/** Either an image with the model's archive, or a model of the registry. */
const container: Check = (value, where) => {
  fields({
    'Image?': image,
    'ModelDataUrl?': s3,
    'ModelPackageName?': modelPackage,
    'Mode?': one('SingleModel', 'MultiModel'),
    'Environment?': map(text(1024), text(1024), 100),
  })(value, where);
  const { Image: given, ModelPackageName: registered } = value as Record<string, unknown>;
  if ((given === undefined) === (registered === undefined)) {
    refuse(where, 'an image or a model package', registered);
  }
};

const variant = fields({
  VariantName: name(LIMITS.name),
  'ModelName?': name(LIMITS.name),
  'InitialInstanceCount?': whole(1),
  'InstanceType?': instanceType,
  'InitialVariantWeight?': number,
  'ServerlessConfig?': fields({
    MemorySizeInMB: gigabytes,
    MaxConcurrency: whole(1, LIMITS.serverlessConcurrency),
  }),
  'ManagedInstanceScaling?': fields({
    Status: one('ENABLED', 'DISABLED'),
    MinInstanceCount: whole(0),
    MaxInstanceCount: whole(1),
  }),
  'RoutingConfig?': fields({ RoutingStrategy: one('LEAST_OUTSTANDING_REQUESTS', 'RANDOM') }),
});

const component = name(LIMITS.name);
const specification = fields({
  Container: fields({ Image: image, ArtifactUrl: s3 }),
  ComputeResourceRequirements: fields({
    NumberOfCpuCoresRequired: atLeast(LIMITS.componentCores),
    MinMemoryRequiredInMb: whole(LIMITS.componentMegabytes),
  }),
});
const runtime = fields({ CopyCount: whole(0) });

const async = fields({
  'ClientConfig?': fields({
    MaxConcurrentInvocationsPerInstance: whole(1, LIMITS.asyncConcurrency),
  }),
  OutputConfig: fields({
    S3OutputPath: shortS3,
    'S3FailurePath?': shortS3,
    'KmsKeyId?': kmsKey,
    'NotificationConfig?': fields({ 'SuccessTopic?': topic, 'ErrorTopic?': topic }),
  }),
});

const capture = fields({
  EnableCapture: boolean,
  InitialSamplingPercentage: whole(0, 100),
  DestinationS3Uri: shortS3,
  'KmsKeyId?': kmsKey,
  CaptureOptions: list(fields({ CaptureMode: one('Input', 'Output') }), 2, 1),
});

const percent = (least: number) =>
  fields({ Type: one('CAPACITY_PERCENT'), Value: whole(least, LIMITS.shiftPercent) });
const routing: Check = (value, where) => {
  fields({
    Type: one('ALL_AT_ONCE', 'CANARY', 'LINEAR'),
    WaitIntervalInSeconds: whole(0, LIMITS.bakeSeconds),
    'CanarySize?': percent(1),
    'LinearStepSize?': percent(LIMITS.leastLinearPercent),
  })(value, where);
  const { Type: type, CanarySize: canary, LinearStepSize: step } = value as Record<string, unknown>;
  if ((type === 'CANARY') !== (canary !== undefined)) refuse(`${where}.CanarySize`, 'it for CANARY', canary);
  if ((type === 'LINEAR') !== (step !== undefined)) refuse(`${where}.LinearStepSize`, 'it for LINEAR', step);
};
const alarmName = text(255, /\S/, 'the name of a CloudWatch alarm', 1);

const scalable: Fields = {
  ServiceNamespace: one('sagemaker'),
  ResourceId: text(1600, undefined, undefined, 1),
  ScalableDimension: one(
    'sagemaker:variant:DesiredInstanceCount',
    'sagemaker:inference-component:DesiredCopyCount',
  ),
};
const dimensions = list(fields({ Name: text(255), Value: text(1024) }), 30);
const range = (value: unknown, where: string): void => {
  const { MinCapacity: least, MaxCapacity: most } = value as Record<string, number>;
  if (most < least) refuse(`${where}.MaxCapacity`, `at least MinCapacity, ${least}`, most);
};

/** Requests for models, endpoints, their scaling and their alarms, and for the registry. */
export const HOSTING_REQUESTS = {
  CreateModel: fields({
    ModelName: name(LIMITS.name),
    ExecutionRoleArn: role,
    PrimaryContainer: container,
    'VpcConfig?': vpc,
    'EnableNetworkIsolation?': boolean,
    'Tags?': tags,
  }),
  CreateEndpointConfig: fields({
    EndpointConfigName: name(LIMITS.name),
    ProductionVariants: list(variant, 10, 1),
    'ExecutionRoleArn?': role,
    'VpcConfig?': vpc,
    'EnableNetworkIsolation?': boolean,
    'AsyncInferenceConfig?': async,
    'DataCaptureConfig?': capture,
    'KmsKeyId?': kmsKey,
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
        TrafficRoutingConfiguration: routing,
        'TerminationWaitInSeconds?': whole(0, LIMITS.bakeSeconds),
        'MaximumExecutionTimeoutInSeconds?': whole(600, LIMITS.updateSeconds),
      }),
      'AutoRollbackConfiguration?': fields({
        Alarms: list(fields({ AlarmName: alarmName }), 10, 1),
      }),
    }),
  }),
  CreateInferenceComponent: fields({
    InferenceComponentName: component,
    EndpointName: name(LIMITS.name),
    VariantName: name(LIMITS.name),
    Specification: specification,
    RuntimeConfig: runtime,
    'Tags?': tags,
  }),
  UpdateInferenceComponent: fields({
    InferenceComponentName: component,
    Specification: specification,
    'RuntimeConfig?': runtime,
  }),
  UpdateInferenceComponentRuntimeConfig: fields({
    InferenceComponentName: component,
    DesiredRuntimeConfig: runtime,
  }),
  RegisterScalableTarget: (value: unknown, where: string) => {
    fields({ ...scalable, MinCapacity: whole(0), MaxCapacity: whole(1) })(value, where);
    range(value, where);
  },
  PutScalingPolicy: fields({
    ...scalable,
    PolicyName: text(256, undefined, undefined, 1),
    PolicyType: one('TargetTrackingScaling', 'StepScaling'),
    'TargetTrackingScalingPolicyConfiguration?': fields({
      TargetValue: number,
      'PredefinedMetricSpecification?': fields({
        PredefinedMetricType: one(
          'SageMakerVariantInvocationsPerInstance',
          'SageMakerInferenceComponentInvocationsPerCopy',
        ),
      }),
      'CustomizedMetricSpecification?': fields({
        MetricName: text(255, undefined, undefined, 1),
        Namespace: one('AWS/SageMaker'),
        Dimensions: dimensions,
        Statistic: one('Average', 'Minimum', 'Maximum', 'SampleCount', 'Sum'),
      }),
      ScaleInCooldown: whole(0),
      ScaleOutCooldown: whole(0),
    }),
    'StepScalingPolicyConfiguration?': fields({
      AdjustmentType: one('ChangeInCapacity', 'PercentChangeInCapacity', 'ExactCapacity'),
      MetricAggregationType: one('Average', 'Minimum', 'Maximum'),
      Cooldown: whole(0),
      StepAdjustments: list(fields({ MetricIntervalLowerBound: number, ScalingAdjustment: number }), 20, 1),
    }),
  }),
  PutMetricAlarm: fields({
    AlarmName: alarmName,
    'AlarmDescription?': text(1024),
    'AlarmActions?': list(text(1024, undefined, undefined, 1), 5),
    Namespace: one('AWS/SageMaker'),
    MetricName: text(255, undefined, undefined, 1),
    Dimensions: dimensions,
    'Statistic?': one('Average', 'Minimum', 'Maximum', 'SampleCount', 'Sum'),
    'ExtendedStatistic?': text(10, /^p\d{1,2}(\.\d+)?$/, 'a percentile such as p95'),
    Period: whole(10, 86_400),
    EvaluationPeriods: whole(1),
    Threshold: number,
    ComparisonOperator: one(
      'GreaterThanOrEqualToThreshold',
      'GreaterThanThreshold',
      'LessThanThreshold',
      'LessThanOrEqualToThreshold',
    ),
    TreatMissingData: one('breaching', 'notBreaching', 'ignore', 'missing'),
    'Tags?': tags,
  }),
  CreateModelPackageGroup: fields({
    ModelPackageGroupName: name(LIMITS.name),
    'ModelPackageGroupDescription?': text(1024),
    'Tags?': tags,
  }),
  CreateModelPackage: fields({
    ModelPackageGroupName: name(LIMITS.name),
    'ModelPackageDescription?': text(1024),
    InferenceSpecification: fields({
      Containers: list(fields({ Image: image, ModelDataUrl: s3 }), 15, 1),
      SupportedContentTypes: list(text(256), 100, 1),
      SupportedResponseMIMETypes: list(text(1024, /^[-\w]+\/.+$/), 100, 1),
      'SupportedRealtimeInferenceInstanceTypes?': list(instanceType, 500, 1),
      'SupportedTransformInstanceTypes?': list(instanceType, 500, 1),
    }),
    ModelApprovalStatus: one('Approved', 'Rejected', 'PendingManualApproval'),
    'ModelMetrics?': fields({
      ModelQuality: fields({
        Statistics: fields({ ContentType: text(256, /^.+\/.+$/), S3Uri: s3 }),
      }),
    }),
    'CustomerMetadataProperties?': map(
      text(128, /^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$/u, undefined, 1),
      text(256, /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u),
      50,
    ),
  }),
} as const;
