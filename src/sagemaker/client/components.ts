import type { DescribeInferenceComponentOutput } from '@aws-sdk/client-sagemaker';
import { HarrierError } from '../../errors.ts';
import type { Aws } from './aws.ts';
import { isAws, isMissing, isUnknownAction } from './aws-error.ts';
import { isSentAgain } from './create.ts';
import { VARIANT } from './endpoint.ts';
import { type FollowOptions, lookUntil } from './follow.ts';
import { type Protection, tagsOf } from './protection.ts';
import { checked } from './requests.ts';
import { type Scale, scaleComponent, scaleOfComponent, unscaleComponent } from './scaling.ts';

/** A model with a part of an endpoint's machines: an inference component. */
export interface Component {
  readonly name: string;
  readonly endpoint: string;
  readonly image: string;
  /** `s3://…/model.tar.gz` */
  readonly archive: string;
  /** Containers with the model, or how many there may be; absent: as now, or one. */
  readonly copies?: number | Scale;
  /** Cores of each copy; absent: as now, or one. */
  readonly cores?: number;
  /** Megabytes of memory of each copy; absent: as now, or 1,024. */
  readonly megabytes?: number;
  readonly protection: Protection;
}

const DEFAULT_CORES = 1;
const DEFAULT_MEGABYTES = 1024;

/** The requests of a component, checked. @throws HarrierError `bad-option` for what AWS would not take */
export function componentRequests(component: Component, existing?: DescribeInferenceComponentOutput) {
  const { name, endpoint, image, archive, copies, protection } = component;
  const now = existing?.Specification?.ComputeResourceRequirements;
  const count = typeof copies === 'object' ? copies.least : copies;
  const common = {
    InferenceComponentName: name,
    Specification: {
      Container: { Image: image, ArtifactUrl: archive },
      ComputeResourceRequirements: {
        NumberOfCpuCoresRequired: component.cores ?? now?.NumberOfCpuCoresRequired ?? DEFAULT_CORES,
        MinMemoryRequiredInMb: component.megabytes ?? now?.MinMemoryRequiredInMb ?? DEFAULT_MEGABYTES,
      },
    },
  };
  return {
    create: checked('CreateInferenceComponent', {
      ...common,
      EndpointName: endpoint,
      VariantName: VARIANT,
      RuntimeConfig: { CopyCount: count ?? 1 },
      Tags: tagsOf(protection),
    }),
    update: checked('UpdateInferenceComponent', {
      ...common,
      ...(count !== undefined && { RuntimeConfig: { CopyCount: count } }),
    }),
    copies: checked('UpdateInferenceComponentRuntimeConfig', {
      InferenceComponentName: name,
      DesiredRuntimeConfig: { CopyCount: count ?? 1 },
    }),
  };
}

/**
 * The component of this name, which may be changed.
 * @throws HarrierError `in-use` when it is on another endpoint, or changing
 */
export async function findComponent(
  aws: Aws,
  name: string,
  endpoint: string,
): Promise<DescribeInferenceComponentOutput | undefined> {
  const found = await describeComponent(aws, name);
  if (!found) return undefined;
  if (found.EndpointName !== endpoint) {
    throw new HarrierError('in-use', 'another endpoint has an inference component of this name', {
      where: name,
      received: found.EndpointName,
      next: 'Take another name: names of components are unique in an account and region.',
    });
  }
  const status = found.InferenceComponentStatus;
  if (status === 'InService' || status === 'Failed') return found;
  throw new HarrierError('in-use', `this inference component is busy: ${status}`, {
    where: name,
    next: 'Wait until it is InService: npx harrier sagemaker list.',
  });
}

/**
 * Creates or changes a component, and waits until it serves. One that cannot be created is removed again.
 *
 * @param existing what is there under this name
 * @param onStarted called when SageMaker has begun
 * @throws HarrierError `refused` when it fails, or was rolled back to the model before
 */
export async function deployComponent(
  aws: Aws,
  component: Component,
  existing: DescribeInferenceComponentOutput | undefined,
  options: FollowOptions & { readonly onStarted?: () => void },
): Promise<void> {
  options.signal?.throwIfAborted();
  const { name, copies } = component;
  const requests = componentRequests(component, existing);
  const before = copies !== undefined && existing ? await scaleOfComponent(aws, name) : undefined;
  if (before) await unscaleComponent(aws, name);
  // After something else went wrong, which is what is to be reported.
  const scaleAgain = async (): Promise<void> => {
    if (!before) return;
    await scaleComponent(aws, name, before).catch(() =>
      options.note(
        `${name} does not scale by itself now: deploy again with --copies ${before.least}..${before.most}`,
      ),
    );
  };
  try {
    if (!existing) await aws.sagemaker.createInferenceComponent(requests.create);
    else if (copies !== undefined && isSame(existing, requests.update.Specification)) {
      await aws.sagemaker.updateInferenceComponentRuntimeConfig(requests.copies);
    } else await aws.sagemaker.updateInferenceComponent(requests.update);
  } catch (error) {
    const isBegun =
      isSentAgain(error) && (await hasBegun(aws, component, existing, requests.update.Specification));
    if (!isBegun) {
      await scaleAgain();
      throw error;
    }
  }
  options.onStarted?.();
  const arrived = await waitForComponent(aws, name, options).catch(async (error) => {
    // Who waits no longer has nobody to do it later.
    if (typeof copies === 'object') {
      await scaleComponent(aws, name, copies).catch(() =>
        options.note(
          `${name} does not scale by itself now: deploy again with --copies ${copies.least}..${copies.most}`,
        ),
      );
    }
    throw error;
  });
  const failed = failureOf(arrived, existing && requests.update.Specification);
  if (failed) {
    if (!existing) await removeComponent(aws, name, options);
    else await scaleAgain();
    throw failed;
  }
  if (typeof copies === 'object') await scaleComponent(aws, name, copies);
}

