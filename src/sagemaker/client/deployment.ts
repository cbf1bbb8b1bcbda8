import type {
  AsyncInferenceConfig,
  ContainerDefinition,
  DataCaptureConfig,
  DeploymentConfig,
  ProductionVariant,
  ProductionVariantInstanceType,
} from '@aws-sdk/client-sagemaker';
import { HarrierError } from '../../errors.ts';
import { alarmRequests, type Rollback, rollbackAlarms } from './alarms.ts';
import { EXPIRES_TAG, VARIANT } from './endpoint.ts';
import { LIMITS } from './limits.ts';
import { UNIQUE_CHARACTERS, uniqueName } from './names.ts';
import { diskKey, networkOf, type Protection, tagsOf } from './protection.ts';
import { checked } from './requests.ts';
import { type Scale, scalingRequests } from './scaling.ts';

/** On which machines a model is. */
export interface Hosting {
  /** Always there, billed by the hour. */
  readonly instanceType?: string;
  readonly instances?: number;
  /** Whether an endpoint that exists keeps as many machines as it has: nobody asked for a number. */
  readonly keepsInstances?: boolean;
  /** Billed by use. */
  readonly serverless?: { readonly megabytes: number; readonly concurrency: number };
  /** Of an endpoint for inference components: how many machines there may be, as they need them. */
  readonly managed?: Scale;
}

/** Requests are objects in S3, and so are answers. */
export interface AsyncHosting {
  /** `s3://bucket/path`: answers go below `output/`, failures below `failures/`. */
  readonly folder: string;
  /** Requests that a machine works at; else SageMaker chooses. */
  readonly concurrency?: number;
  /** SNS topics that are told of each answer and each failure. */
  readonly successTopic?: string;
  readonly errorTopic?: string;
}

/** Requests and answers are kept in S3. */
export interface Capture {
  readonly percent: number;
  /** `s3://bucket/path` */
  readonly folder: string;
}

/** How the traffic moves to the new machines of an update: a part first, or step by step. */
export interface Shift {
  readonly kind: 'canary' | 'linear';
  readonly percent: number;
  /** Seconds that each part serves before the next follows. */
  readonly seconds: number;
}

/** A model and the endpoint that it is to be behind. */
export interface Deployment {
  readonly endpoint: string;
  readonly image: string;
  readonly role: string;
  /** `s3://…/model.tar.gz`, or the ARN of a model package; for several models the folder of their archives. */
  readonly model: string;
  /** Whether several models share it: as inference components, which come later, or as archives in a folder. */
  readonly shared?: 'components' | 'models';
  readonly hosting: Hosting;
  readonly protection: Protection;
  readonly async?: AsyncHosting;
  readonly capture?: Capture;
  readonly scale?: Scale;
  readonly expires?: Date;
  readonly shift?: Shift;
  readonly rollback: Rollback;
}

/** The requests of a deployment, checked. */
export type DeploymentRequests = ReturnType<typeof deploymentRequests>;

/**
 * Checks what a deployment would send, before its model goes up.
 * @param deployment its model may be missing yet
 * @throws HarrierError `bad-option` for what AWS would not take
 */
export function checkDeployment({
  model = 's3://bucket/model.tar.gz',
  ...rest
}: Omit<Deployment, 'model'> & { readonly model?: string }): void {
  const { endpoint, scale, hosting, shift } = rest;
  const most = LIMITS.name - UNIQUE_CHARACTERS;
  if (endpoint.length > most) {
    throw new HarrierError(
      'bad-option',
      'this name is too long, because the names of its models are made from it',
      {
        where: '--name',
        expected: `at most ${most} characters`,
        received: `${endpoint.length}`,
      },
    );
  }
  if (shift) checkLength(shift);
  // How many machines there are is only known of an endpoint that is looked at.
  if (shift && !hosting.keepsInstances) checkShift(shift, hosting);
  deploymentRequests({ ...rest, model }, uniqueName(endpoint));
  alarmRequests(endpoint, rest.rollback, rest.protection);
  if (scale) scalingRequests(endpoint, scale, rest.async !== undefined);
}

function checkLength(shift: Shift): void {
  const { kind } = shift;
  if (longestUpdate(shift) > LIMITS.updateSeconds) {
    throw new HarrierError('bad-option', 'the update would take longer than AWS lets it', {
      where: `--${kind}`,
      expected: `at most ${(LIMITS.updateSeconds - START_SECONDS) / 3600} hours of waiting in all`,
      received: `${(longestUpdate(shift) - START_SECONDS) / 3600} hours`,
      next: 'Take larger parts, or wait less for each.',
    });
  }
}

/** Traffic moves by whole machines, and the first part may be half of them at most. */
function checkShift({ kind, percent }: Shift, { instances = 1 }: Hosting): void {
  const part = Math.ceil((instances * percent) / 100);
  if (2 * part <= instances) return;
  throw new HarrierError('bad-option', 'the traffic cannot be moved in parts on so few machines', {
    where: `--${kind}`,
    expected: 'two machines or more: --instances 2',
    received: `${instances}`,
    next: `Traffic moves by whole machines, at most half of them at once.`,
  });
}

