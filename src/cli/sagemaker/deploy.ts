import { HarrierError } from '../../errors.ts';
import { formatDuration } from '../../format/format.ts';
import { imageAddress, roleArn } from '../../sagemaker/client/account.ts';
import { rollbackAlarms } from '../../sagemaker/client/alarms.ts';
import { defaultBucket } from '../../sagemaker/client/aws.ts';
import { isAws } from '../../sagemaker/client/aws-error.ts';
import { deploy, planDeployment } from '../../sagemaker/client/deploy.ts';
import { checkDeployment, type Deployment, type Hosting } from '../../sagemaker/client/deployment.ts';
import { expired, listEndpoints } from '../../sagemaker/client/inventory.ts';
import { uniqueName } from '../../sagemaker/client/names.ts';
import { checkInstance, familyOf, instanceAdvice, PRICES } from '../../sagemaker/client/prices.ts';
import { diskAdvice, encryptUploads, type Protection } from '../../sagemaker/client/protection.ts';
import { workBucket } from '../../sagemaker/client/s3.ts';
import { checkKind, endpointKind } from '../../sagemaker/client/shared-endpoint.ts';
import type { Reporter } from '../reporter.ts';
import type { DeployOptions } from './deploy-options.ts';
import { refuseSharedClashes, runDeployComponent, runDeployTarget } from './deploy-shared.ts';
import { modelInAws } from './model-source.ts';
import { HOSTING_PROTECTION, protectionOf } from './protection.ts';
import { type AwsSession, CONFIG_FILE, inAws } from './session.ts';

const DEFAULT_INSTANCE = 'ml.m7i.large';
const DEFAULT_SERVERLESS_CONCURRENCY = 5;
const DEFAULT_SERVERLESS_MEGABYTES = 3072;

/** `harrier sagemaker deploy`. */
export async function runDeploy(source: string, given: DeployOptions): Promise<void> {
  await inAws(given, ['sagemaker', 's3', 'ecr', 'scaling', 'cloudwatch'], async (session) => {
    const { aws, config, reporter, follow, goesOn } = session;
    refuseClashes(given);
    refuseSharedClashes(given);
    const hosting = hostingOf(given, config.deployInstanceType ?? DEFAULT_INSTANCE);
    const protection = protectionOf(given, config, HOSTING_PROTECTION);
    if (given.serverless) refuseNetwork(protection);
    const isShared = given.component !== undefined || given.targetModel !== undefined;
    const image = await imageAddress(aws, given.image ?? config.image);
    const endpoint = given.name ?? uniqueName('harrier');
    const named = given.bucket ?? config.bucket;
    const folder = `s3://${named ?? defaultBucket(aws)}/harrier`;
    const { concurrency, notify, capture } = given;
    const expires = given.expires === undefined ? undefined : new Date(Date.now() + given.expires * 1000);
    const wanted = (): Omit<Deployment, 'model'> => ({
      endpoint,
      image,
      role: roleArn(aws, given.role ?? config.role),
      hosting,
      protection,
      scale: given.autoscale,
      expires,
      shift: given.canary ?? given.linear,
      rollback: { alarms: given.alarm, maxErrors: given.maxErrors, maxLatency: given.maxLatency },
      ...(given.async && {
        async: {
          folder: `${folder}/async/${endpoint}`,
          ...(concurrency !== undefined && { concurrency }),
          ...(notify && { successTopic: notify, errorTopic: notify }),
        },
      }),
      ...(capture !== undefined && { capture: { percent: capture, folder: `${folder}/captured` } }),
    });
    const deployment = isShared ? undefined : wanted();
    if (deployment) checkDeployment(deployment);
    const found =
      given.name === undefined
        ? undefined
        : await endpointKind(aws, endpoint).catch((error) => {
            // An older policy does not let it be seen; of one model, nothing has to be known.
            if (!isShared && isAws(error, 'AccessDenied')) return undefined;
            throw error;
          });
    if (!deployment) {
      const bucket = await workBucket(aws, named);
      encryptUploads(aws, protection);
      const fresh = () => sharedHosting(wanted(), given);
      const sayPrice = (deployment: Omit<Deployment, 'model'>) => sayPriceClass(deployment, reporter);
      const shared = { source, given, endpoint, image, bucket, protection, found, fresh, sayPrice };
      await (given.component === undefined ? runDeployTarget : runDeployComponent)(session, shared);
      await warnOfExpired(session);
      return;
    }
    checkKind(endpoint, found, 'one');
    // Of one that is new it is known how many machines it has.
    if (!found) checkDeployment({ ...deployment, hosting: { ...hosting, keepsInstances: false } });
    if (given.async || capture !== undefined) await workBucket(aws, named);
    encryptUploads(aws, protection);
    const { address: model } = await modelInAws(session, source, named);
    const plan = await planDeployment(aws, { ...deployment, model });
    sayPriceClass(plan.deployment, reporter);
    const advice = hosting.instanceType && diskAdvice(protection, hosting.instanceType);
    if (advice) reporter.note(advice);
    sayUpdate(plan.deployment, plan.existing !== undefined, reporter);
    const onStarted = () =>
      goesOn(
        `${endpoint} is still being ${plan.existing ? 'updated' : 'created'}, and bills. Check its state: npx harrier sagemaker list`,
        `Delete it: npx harrier sagemaker delete ${endpoint}`,
      );
    const { updated, arn } = await deploy(aws, plan, { ...follow, onStarted });
    reporter.print(`${endpoint} is in service${updated ? ' with the new model' : ''}.`);
    reporter.print(`  npx harrier sagemaker predict ${endpoint} photo.jpg`);
    reporter.print(`  npx harrier sagemaker delete ${endpoint}`);
    if (given.json) {
      const { async, capture: captured } = deployment;
      reporter.json({
        endpoint,
        arn,
        updated,
        model,
        expires: expires?.toISOString(),
        ...(async && { async: async.folder }),
        ...(captured && { captured: captured.folder }),
      });
    }
    await warnOfExpired(session);
  });
}

