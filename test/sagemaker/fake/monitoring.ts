import { AwsFailure, invalid } from './api.ts';
import { ACCOUNT, type Json, REGION, type World } from './world.ts';

/** An alarm of CloudWatch; tests say when it goes off. */
export interface Alarm {
  readonly request: Json;
  state: 'OK' | 'ALARM';
}

/** CloudWatch's alarms, and Application Auto Scaling. */
export class Monitoring {
  readonly alarms = new Map<string, Alarm>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  readonly operations: Readonly<Record<string, (request: Json) => Json>> = {
    PutMetricAlarm: (request) => {
      if (!request.Statistic === !request.ExtendedStatistic) {
        throw new AwsFailure('InvalidParameterCombination', 'Either Statistic or ExtendedStatistic');
      }
      for (const arn of request.AlarmActions ?? []) {
        if ([...this.#world.policies.values()].some(({ PolicyARN }) => PolicyARN === arn)) continue;
        throw new AwsFailure('ValidationError', `Invalid arn syntax or unknown policy: ${arn}`);
      }
      // A changed alarm keeps its state.
      const { state = 'OK' } = this.alarms.get(request.AlarmName) ?? {};
      this.alarms.set(request.AlarmName, { request, state });
      return {};
    },
    DescribeAlarms: ({ AlarmNames }) => ({
      MetricAlarms: [...this.alarms]
        .filter(([name]) => AlarmNames.includes(name))
        .map(([, { request, state }]) => ({ ...request, StateValue: state })),
      CompositeAlarms: [],
    }),
    DeleteAlarms: ({ AlarmNames }) => {
      for (const name of AlarmNames) {
        if (!this.alarms.delete(name)) throw new AwsFailure('ResourceNotFound', `No alarm ${name}`, 404);
      }
      return {};
    },
    RegisterScalableTarget: (request) => {
      const { MinCapacity, MaxCapacity, ResourceId } = request;
      checkDimension(request);
      if (MinCapacity > MaxCapacity)
        throw invalid('Minimum capacity cannot be greater than maximum capacity');
      if (MinCapacity === 0 && !this.#world.asynchronous.has(ResourceId.split('/')[1])) {
        throw invalid('Minimum capacity of 0 is only supported for asynchronous endpoints');
      }
      this.#world.scaling.set(ResourceId, request);
      return {};
    },
    PutScalingPolicy: (request) => {
      const { ResourceId, PolicyName, PolicyType: type } = request;
      if (!this.#world.scaling.has(ResourceId)) {
        throw new AwsFailure('ObjectNotFoundException', 'No scalable target registered');
      }
      checkDimension(request);
      const tracking = request.TargetTrackingScalingPolicyConfiguration;
      const steps = request.StepScalingPolicyConfiguration;
      if ((type === 'StepScaling') !== (steps !== undefined) || !tracking === !steps) {
        throw invalid(`The configuration does not fit the type ${type}`);
      }
      if (tracking && !tracking.PredefinedMetricSpecification === !tracking.CustomizedMetricSpecification) {
        throw invalid('Either a predefined or a customized metric');
      }
      const PolicyARN = `arn:aws:autoscaling:${REGION}:${ACCOUNT}:scalingPolicy:1:resource/sagemaker/${ResourceId}:policyName/${PolicyName}`;
      this.#world.policies.set(`${ResourceId}/${PolicyName}`, { ...request, PolicyARN });
      return { PolicyARN, Alarms: [] };
    },
    DescribeScalableTargets: ({ ResourceIds }) => ({
      ScalableTargets: [...this.#world.scaling.values()].filter(({ ResourceId }) =>
        ResourceIds.includes(ResourceId),
      ),
    }),
    DeregisterScalableTarget: ({ ResourceId }) => {
      if (!this.#world.scaling.delete(ResourceId)) {
        throw new AwsFailure('ObjectNotFoundException', 'No scalable target found');
      }
      for (const key of this.#world.policies.keys()) {
        if (key.startsWith(`${ResourceId}/`)) this.#world.policies.delete(key);
      }
      return {};
    },
  };
}

/** Machines are scaled by requests for a machine, copies of a component by those for a copy. */
function checkDimension(request: Json): void {
  const { ResourceId, ScalableDimension: dimension } = request;
  const isComponent = /^inference-component\/[^/]+$/.test(ResourceId);
  const isVariant = /^endpoint\/[^/]+\/variant\/[^/]+$/.test(ResourceId);
  const wanted = isComponent
    ? 'sagemaker:inference-component:DesiredCopyCount'
    : 'sagemaker:variant:DesiredInstanceCount';
  if ((!isComponent && !isVariant) || dimension !== wanted)
    throw invalid(`${ResourceId} has no scalable dimension ${dimension}`);
  const metric =
    request.TargetTrackingScalingPolicyConfiguration?.PredefinedMetricSpecification?.PredefinedMetricType;
  if (metric && isComponent !== metric.startsWith('SageMakerInferenceComponent'))
    throw invalid(`${metric} is no metric of ${ResourceId}`);
}
