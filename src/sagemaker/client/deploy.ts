import { setTimeout as sleep } from 'node:timers/promises';
import type { DescribeEndpointOutput, PendingDeploymentSummary } from '@aws-sdk/client-sagemaker';
import { HarrierError } from '../../errors.ts';
import {
  alarmRequests,
  alarmsNow,
  checkAlarms,
  loudAlarms,
  removeAlarms,
  restoreAlarms,
  rollbackAlarms,
} from './alarms.ts';
import type { Aws } from './aws.ts';
import { isMissing } from './aws-error.ts';
import { create } from './create.ts';
import { removeConfigAndModel, removeEndpoint } from './delete-endpoint.ts';
import {
  checkDeployment,
  type Deployment,
  type DeploymentRequests,
  deploymentRequests,
} from './deployment.ts';
import { describeEndpoint, EXPIRES_TAG } from './endpoint.ts';
import { type FollowOptions, lookUntil } from './follow.ts';
import { isUniqueNameOf, uniqueName } from './names.ts';
import { type Scale, scaleEndpoint, scaleOf, unscaleEndpoint } from './scaling.ts';

/** How often AWS is asked for what it may not see yet, and the first wait between. */
const ATTEMPTS = 4;
const ATTEMPT_MS = 1000;

/** A deployment's requests, checked; nothing is sent yet. */
export interface DeploymentPlan {
  readonly deployment: Deployment;
  /** What serves under this name now, where something does. */
  readonly existing?: DescribeEndpointOutput;
  readonly name: string;
  readonly requests: DeploymentRequests;
}

export interface Deployed {
  readonly endpoint: string;
  readonly arn: string;
  readonly updated: boolean;
}

/**
 * Prepares to put a model behind an endpoint: a new one, or the one that has the name already.
 *
 * @throws HarrierError `bad-option` for what SageMaker would not take, `in-use` when the endpoint is changing, `not-found`
 *   or `refused` for alarms that cannot watch the update
 */
export async function planDeployment(aws: Aws, wanted: Deployment): Promise<DeploymentPlan> {
  const { endpoint } = wanted;
  checkDeployment(wanted);
  const existing = await describeEndpoint(aws, endpoint);
  const status = existing?.EndpointStatus;
  if (status === 'Failed') {
    throw new HarrierError('in-use', 'this endpoint has failed, and SageMaker updates no such endpoint', {
      where: endpoint,
      next: `Delete it, then deploy again: npx harrier sagemaker delete ${endpoint}`,
    });
  }
  if (existing && status !== 'InService') {
    throw new HarrierError('in-use', `this endpoint is busy: ${status}`, {
      where: endpoint,
      next: 'Wait until it is InService (npx harrier sagemaker list), or choose another --name.',
    });
  }
  const deployment = withMachines(wanted, existing);
  checkDeployment(deployment);
  const name = uniqueName(endpoint);
  const requests = deploymentRequests(deployment, name);
  if (existing) await checkAlarms(aws, endpoint, deployment.rollback);
  return { deployment, existing, name, requests };
}