export function deploymentRequests(deployment: Deployment, name: string) {
  const { endpoint, role, hosting, expires, protection, shared } = deployment;
  const { serverless, instanceType, instances = 1, managed } = hosting;
  const tags = tagsOf(protection);
  const endpointTags = [...tags, ...(expires ? [{ Key: EXPIRES_TAG, Value: expires.toISOString() }] : [])];
  return {
    model:
      shared === 'components'
        ? undefined
        : checked('CreateModel', {
            ModelName: name,
            ExecutionRoleArn: role,
            PrimaryContainer: containerOf(deployment),
            ...networkOf(protection),
            Tags: tags,
          }),
    config: checked('CreateEndpointConfig', {
      EndpointConfigName: name,
      ProductionVariants: [
        {
          VariantName: VARIANT,
          ...(shared === 'components' ? sharedMachines(managed) : { ModelName: name }),
          ...(serverless
            ? {
                ServerlessConfig: {
                  MemorySizeInMB: serverless.megabytes,
                  MaxConcurrency: serverless.concurrency,
                },
              }
            : {
                InstanceType: instanceType as ProductionVariantInstanceType,
                InitialInstanceCount: instances,
                InitialVariantWeight: 1,
              }),
        },
      ],
      // Else the model says it.
      ...(shared === 'components' && { ExecutionRoleArn: role, ...networkOf(protection) }),
      ...(deployment.async && { AsyncInferenceConfig: asyncConfig(deployment.async, protection) }),
      ...(deployment.capture && { DataCaptureConfig: captureConfig(deployment.capture, protection) }),
      ...diskKey('KmsKeyId', protection, instanceType),
      Tags: tags,
    }),
    create: checked('CreateEndpoint', {
      EndpointName: endpoint,
      EndpointConfigName: name,
      Tags: endpointTags,
    }),
    update: checked('UpdateEndpoint', {
      EndpointName: endpoint,
      EndpointConfigName: name,
      ...(!serverless && { DeploymentConfig: updateConfig(deployment) }),
    }),
    tags: endpointTags,
  };
}

function containerOf({ image, model, shared }: Deployment): ContainerDefinition {
  if (model.startsWith('arn:')) return { ModelPackageName: model };
  return { Image: image, ModelDataUrl: model, ...(shared === 'models' && { Mode: 'MultiModel' }) };
}

/** Machines for inference components: a request goes to the copy with the fewest, and SageMaker adds machines. */
function sharedMachines(managed: Scale | undefined): Partial<ProductionVariant> {
  return {
    RoutingConfig: { RoutingStrategy: 'LEAST_OUTSTANDING_REQUESTS' },
    ...(managed && {
      ManagedInstanceScaling: {
        Status: 'ENABLED',
        MinInstanceCount: managed.least,
        MaxInstanceCount: managed.most,
      },
    }),
  };
}

function asyncConfig(
  { folder, concurrency, successTopic, errorTopic }: AsyncHosting,
  { kmsKey }: Protection,
): AsyncInferenceConfig {
  return {
    ...(concurrency !== undefined && { ClientConfig: { MaxConcurrentInvocationsPerInstance: concurrency } }),
    OutputConfig: {
      S3OutputPath: `${folder}/output`,
      S3FailurePath: `${folder}/failures`,
      ...(kmsKey && { KmsKeyId: kmsKey }),
      ...((successTopic ?? errorTopic) && {
        NotificationConfig: {
          ...(successTopic && { SuccessTopic: successTopic }),
          ...(errorTopic && { ErrorTopic: errorTopic }),
        },
      }),
    },
  };
}

function captureConfig({ percent, folder }: Capture, { kmsKey }: Protection): DataCaptureConfig {
  return {
    EnableCapture: true,
    InitialSamplingPercentage: percent,
    DestinationS3Uri: folder,
    ...(kmsKey && { KmsKeyId: kmsKey }),
    CaptureOptions: [{ CaptureMode: 'Input' }, { CaptureMode: 'Output' }],
  };
}

/** Seconds for new machines to come up, beside the times that an update waits by itself. */
const START_SECONDS = 3600;

/** The time of an update: each part waits, the last one too. */
function longestUpdate({ kind, percent, seconds }: Shift): number {
  const parts = kind === 'linear' ? Math.ceil(100 / percent) : 2;
  return START_SECONDS + parts * seconds;
}

/** All the new machines stand before traffic moves; the old ones serve until then. */
function updateConfig({ endpoint, shift, rollback }: Deployment): DeploymentConfig {
  const alarms = rollbackAlarms(endpoint, rollback);
  const size = shift && { Type: 'CAPACITY_PERCENT' as const, Value: shift.percent };
  return {
    BlueGreenUpdatePolicy: {
      TrafficRoutingConfiguration: {
        Type: shift?.kind === 'canary' ? 'CANARY' : shift ? 'LINEAR' : 'ALL_AT_ONCE',
        WaitIntervalInSeconds: shift?.seconds ?? (alarms.length > 0 ? ALL_AT_ONCE_BAKE_SECONDS : 0),
        ...(shift?.kind === 'canary' && { CanarySize: size }),
        ...(shift?.kind === 'linear' && { LinearStepSize: size }),
      },
      TerminationWaitInSeconds: 0,
      ...(shift && {
        MaximumExecutionTimeoutInSeconds: longestUpdate(shift),
      }),
    },
    ...(alarms.length > 0 && {
      AutoRollbackConfiguration: { Alarms: alarms.map((AlarmName) => ({ AlarmName })) },
    }),
  };
}

/** Alarms need some minutes of traffic before they can say anything. */
const ALL_AT_ONCE_BAKE_SECONDS = 300;
