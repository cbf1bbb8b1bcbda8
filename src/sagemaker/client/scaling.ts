import type { Aws } from './aws.ts';
import { isMissing } from './aws-error.ts';

/** How many machines may serve. */
export interface Scale {
  readonly least: number;
  readonly most: number;
}

/** Requests a minute that one machine is given before another is added. */
const INVOCATIONS_PER_INSTANCE = 600;

const target = (endpoint: string, variant: string) => ({
  ServiceNamespace: 'sagemaker' as const,
  ResourceId: `endpoint/${endpoint}/variant/${variant}`,
  ScalableDimension: 'sagemaker:variant:DesiredInstanceCount' as const,
});

/** Lets machines come and go with the requests. */
export async function scaleEndpoint(
  aws: Aws,
  endpoint: string,
  variant: string,
  { least, most }: Scale,
): Promise<void> {
  const what = target(endpoint, variant);
  await aws.scaling.registerScalableTarget({ ...what, MinCapacity: least, MaxCapacity: most });
  await aws.scaling.putScalingPolicy({
    ...what,
    PolicyName: `${endpoint}-invocations`,
    PolicyType: 'TargetTrackingScaling',
    TargetTrackingScalingPolicyConfiguration: {
      TargetValue: INVOCATIONS_PER_INSTANCE,
      PredefinedMetricSpecification: { PredefinedMetricType: 'SageMakerVariantInvocationsPerInstance' },
      ScaleInCooldown: 300,
      ScaleOutCooldown: 60,
    },
  });
}

/** How an endpoint scales now; undefined when it does not. */
export async function scaleOf(aws: Aws, endpoint: string, variant: string): Promise<Scale | undefined> {
  const { ServiceNamespace, ResourceId } = target(endpoint, variant);
  const { ScalableTargets = [] } = await aws.scaling.describeScalableTargets({
    ServiceNamespace,
    ResourceIds: [ResourceId],
  });
  const [found] = ScalableTargets;
  return found && { least: found.MinCapacity!, most: found.MaxCapacity! };
}

/** Ends the scaling, and its policy and alarms with it. */
export async function unscaleEndpoint(aws: Aws, endpoint: string, variant: string): Promise<void> {
  await aws.scaling.deregisterScalableTarget(target(endpoint, variant)).catch((error) => {
    if (!isMissing(error)) throw error;
  });
}