/**
 * Creates or updates the endpoint and waits until it serves the new model. What a failed attempt made is removed, and
 * alarms that it changed are put back.
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
  options.signal?.throwIfAborted();
  const { endpoint } = deployment;
  const before = existing && (await scaleOf(aws, endpoint));
  const expiry = existing && (await expiryOf(aws, existing));
  const wasAsync = existing?.AsyncInferenceConfig !== undefined;
  const isAsync = deployment.async !== undefined;
  const alarms = alarmRequests(endpoint, deployment.rollback, deployment.protection);
  const ownAlarms = alarms.map(({ AlarmName }) => AlarmName);
  const alarmsBefore = existing ? await alarmsNow(aws, ownAlarms) : [];
  const takeAlarmsBack = () =>
    restoreAlarms(aws, ownAlarms, alarmsBefore).catch(() =>
      options.note(`The alarms of this attempt cannot be taken back: ${ownAlarms.join(', ')}.`),
    );
  try {
    for (const alarm of alarms) await aws.cloudwatch.putMetricAlarm(alarm);
    const { model, config } = requests;
    if (model) await create(name, () => aws.sagemaker.createModel(model));
    await create(name, () => aws.sagemaker.createEndpointConfig(config));
    // From here on something bills.
    options.signal?.throwIfAborted();
    if (existing) await update(aws, existing, requests, before, options);
    else await begin(aws, requests, () => aws.sagemaker.createEndpoint(requests.create));
  } catch (error) {
    await removeConfigAndModel(aws, name);
    await takeAlarmsBack();
    throw error;
  }
  options.onStarted?.();
  const wanted = deployment.scale ?? (deployment.hosting.serverless ? undefined : keptScale(before, isAsync));
  // Only now, for a refused update changes nothing; and the update goes on even where this fails.
  const untagged = existing && (await tag(aws, existing, requests.tags));
  const arrived = await waitForEndpoint(aws, endpoint, options).catch(async (error) => {
    // Who waits no longer has nobody to do it later.
    if (wanted) await tryToScale(aws, endpoint, wanted, isAsync, options);
    throw error;
  });
  const loud = existing ? await loudAlarms(aws, rollbackAlarms(endpoint, deployment.rollback)) : [];
  const failed = failureOf(arrived, name, existing !== undefined, loud);
  const scale = failed ? before : wanted;
  // What else is to be done, and to be said, is so all the same.
  const unscaled =
    scale && arrived.EndpointStatus === 'InService'
      ? await scaleEndpoint(aws, endpoint, scale, failed ? wasAsync : isAsync).then(
          () => undefined,
          (cause: Error) => notScaled(endpoint, cause),
        )
      : undefined;
  if (failed) {
    // The model of before goes on for as long as it was to.
    if (existing && expiry) await keepExpiry(aws, existing, expiry, options);
    if (!existing) await removeEndpoint(aws, endpoint, options);
    await takeAlarmsBack();
    if (arrived.EndpointConfigName !== name || !existing) await removeConfigAndModel(aws, name);
    throw failed;
  }
  const old = existing?.EndpointConfigName;
  if (old && old !== name && isUniqueNameOf(endpoint, old)) await removeConfigAndModel(aws, old);
  if (unscaled) throw unscaled;
  if (untagged) throw untagged;
  return { endpoint, arn: arrived.EndpointArn!, updated: existing !== undefined };
}

function notScaled(where: string, cause: Error): HarrierError {
  const reason = cause.message.replace(/\.$/, '');
  return new HarrierError(
    'refused',
    `the new model is deployed, but the endpoint does not scale: ${reason}`,
    {
      where,
      next: 'Deploy again with --autoscale once that is mended.',
      cause,
    },
  );
}

/** The scaling before an update goes on; only asynchronous endpoints may have no machine. */
function keptScale(before: Scale | undefined, isAsync: boolean): Scale | undefined {
  return before && { ...before, least: Math.max(before.least, isAsync ? 0 : 1) };
}

/** An update for which nobody named a number of machines leaves as many as there are: they may have come for a reason. */
function withMachines(
  { hosting, ...deployment }: Deployment,
  existing: DescribeEndpointOutput | undefined,
): Deployment {
  if (!hosting.keepsInstances) return { hosting, ...deployment };
  const machines = existing?.ProductionVariants?.[0]?.CurrentInstanceCount || hosting.instances;
  return { ...deployment, hosting: { ...hosting, instances: machines, keepsInstances: false } };
}

/** Machines that come and go by themselves would disturb the change; a refused one leaves them as they were. */
async function update(
  aws: Aws,
  { EndpointName: endpoint = '', AsyncInferenceConfig: async }: DescribeEndpointOutput,
  requests: DeploymentPlan['requests'],
  before: Scale | undefined,
  options: Pick<FollowOptions, 'note'>,
): Promise<void> {
  if (before) await unscaleEndpoint(aws, endpoint);
  if (before?.least === 0) await removeAlarms(aws, endpoint, ['from-zero']);
  await begin(aws, requests, () => aws.sagemaker.updateEndpoint(requests.update)).catch(async (error) => {
    if (before) await tryToScale(aws, endpoint, before, async !== undefined, options);
    throw error;
  });
}