/**
 * Whether AWS did as it was asked although it refused: the answer was lost, and the request that was sent again found the
 * name taken, or the component changing.
 */
async function hasBegun(
  aws: Aws,
  { name, endpoint }: Component,
  existing: DescribeInferenceComponentOutput | undefined,
  wanted: Specification,
): Promise<boolean> {
  const now = await describeComponent(aws, name).catch(() => undefined);
  if (now?.EndpointName !== endpoint) return false;
  // Before the request there was none of this name, or one that did not change.
  return (
    !existing ||
    now.InferenceComponentStatus === 'Updating' ||
    (isSame(now, wanted) && !isSame(existing, wanted))
  );
}

type Specification = ReturnType<typeof componentRequests>['update']['Specification'];

/** Whether a component has this model and these resources, so that only the number of its copies changes. */
function isSame({ Specification: now }: DescribeInferenceComponentOutput, wanted: Specification): boolean {
  const { NumberOfCpuCoresRequired: cores, MinMemoryRequiredInMb: memory } =
    now?.ComputeResourceRequirements ?? {};
  return (
    now?.Container?.ArtifactUrl === wanted.Container.ArtifactUrl &&
    now.Container.DeployedImage?.SpecifiedImage === wanted.Container.Image &&
    cores === wanted.ComputeResourceRequirements.NumberOfCpuCoresRequired &&
    memory === wanted.ComputeResourceRequirements.MinMemoryRequiredInMb
  );
}

/**
 * Rolled back, a component is InService too: only its model, its image and its resources tell.
 * @param wanted of an update
 */
function failureOf(
  arrived: DescribeInferenceComponentOutput,
  wanted: Specification | undefined,
): HarrierError | undefined {
  const { InferenceComponentName: where, InferenceComponentStatus: status, FailureReason: reason } = arrived;
  const isThere = status === 'InService';
  if (isThere && (!wanted || isSame(arrived, wanted))) return undefined;
  const why = reason ? `: ${reason.replace(/\.$/, '')}` : '';
  const summary = isThere
    ? `the update was rolled back to the previous model${why}`
    : `the inference component could not be started (${status})${why}`;
  return new HarrierError('refused', summary, {
    where,
    next: `Its log says more: npx harrier sagemaker logs ${where}`,
  });
}

async function waitForComponent(
  aws: Aws,
  InferenceComponentName: string,
  options: FollowOptions,
): Promise<DescribeInferenceComponentOutput> {
  let said: string | undefined;
  return lookUntil(
    () => aws.sagemaker.describeInferenceComponent({ InferenceComponentName }),
    ({ InferenceComponentStatus: status = '' }) => {
      if (status !== said) options.note(`${InferenceComponentName}: ${status}`);
      said = status;
      return status !== 'Creating' && status !== 'Updating';
    },
    options,
  );
}

export async function describeComponent(
  aws: Aws,
  InferenceComponentName: string,
): Promise<DescribeInferenceComponentOutput | undefined> {
  try {
    return await aws.sagemaker.describeInferenceComponent({ InferenceComponentName });
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** A component in a list. */
export interface ListedComponent {
  readonly name: string;
  readonly endpoint: string;
  readonly status: string;
  readonly created: Date;
}

/** The components of an endpoint, or of all. None where they may not be seen, or where there is no such thing. */
export async function listComponents(aws: Aws, endpoint?: string): Promise<ListedComponent[]> {
  const found: ListedComponent[] = [];
  let NextToken: string | undefined;
  do {
    const query = { ...(endpoint && { EndpointNameEquals: endpoint }), MaxResults: 100, NextToken };
    const page = await aws.sagemaker.listInferenceComponents(query).catch((error) => {
      if (isAws(error, 'AccessDenied') || isUnknownAction(error)) {
        return { InferenceComponents: [], NextToken: undefined };
      }
      throw error;
    });
    for (const each of page.InferenceComponents ?? []) {
      found.push({
        name: each.InferenceComponentName!,
        endpoint: each.EndpointName!,
        status: each.InferenceComponentStatus!,
        created: each.CreationTime!,
      });
    }
    NextToken = page.NextToken;
  } while (NextToken);
  return found;
}

/** Takes a component away, with its scaling, and waits until it is gone. */
export async function removeComponent(
  aws: Aws,
  name: string,
  options: Pick<FollowOptions, 'pollSeconds' | 'signal'>,
): Promise<void> {
  await unscaleComponent(aws, name);
  await aws.sagemaker.deleteInferenceComponent({ InferenceComponentName: name });
  await lookUntil(
    () => describeComponent(aws, name),
    (still) => still === undefined,
    options,
  );
}
