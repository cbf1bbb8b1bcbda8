import type { DescribeEndpointOutput, ProductionVariantInstanceType } from '@aws-sdk/client-sagemaker';
import { HarrierError } from '../../errors.ts';
import type { Aws } from './aws.ts';
import { removeConfigAndModel, removeEndpoint } from './delete-endpoint.ts';
import { describeEndpoint, EXPIRES_TAG, VARIANT } from './endpoint.ts';
import { type FollowOptions, lookUntil } from './follow.ts';
import { checked, LIMITS } from './limits.ts';
import { isUniqueNameOf, UNIQUE_CHARACTERS, uniqueName } from './names.ts';
import { type Scale, scaleEndpoint, scaleOf, scalingRequests, unscaleEndpoint } from './scaling.ts';
import { TAGS } from './training.ts';

export interface Hosting {
  /** Always there, billed by the hour. */
  readonly instanceType?: string;
  readonly instances?: number;
  /** Billed by use. */
  readonly serverless?: { readonly megabytes: number; readonly concurrency: number };
}

export interface Deployment {
  readonly endpoint: string;
  readonly image: string;
  readonly role: string;
  /** `s3://…/model.tar.gz` */
  readonly model: string;
  readonly hosting: Hosting;
  readonly scale?: Scale;
  readonly expires?: Date;
}

/** The three requests of a deployment, checked; nothing is sent yet. */
export interface DeploymentPlan {
  readonly deployment: Deployment;
  /** What serves under this name now, where something does. */
  readonly existing?: DescribeEndpointOutput;
  readonly name: string;
  readonly requests: ReturnType<typeof requestsOf>;
}

export interface Deployed {
  readonly endpoint: string;
  readonly arn: string;
  readonly updated: boolean;
}

/**
 * Prepares to put a model behind an endpoint: a new one, or the one that has the name already.
 *
 * @throws HarrierError `bad-option` for what SageMaker would not take, `in-use` when the endpoint is changing
 */
export async function planDeployment(aws: Aws, deployment: Deployment): Promise<DeploymentPlan> {
  const { endpoint } = deployment;
  checkDeployment(deployment);
  const name = uniqueName(endpoint);
  const requests = requestsOf(deployment, name);
  const existing = await describeEndpoint(aws, endpoint);
  const status = existing?.EndpointStatus;
  if (existing && status !== 'InService' && status !== 'Failed') {
    throw new HarrierError('in-use', `this endpoint is busy: ${status}`, {
      where: endpoint,
      next: 'Wait until it is InService (npx harrier sagemaker list), or choose another --name.',
    });
  }
  return { deployment, existing, name, requests };
}

/**
 * Checks what a deployment would send, before its model goes up.
 * @param deployment its model may be missing yet
 * @throws HarrierError `bad-option` for what AWS would not take
 */
export function checkDeployment({
  model = 's3://bucket/model.tar.gz',
  ...rest
}: Omit<Deployment, 'model'> & { readonly model?: string }): void {
  const { endpoint, scale } = rest;
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
  requestsOf({ ...rest, model }, uniqueName(endpoint));
  if (scale) scalingRequests(endpoint, VARIANT, scale);
}