/** What serverless and asynchronous endpoints, and updates, cannot have together. */
function refuseClashes(given: DeployOptions): void {
  const { serverless, autoscale, capture, canary, linear } = given;
  const isRolled = given.alarm ?? given.maxErrors ?? given.maxLatency;
  const clash = serverless
    ? Object.entries({
        '--instance-type': given.instanceType,
        '--instances': given.instances,
        '--arm64': given.arm64,
        '--autoscale': autoscale,
        '--async': given.async,
        '--capture': capture,
        '--subnets': given.subnets ?? given.securityGroups,
        '--network-isolation': given.networkIsolation,
        '--canary': canary,
        '--linear': linear,
        '--alarm, --max-errors or --max-latency': isRolled,
      }).find(([, value]) => value !== undefined)?.[0]
    : undefined;
  if (clash) {
    throw new HarrierError('bad-option', `--serverless and ${clash} cannot be combined`, {
      next: 'Serverless endpoints scale by themselves, on machines that AWS chooses.',
    });
  }
  if (canary && linear) {
    throw new HarrierError('bad-option', '--canary and --linear cannot be combined', {
      next: 'Move a part of the traffic first (--canary), or all of it step by step (--linear).',
    });
  }
  if (autoscale?.least === 0 && !given.async) {
    throw new HarrierError('bad-option', 'this endpoint cannot scale to zero', {
      where: '--autoscale',
      expected: 'at least one machine, or --async',
      received: `0..${autoscale.most}`,
      next: 'Nobody would answer while no machine is there. Asynchronous endpoints keep requests; --serverless bills by use.',
    });
  }
  const orphan = given.notify && !given.async ? '--notify' : undefined;
  if (orphan) throw new HarrierError('bad-option', `${orphan} needs --async`);
  if (given.concurrency !== undefined && !serverless && !given.async) {
    throw new HarrierError('bad-option', '--concurrency needs --serverless or --async', {
      next: 'Leave it out: other endpoints take as many requests as their machines can.',
    });
  }
}

