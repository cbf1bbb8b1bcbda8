import type { Aws } from './aws.ts';
import { isMissing } from './aws-error.ts';
import { checked } from './limits.ts';

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

/** The requests that let machines come and go. @throws HarrierError `bad-option` for what AWS would not take */
export function scalingRequests(endpoint: string, variant: string, { least, most }: Scale) {
  const what = target(endpoint, variant);
  return {
    target: checked('RegisterScalableTarget', { ...what, MinCapacity: least, MaxCapacity: most }),
    policy: checked('PutScalingPolicy', {
      ...what,
      PolicyName: `${endpoint}-invocations`,
      PolicyType: 'TargetTrackingScaling' as const,
      TargetTrackingScalingPolicyConfiguration: {
        TargetValue: INVOCATIONS_PER_INSTANCE,
        PredefinedMetricSpecification: {
          PredefinedMetricType: 'SageMakerVariantInvocationsPerInstance' as const,
        },
        ScaleInCooldown: 300,
        ScaleOutCooldown: 60,
      },
    }),
  };
}

/** Lets machines come and go with the requests. */
export async function scaleEndpoint(
  aws: Aws,
  endpoint: string,
  variant: string,
  scale: Scale,
): Promise<void> {
  const requests = scalingRequests(endpoint, variant, scale);
  await aws.scaling.registerScalableTarget(requests.target);
  await aws.scaling.putScalingPolicy(requests.policy);
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
