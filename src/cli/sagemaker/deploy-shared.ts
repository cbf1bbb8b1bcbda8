import { HarrierError } from '../../errors.ts';
import {
  type Component,
  componentRequests,
  deployComponent,
  describeComponent,
  findComponent,
} from '../../sagemaker/client/components.ts';
import { removeConfigAndModel, removeEndpoint } from '../../sagemaker/client/delete-endpoint.ts';
import { deploy, planDeployment } from '../../sagemaker/client/deploy.ts';
import { checkDeployment, type Deployment } from '../../sagemaker/client/deployment.ts';
import { uniqueName } from '../../sagemaker/client/names.ts';
import { archiveOf } from '../../sagemaker/client/registry.ts';
import { checkName } from '../../sagemaker/client/requests.ts';
import {
  addTargetModel,
  checkKind,
  type EndpointKind,
  targetModel,
} from '../../sagemaker/client/shared-endpoint.ts';
import type { DeployOptions } from './deploy-options.ts';
import { modelInAws } from './model-source.ts';
import type { AwsSession } from './session.ts';

/** A model for an endpoint that several share: where it comes from, and what the options say. */
export interface SharedDeployment {
  readonly source: string;
  readonly given: DeployOptions;
  readonly endpoint: string;
  readonly image: string;
  /** For uploads. */
  readonly bucket: string;
  readonly protection: Component['protection'];
  readonly found: EndpointKind | undefined;
  /** The endpoint, should it be new. */
  readonly fresh: () => Omit<Deployment, 'model'>;
  /** Says what a new endpoint costs. */
  readonly sayPrice: (deployment: Omit<Deployment, 'model'>) => void;
}

/** Options of the endpoint itself, which a model that is added does not change. */
const OF_ENDPOINT = {
  instanceType: '--instance-type',
  instances: '--instances',
  autoscale: '--autoscale',
  expires: '--expires',
  subnets: '--subnets',
  securityGroups: '--security-groups',
  networkIsolation: '--network-isolation',
  arm64: '--arm64',
} as const satisfies Partial<Record<keyof DeployOptions, string>>;

/** What only an endpoint of one model can have. */
const OF_ONE_MODEL = {
  serverless: '--serverless',
  async: '--async',
  notify: '--notify',
  concurrency: '--concurrency',
  capture: '--capture',
  canary: '--canary',
  linear: '--linear',
  alarm: '--alarm',
  maxErrors: '--max-errors',
  maxLatency: '--max-latency',
} as const satisfies Partial<Record<keyof DeployOptions, string>>;

const OF_COMPONENT = { copies: '--copies', cores: '--cores' } as const;

/** Refuses options that do not fit together, before AWS is asked. @throws HarrierError `bad-option` */
export function refuseSharedClashes(given: DeployOptions): void {
  const { component, targetModel: target } = given;
  const one = component !== undefined ? '--component' : target !== undefined ? '--target-model' : undefined;
  const lonely = component === undefined ? flagOf(given, OF_COMPONENT) : undefined;
  if (lonely) throw new HarrierError('bad-option', `${lonely} needs --component`);
  if (given.memory !== undefined && component === undefined && !given.serverless) {
    throw new HarrierError('bad-option', '--memory needs --serverless or --component');
  }
  if (!one) return;
  const clash =
    component !== undefined && target !== undefined ? '--target-model' : flagOf(given, OF_ONE_MODEL);
  if (clash) {
    throw new HarrierError('bad-option', `${one} and ${clash} cannot be combined`, {
      next:
        clash === '--target-model'
          ? 'A model is an inference component with machines reserved for it, or one of many that are loaded as they are asked for.'
          : 'Endpoints that several models share are always there and answer at once. Deploy without it, or give the model an endpoint of its own.',
    });
  }
  if (given.name === undefined) {
    throw new HarrierError('bad-option', `${one} needs --name`, {
      expected: 'the endpoint that the models share',
    });
  }
  if (component !== undefined) checkName(component, '--component');
  else targetModel(target!);
}

function flagOf(
  given: DeployOptions,
  flags: Partial<Record<keyof DeployOptions, string>>,
): string | undefined {
  return Object.entries(flags).find(([key]) => given[key as keyof DeployOptions] !== undefined)?.[1];
}

/** @throws HarrierError `bad-option` for an option of the endpoint, which is there already */
function refuseEndpointOptions(given: DeployOptions, endpoint: string): void {
  const flag = flagOf(given, OF_ENDPOINT);
  if (!flag) return;
  throw new HarrierError('bad-option', `this endpoint exists, and ${flag} is for a new one`, {
    where: endpoint,
    next: 'Leave it out: the model joins the endpoint as it is. Or choose another --name.',
  });
}