/** Left out silently, the model would stand where the settings forbid it. */
function refuseNetwork({ subnets, networkIsolation }: Protection): void {
  if (subnets === undefined && !networkIsolation) return;
  throw new HarrierError('bad-option', 'serverless endpoints have neither VPC nor network isolation', {
    where: '--serverless',
    expected: 'settings without them',
    received: `${subnets ? 'subnets' : 'networkIsolation'} in ${CONFIG_FILE}`,
    next: 'Deploy to a machine, without --serverless.',
  });
}

function hostingOf(given: DeployOptions, instanceType: string): Hosting {
  const { serverless, autoscale, concurrency = DEFAULT_SERVERLESS_CONCURRENCY } = given;
  const { memory = DEFAULT_SERVERLESS_MEGABYTES } = given;
  if (serverless) return { serverless: { megabytes: memory, concurrency } };
  const type = given.instanceType ?? instanceType;
  checkInstance(type, given.arm64);
  return {
    instanceType: type,
    instances: given.instances ?? Math.max(1, autoscale?.least ?? 1),
    keepsInstances: given.instances === undefined && autoscale === undefined,
  };
}

/** Machines of inference components come and go as those need them, which SageMaker itself sees to. */
function sharedHosting(
  wanted: Omit<Deployment, 'model'>,
  { component }: DeployOptions,
): Omit<Deployment, 'model'> {
  const { scale, hosting } = wanted;
  if (component === undefined || scale === undefined) return wanted;
  return { ...wanted, scale: undefined, hosting: { ...hosting, managed: scale } };
}

/** What an update will do. */
function sayUpdate(
  { endpoint, shift, rollback }: Omit<Deployment, 'model'>,
  exists: boolean,
  reporter: Reporter,
): void {
  const alarms = rollbackAlarms(endpoint, rollback);
  if (!exists) {
    if (shift) reporter.note(`Note: ${endpoint} is new, so there is no traffic to move in parts.`);
    return;
  }
  reporter.print(`${endpoint} exists: its model stays in service until the new one is ready.`);
  if (shift) {
    const part = `${shift.percent}% of the machines`;
    const time = formatDuration(shift.seconds);
    reporter.print(
      shift.kind === 'canary'
        ? `The new model serves on ${part} for ${time}, then on all.`
        : `The traffic moves to the new model by ${part} at a time, every ${time}.`,
    );
  }
  if (alarms.length > 0) {
    reporter.print(`AWS goes back to the model before if one of these alarms goes off: ${alarms.join(', ')}`);
  } else if (shift) {
    reporter.note(
      'Note: without --max-errors, --max-latency or --alarm, AWS goes back only if the container does not start.',
    );
  }
}

function sayPriceClass(
  { endpoint, hosting, scale, expires }: Omit<Deployment, 'model'>,
  reporter: Reporter,
): void {
  const { serverless, instanceType = '', instances = 1, managed } = hosting;
  if (serverless) {
    reporter.print(
      `${endpoint}: serverless, ${serverless.megabytes} MB, at most ${serverless.concurrency} requests at once: ` +
        `billed by use, nothing while idle. Prices: ${PRICES}`,
    );
    return;
  }
  const advice = instanceAdvice(instanceType);
  if (advice) reporter.note(advice);
  const range = scale ?? managed;
  const count = range ? `${range.least} to ${range.most}` : `${instances}`;
  const until = expires
    ? `AWS does not delete it by itself: after ${shortTime(expires)} run npx harrier sagemaker delete --expired`
    : `until npx harrier sagemaker delete ${endpoint}`;
  reporter.print(
    `${endpoint}: ${count} × ${instanceType} (${familyOf(instanceType)}), billed by the second from now on, idle or ` +
      `not. ${until}. Prices: ${PRICES}`,
  );
}

export function shortTime(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** Reminds of endpoints that should be gone by now. */
export async function warnOfExpired({ aws, reporter }: AwsSession): Promise<void> {
  const all = await listEndpoints(aws).catch((error: Error) => {
    reporter.note(`Note: whether endpoints should be gone by now cannot be seen: ${error.message}`);
    return [];
  });
  for (const { name, expires } of expired(all)) {
    reporter.note(
      `${name} should be gone since ${shortTime(expires!)}, and bills: npx harrier sagemaker delete ${name}`,
    );
  }
}