function requestsOf({ endpoint, image, role, model, hosting, expires }: Deployment, name: string) {
  const { serverless, instanceType, instances = 1 } = hosting;
  const tags = [...TAGS, ...(expires ? [{ Key: EXPIRES_TAG, Value: expires.toISOString() }] : [])];
  return {
    model: checked('CreateModel', {
      ModelName: name,
      ExecutionRoleArn: role,
      PrimaryContainer: { Image: image, ModelDataUrl: model },
      Tags: TAGS,
    }),
    config: checked('CreateEndpointConfig', {
      EndpointConfigName: name,
      ProductionVariants: [
        {
          VariantName: VARIANT,
          ModelName: name,
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
      Tags: TAGS,
    }),
    create: checked('CreateEndpoint', { EndpointName: endpoint, EndpointConfigName: name, Tags: tags }),
    update: checked('UpdateEndpoint', {
      EndpointName: endpoint,
      EndpointConfigName: name,
      // All the new machines stand before the traffic moves; the old ones serve until then.
      ...(!serverless && {
        DeploymentConfig: {
          BlueGreenUpdatePolicy: {
            TrafficRoutingConfiguration: { Type: 'ALL_AT_ONCE' as const, WaitIntervalInSeconds: 0 },
            TerminationWaitInSeconds: 0,
          },
        },
      }),
    }),
    tags,
  };
}

/**
 * Creates or updates the endpoint and waits until it serves the new model. What a failed attempt made is removed.
 *
 * @param onStarted called when SageMaker has begun: from here on it goes on by itself
 * @throws HarrierError `refused` when it fails, an update was rolled back to the model before, or the endpoint cannot
 *   be tagged; the signal's reason when aborted
 */
export async function deploy(
  aws: Aws,
  { deployment, existing, name, requests }: DeploymentPlan,
  options: FollowOptions & { readonly onStarted?: () => void },
): Promise<Deployed> {
  const { endpoint } = deployment;
  const before = existing && (await scaleOf(aws, endpoint, VARIANT));
  try {
    await aws.sagemaker.createModel(requests.model);
    await aws.sagemaker.createEndpointConfig(requests.config);
    if (existing) await update(aws, endpoint, requests, before, options);
    else await aws.sagemaker.createEndpoint(requests.create);
  } catch (error) {
    await removeConfigAndModel(aws, name);
    throw error;
  }
  options.onStarted?.();
  const wanted = deployment.scale ?? (deployment.hosting.serverless ? undefined : before);
  // Only now, for a refused update changes nothing; and the update goes on even where this fails.
  const untagged = existing && (await tag(aws, existing, requests.tags));
  const arrived = await waitForEndpoint(aws, endpoint, options).catch(async (error) => {
    // Who waits no longer has nobody to do it later.
    if (wanted) await tryToScale(aws, endpoint, wanted, options);
    throw error;
  });
  const failed = failureOf(arrived, name, existing !== undefined);
  const scale = failed ? before : wanted;
  if (scale && arrived.EndpointStatus === 'InService') await scaleEndpoint(aws, endpoint, VARIANT, scale);
  if (failed) {
    if (!existing) await removeEndpoint(aws, endpoint, options);
    if (arrived.EndpointConfigName !== name || !existing) await removeConfigAndModel(aws, name);
    throw failed;
  }
  const old = existing?.EndpointConfigName;
  if (old && old !== name && isUniqueNameOf(endpoint, old)) await removeConfigAndModel(aws, old);
  if (untagged) throw untagged;
  return { endpoint, arn: arrived.EndpointArn!, updated: existing !== undefined };
}

/** Machines that come and go by themselves would disturb the change; a refused one leaves them as they were. */
async function update(
  aws: Aws,
  endpoint: string,
  requests: DeploymentPlan['requests'],
  before: Scale | undefined,
  options: Pick<FollowOptions, 'note'>,
): Promise<void> {
  if (before) await unscaleEndpoint(aws, endpoint, VARIANT);
  await aws.sagemaker.updateEndpoint(requests.update).catch(async (error) => {
    if (before) await tryToScale(aws, endpoint, before, options);
    throw error;
  });
}

/** Lets machines come and go after something else went wrong, which is what is to be reported. */
async function tryToScale(
  aws: Aws,
  endpoint: string,
  scale: Scale,
  { note }: Pick<FollowOptions, 'note'>,
): Promise<void> {
  await scaleEndpoint(aws, endpoint, VARIANT, scale).catch(() =>
    note(
      `${endpoint} does not scale by itself now: once it is in service, deploy again with --autoscale ${scale.least}..${scale.most}`,
    ),
  );
}

/** Tags an endpoint that is there. @returns what went wrong */
async function tag(
  aws: Aws,
  { EndpointName: where, EndpointArn: ResourceArn }: DescribeEndpointOutput,
  Tags: DeploymentPlan['requests']['tags'],
): Promise<HarrierError | undefined> {
  try {
    await aws.sagemaker.addTags({ ResourceArn, Tags });
  } catch (cause) {
    const reason = (cause as Error).message.replace(/\.$/, '');
    return new HarrierError(
      'refused',
      `the new model is deployed, but the endpoint could not be tagged: ${reason}`,
      {
        where,
        next: 'The endpoint has no expiry: deploy again to set it.',
        cause,
      },
    );
  }
  if (Tags.some(({ Key }) => Key === EXPIRES_TAG)) return undefined;
  try {
    // Without --expires it serves until it is deleted, whatever the deployment before said.
    await aws.sagemaker.deleteTags({ ResourceArn, TagKeys: [EXPIRES_TAG] });
    return undefined;
  } catch (cause) {
    const reason = (cause as Error).message.replace(/\.$/, '');
    return new HarrierError(
      'refused',
      `the new model is deployed, but the endpoint keeps its old tags: ${reason}`,
      {
        where,
        next: `If it has the tag ${EXPIRES_TAG}, delete --expired takes it away: deploy again to remove the tag.`,
        cause,
      },
    );
  }
}

/** Rolled back, an endpoint is InService too: only the configuration tells. */
function failureOf(
  {
    EndpointName,
    EndpointStatus: status,
    EndpointConfigName: config,
    FailureReason: reason,
  }: DescribeEndpointOutput,
  wanted: string,
  isUpdate: boolean,
): HarrierError | undefined {
  if (status === 'InService' && config === wanted) return undefined;
  const why = reason ? `: ${reason.replace(/\.$/, '')}` : '';
  const next = `Its log says more: npx harrier sagemaker logs ${EndpointName}`;
  if (isUpdate && status === 'InService') {
    return new HarrierError('refused', `the update was rolled back to the previous model${why}`, {
      where: EndpointName,
      next,
    });
  }
  return new HarrierError('refused', `the endpoint could not be started (${status})${why}`, {
    where: EndpointName,
    next,
  });
}

async function waitForEndpoint(
  aws: Aws,
  EndpointName: string,
  options: FollowOptions,
): Promise<DescribeEndpointOutput> {
  let said: string | undefined;
  return lookUntil(
    () => aws.sagemaker.describeEndpoint({ EndpointName }),
    ({ EndpointStatus: status = '' }) => {
      if (status !== said) options.note(`${EndpointName}: ${status}`);
      said = status;
      return !/^(Creating|Updating|SystemUpdating|RollingBack)$/.test(status);
    },
    options,
  );
}