/** `deploy --component`: a model as an inference component. */
export async function runDeployComponent(session: AwsSession, shared: SharedDeployment): Promise<void> {
  const { aws, reporter, follow, goesOn } = session;
  const { given, endpoint, found, protection } = shared;
  checkKind(endpoint, found, 'components', '--component');
  const name = given.component!;
  const fresh = found ? undefined : { ...shared.fresh(), shared: 'components' as const };
  if (fresh) checkDeployment(fresh);
  else refuseEndpointOptions(given, endpoint);
  const { copies, cores, memory: megabytes } = given;
  const wanted = { name, endpoint, image: shared.image, copies, cores, megabytes, protection };
  componentRequests({ ...wanted, archive: 's3://bucket/model.tar.gz' });
  const existing = await findComponent(aws, name, endpoint);
  const { address } = await modelInAws(session, shared.source, shared.bucket);
  const component: Component = { ...wanted, ...(await archiveOf(aws, address, shared.image)) };
  const remove = `npx harrier sagemaker delete ${endpoint}`;
  const plan = fresh && (await planDeployment(aws, { ...fresh, model: component.archive }));
  if (plan) {
    shared.sayPrice(plan.deployment);
    const onStarted = () =>
      goesOn(`${endpoint} is still being created, and bills, without its model.`, `Delete it: ${remove}`);
    await deploy(aws, plan, { ...follow, onStarted });
  }
  const onStarted = () =>
    goesOn(
      `${name} is still being ${existing ? 'updated' : 'created'} on ${endpoint}.`,
      `Check its state: npx harrier sagemaker list`,
    );
  try {
    await deployComponent(aws, component, existing, { ...follow, onStarted });
  } catch (error) {
    // Interrupted, AWS goes on; failed, an endpoint without a model would bill for nothing.
    const now = await describeComponent(aws, name).catch(() => undefined);
    const isThere = now?.EndpointName === endpoint;
    if (plan && !isThere && !follow.signal?.aborted) {
      await removeEndpoint(aws, endpoint, follow);
      await removeConfigAndModel(aws, plan.name);
    }
    throw error;
  }
  reporter.print(`${name} is in service on ${endpoint}${existing ? ' with the new settings' : ''}.`);
  reporter.print(`  npx harrier sagemaker predict ${endpoint} --component ${name} photo.jpg`);
  reporter.print(`  ${remove} --component ${name}   (the endpoint bills on without it)`);
  if (given.json) {
    reporter.json({ endpoint, component: name, updated: existing !== undefined, model: component.archive });
  }
}

/** `deploy --target-model`: a model among those of a multi-model endpoint. */
export async function runDeployTarget(session: AwsSession, shared: SharedDeployment): Promise<void> {
  const { aws, reporter, follow, goesOn } = session;
  const { given, endpoint, found, image } = shared;
  checkKind(endpoint, found, 'models', '--target-model');
  const target = targetModel(given.targetModel!);
  const name = target.replace(/\.tar\.gz$/, '');
  const fresh = found ? undefined : { ...shared.fresh(), shared: 'models' as const };
  if (fresh) checkDeployment(fresh);
  else refuseEndpointOptions(given, endpoint);
  const { address } = await modelInAws(session, shared.source, shared.bucket);
  const { archive } = await archiveOf(aws, address, image);
  // An endpoint made anew under the same name must not find the models of the one before.
  const folder =
    found?.kind === 'models'
      ? found.folder
      : `s3://${shared.bucket}/harrier/multi-model/${uniqueName(endpoint)}/`;
  await addTargetModel(aws, folder, target, archive);
  if (fresh) {
    const plan = await planDeployment(aws, { ...fresh, model: folder });
    shared.sayPrice(fresh);
    const remove = `npx harrier sagemaker delete ${endpoint}`;
    const onStarted = () => goesOn(`${endpoint} is still being created, and bills.`, `Delete it: ${remove}`);
    await deploy(aws, plan, { ...follow, onStarted });
    reporter.print(`${endpoint} is in service.`);
  }
  reporter.print(`${name} is a model of ${endpoint}: its first request loads it.`);
  reporter.print(`  npx harrier sagemaker predict ${endpoint} --target-model ${name} photo.jpg`);
  reporter.print(`  npx harrier sagemaker delete ${endpoint} --target-model ${name}`);
  if (given.json) reporter.json({ endpoint, targetModel: target, folder, created: fresh !== undefined });
}
