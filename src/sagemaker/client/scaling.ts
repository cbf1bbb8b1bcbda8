import type { PutScalingPolicyRequest } from '@aws-sdk/client-application-auto-scaling';
import { alarmName } from './alarms.ts';
import type { Aws } from './aws.ts';
import { isMissing } from './aws-error.ts';
import { VARIANT } from './endpoint.ts';
import { checked } from './requests.ts';

/** How many machines may serve. */
export interface Scale {
  /** Zero only for asynchronous endpoints. */
  readonly least: number;
  readonly most: number;
}

/** Requests a minute that one machine is given before another is added. */
const INVOCATIONS_PER_INSTANCE = 600;
/** Requests that wait for one machine of an asynchronous endpoint before another is added. */
const BACKLOG_PER_INSTANCE = 10;

const target = (endpoint: string) => ({
  ServiceNamespace: 'sagemaker' as const,
  ResourceId: `endpoint/${endpoint}/variant/${VARIANT}`,
  ScalableDimension: 'sagemaker:variant:DesiredInstanceCount' as const,
});

const copies = (component: string) => ({
  ServiceNamespace: 'sagemaker' as const,
  ResourceId: `inference-component/${component}`,
  ScalableDimension: 'sagemaker:inference-component:DesiredCopyCount' as const,
});

/** Requests a minute that one copy of a component is given before another is added. */
const INVOCATIONS_PER_COPY = 600;

/** The requests that let copies of a component come and go. @throws HarrierError `bad-option` */
export function componentScaling(component: string, { least, most }: Scale) {
  const what = copies(component);
  return {
    target: checked('RegisterScalableTarget', { ...what, MinCapacity: least, MaxCapacity: most }),
    policy: checked('PutScalingPolicy', {
      ...what,
      PolicyName: `${component}-invocations`,
      PolicyType: 'TargetTrackingScaling' as const,
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: INVOCATIONS_PER_COPY,
        PredefinedMetricSpecification: {
          PredefinedMetricType: 'SageMakerInferenceComponentInvocationsPerCopy' as const,
        },
        ScaleInCooldown: 300,
        ScaleOutCooldown: 60,
      },
    }),
  };
}

/** Lets copies of a component come and go with the requests. */
export async function scaleComponent(aws: Aws, component: string, scale: Scale): Promise<void> {
  const requests = componentScaling(component, scale);
  await aws.scaling.registerScalableTarget(requests.target);
  await aws.scaling.putScalingPolicy(requests.policy);
}

/** Ends that, and its policy with it. */
export async function unscaleComponent(aws: Aws, component: string): Promise<void> {
  await aws.scaling.deregisterScalableTarget(copies(component)).catch((error) => {
    if (!isMissing(error)) throw error;
  });
}

/**
 * The requests that let machines come and go. Asynchronous endpoints scale by the requests that wait; from zero by an
 * alarm that says that some wait and nobody works.
 *
 * @throws HarrierError `bad-option` for what AWS would not take
 */
export function scalingRequests(endpoint: string, { least, most }: Scale, isAsync: boolean) {
  const what = target(endpoint);
  const ofEndpoint = [{ Name: 'EndpointName', Value: endpoint }];
  const policy = (request: Omit<PutScalingPolicyRequest, keyof typeof what>) =>
    checked('PutScalingPolicy', { ...what, ...request });
  return {
    target: checked('RegisterScalableTarget', { ...what, MinCapacity: least, MaxCapacity: most }),
    policy: policy({
      PolicyName: isAsync ? `${endpoint}-backlog` : `${endpoint}-invocations`,
      PolicyType: 'TargetTrackingScaling',
      TargetTrackingScalingPolicyConfiguration: {
        ...(isAsync
          ? {
              TargetValue: BACKLOG_PER_INSTANCE,
              CustomizedMetricSpecification: {
                MetricName: 'ApproximateBacklogSizePerInstance',
                Namespace: 'AWS/SageMaker',
                Dimensions: ofEndpoint,
                Statistic: 'Average',
              },
            }
          : {
              TargetValue: INVOCATIONS_PER_INSTANCE,
              PredefinedMetricSpecification: {
                PredefinedMetricType: 'SageMakerVariantInvocationsPerInstance',
              },
            }),
        ScaleInCooldown: 300,
        ScaleOutCooldown: 60,
      },
    }),
    ...(isAsync &&
      least === 0 && {
        fromZero: {
          policy: policy({
            PolicyName: `${endpoint}-from-zero`,
            PolicyType: 'StepScaling',
            StepScalingPolicyConfiguration: {
              AdjustmentType: 'ChangeInCapacity',
              MetricAggregationType: 'Average',
              Cooldown: 300,
              StepAdjustments: [{ MetricIntervalLowerBound: 0, ScalingAdjustment: 1 }],
            },
          }),
          alarm: (policyArn: string) =>
            checked('PutMetricAlarm', {
              AlarmName: alarmName(endpoint, 'from-zero'),
              AlarmDescription: 'Requests wait and no machine serves: adds one.',
              AlarmActions: [policyArn],
              Namespace: 'AWS/SageMaker',
              MetricName: 'HasBacklogWithoutCapacity',
              Dimensions: ofEndpoint,
              Statistic: 'Average' as const,
              Period: 60,
              EvaluationPeriods: 2,
              Threshold: 1,
              ComparisonOperator: 'GreaterThanOrEqualToThreshold' as const,
              TreatMissingData: 'missing',
            }),
        },
      }),
  };
}

/** Lets machines come and go with the requests. */
export async function scaleEndpoint(
  aws: Aws,
  endpoint: string,
  scale: Scale,
  isAsync: boolean,
): Promise<void> {
  const requests = scalingRequests(endpoint, scale, isAsync);
  await aws.scaling.registerScalableTarget(requests.target);
  await aws.scaling.putScalingPolicy(requests.policy);
  if (!requests.fromZero) return;
  const { PolicyARN: arn = '' } = await aws.scaling.putScalingPolicy(requests.fromZero.policy);
  await aws.cloudwatch.putMetricAlarm(requests.fromZero.alarm(arn));
}

/** How an endpoint scales now; undefined when it does not. */
export function scaleOf(aws: Aws, endpoint: string): Promise<Scale | undefined> {
  return scaleNow(aws, target(endpoint));
}

/** How copies of a component come and go now; undefined when they do not. */
export function scaleOfComponent(aws: Aws, component: string): Promise<Scale | undefined> {
  return scaleNow(aws, copies(component));
}

async function scaleNow(
  aws: Aws,
  { ServiceNamespace, ResourceId }: Pick<ReturnType<typeof target>, 'ServiceNamespace' | 'ResourceId'>,
): Promise<Scale | undefined> {
  const { ScalableTargets = [] } = await aws.scaling.describeScalableTargets({
    ServiceNamespace,
    ResourceIds: [ResourceId],
  });
  const [found] = ScalableTargets;
  return found && { least: found.MinCapacity!, most: found.MaxCapacity! };
}

/** Ends the scaling, and its policies and their alarms with it. */
export async function unscaleEndpoint(aws: Aws, endpoint: string): Promise<void> {
  await aws.scaling.deregisterScalableTarget(target(endpoint)).catch((error) => {
    if (!isMissing(error)) throw error;
  });
}