/**
 * Asks for a deployment. Where AWS did as it was asked and the answer was lost, the request is sent again and refused; the
 * deployment has begun all the same.
 */
async function begin(
  aws: Aws,
  { config, update }: DeploymentRequests,
  ask: () => Promise<unknown>,
): Promise<void> {
  await patiently(ask).catch(async (error) => {
    const now = await describeEndpoint(aws, update.EndpointName).catch(() => undefined);
    const names = [now?.EndpointConfigName, now?.PendingDeploymentSummary?.EndpointConfigName];
    if (!names.includes(config.EndpointConfigName)) throw error;
  });
}

/** AWS may not see yet what it has just made: a configuration, a model. */
async function patiently(ask: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await ask();
      return;
    } catch (error) {
      if (!isMissing(error) || attempt === ATTEMPTS) throw error;
      await sleep(attempt * ATTEMPT_MS);
    }
  }
}

/** Lets machines come and go after something else went wrong, which is what is to be reported. */
async function tryToScale(
  aws: Aws,
  endpoint: string,
  scale: Scale,
  isAsync: boolean,
  { note }: Pick<FollowOptions, 'note'>,
): Promise<void> {
  await scaleEndpoint(aws, endpoint, scale, isAsync).catch(() =>
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

/** When an endpoint expires; undefined where that cannot be read. */
async function expiryOf(
  aws: Aws,
  { EndpointArn: ResourceArn }: DescribeEndpointOutput,
): Promise<{ readonly value?: string } | undefined> {
  const tags = await aws.sagemaker.listTags({ ResourceArn }).catch(() => undefined);
  if (!tags) return undefined;
  const value = tags.Tags?.find(({ Key }) => Key === EXPIRES_TAG)?.Value;
  return { ...(value !== undefined && { value }) };
}

/** Has an endpoint expire as it did before an update that was rolled back. */
async function keepExpiry(
  aws: Aws,
  { EndpointName, EndpointArn: ResourceArn }: DescribeEndpointOutput,
  { value }: { readonly value?: string },
  { note }: Pick<FollowOptions, 'note'>,
): Promise<void> {
  const done =
    value === undefined
      ? aws.sagemaker.deleteTags({ ResourceArn, TagKeys: [EXPIRES_TAG] })
      : aws.sagemaker.addTags({ ResourceArn, Tags: [{ Key: EXPIRES_TAG, Value: value }] });
  await done.catch(() =>
    note(
      `${EndpointName} has the expiry of the update that was rolled back now, in its tag ${EXPIRES_TAG}: before, ${value === undefined ? 'it had none' : `it was ${value}`}.`,
    ),
  );
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
  loudAlarms: readonly string[],
): HarrierError | undefined {
  if (status === 'InService' && config === wanted) return undefined;
  const alarms = loudAlarms.length > 0 ? ` (on: ${loudAlarms.join(', ')})` : '';
  const why = `${reason ? `: ${reason.replace(/\.$/, '')}` : ''}${alarms}`;
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
    ({ EndpointStatus: status = '', PendingDeploymentSummary: pending }) => {
      const line = [status, ...partsOf(pending)].join(', ');
      if (line !== said) options.note(`${EndpointName}: ${line}`);
      said = line;
      return !/^(Creating|Updating|SystemUpdating|RollingBack)$/.test(status);
    },
    options,
  );
}

/** Words of SageMaker's states of an update under way. */
const PARTS: Readonly<Record<string, string>> = {
  Creating: 'starting new machines',
  Updating: 'changing machines',
  Deleting: 'ending old machines',
  ActivatingTraffic: 'moving traffic to the new model',
  Baking: 'watching the new model',
};

/** What an update is at. */
function partsOf(pending: PendingDeploymentSummary | undefined): string[] {
  const states = (pending?.ProductionVariants ?? []).flatMap(({ VariantStatus }) => VariantStatus ?? []);
  return [...new Set(states.map(({ Status = '' }) => PARTS[Status] ?? Status))];
}
