import type { DescribeModelPackageOutput, ModelApprovalStatus } from '@aws-sdk/client-sagemaker';
import { HarrierError } from '../../errors.ts';
import { partitionOf } from './account.ts';
import type { Aws } from './aws.ts';
import { isMissing } from './aws-error.ts';
import { type FollowOptions, lookUntil } from './follow.ts';
import type { Protection } from './protection.ts';
import { tagsOf } from './protection.ts';
import { checked, checkName } from './requests.ts';

/** A version of a model in the registry, as users name it: `parts/3`. */
export interface PackageName {
  readonly group: string;
  readonly version?: number;
}

/** Reads `parts` or `parts/3`. @throws HarrierError `bad-option` */
export function packageName(text: string): PackageName {
  const [group, version, ...rest] = text.split('/');
  if (rest.length > 0 || (version !== undefined && !/^[1-9]\d*$/.test(version))) {
    throw new HarrierError('bad-option', 'this is no model of the registry', {
      expected: 'GROUP or GROUP/VERSION, such as parts/3',
      received: `"${text}"`,
    });
  }
  checkName(group, 'group');
  return { group, ...(version !== undefined && { version: Number(version) }) };
}

/** A model to put into the registry. */
export interface Registration {
  readonly group: string;
  readonly image: string;
  /** `s3://…/model.tar.gz` */
  readonly model: string;
  readonly status: ModelApprovalStatus;
  readonly description?: string;
  /** `s3://…` of its metrics, in SageMaker's form. */
  readonly metrics?: string;
  /** What people want to read beside it: accuracy, origin. */
  readonly notes: Readonly<Record<string, string>>;
  readonly protection: Protection;
}

const CONTENT_TYPES = [
  'application/x-image',
  'image/png',
  'image/jpeg',
  'image/webp',
  'application/json',
  'application/jsonlines',
];
const ANSWER_TYPES = ['application/json', 'application/jsonlines'];

/** The requests of a registration. @throws HarrierError `bad-option` for what SageMaker would not take */
export function registryRequests(registration: Registration) {
  const { group, image, model, status, description, metrics, notes, protection } = registration;
  return {
    group: checked('CreateModelPackageGroup', {
      ModelPackageGroupName: group,
      Tags: tagsOf(protection),
    }),
    // A version has the tags of its group: it may have none of its own.
    version: checked('CreateModelPackage', {
      ModelPackageGroupName: group,
      ...(description && { ModelPackageDescription: description }),
      InferenceSpecification: {
        Containers: [{ Image: image, ModelDataUrl: model }],
        SupportedContentTypes: CONTENT_TYPES,
        SupportedResponseMIMETypes: ANSWER_TYPES,
      },
      ModelApprovalStatus: status,
      ...(metrics && {
        ModelMetrics: { ModelQuality: { Statistics: { ContentType: 'application/json', S3Uri: metrics } } },
      }),
      CustomerMetadataProperties: { ...notes },
    }),
  };
}

/**
 * Puts a model into the registry, as the next version of its group, which is made where it is not there.
 * @throws HarrierError `refused` when SageMaker does not take the model
 */
export async function register(
  aws: Aws,
  registration: Registration,
  options: Pick<FollowOptions, 'pollSeconds' | 'signal'>,
): Promise<{ arn: string; version: number }> {
  const requests = registryRequests(registration);
  await aws.sagemaker.createModelPackageGroup(requests.group).catch((error) => {
    if (!(error instanceof Error && /already exists/i.test(error.message))) throw error;
  });
  const { ModelPackageArn: arn = '' } = await aws.sagemaker.createModelPackage(requests.version);
  const found = await lookUntil(
    () => aws.sagemaker.describeModelPackage({ ModelPackageName: arn }),
    ({ ModelPackageStatus: status = '' }) => !/^(Pending|InProgress)$/.test(status),
    options,
  );
  if (found.ModelPackageStatus === 'Completed') return { arn, version: found.ModelPackageVersion! };
  await aws.sagemaker.deleteModelPackage({ ModelPackageName: arn });
  const reason = found.ModelPackageStatusDetails?.ValidationStatuses?.[0]?.FailureReason;
  throw new HarrierError('refused', `SageMaker does not take this model: ${reason ?? 'it gives no reason'}`, {
    where: registration.group,
  });
}

/** The ARN of a version, whatever the registry holds. */
export function packageArn({ region, account }: Aws, { group, version }: Required<PackageName>): string {
  return `arn:${partitionOf(region)}:sagemaker:${region}:${account}:model-package/${group}/${version}`;
}

/** A version of the registry. @throws HarrierError `not-found` */
export async function describePackage(
  aws: Aws,
  name: Required<PackageName>,
): Promise<DescribeModelPackageOutput> {
  try {
    return await aws.sagemaker.describeModelPackage({ ModelPackageName: packageArn(aws, name) });
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw notRegistered(`${name.group}/${name.version}`, error);
  }
}

function notRegistered(where: string, cause?: unknown): HarrierError {
  return new HarrierError('not-found', 'there is no such model in the registry', {
    where,
    next: 'npx harrier sagemaker registry list lists them.',
    cause,
  });
}

/**
 * The version to deploy: the named one, which must be approved, or the newest approved one.
 * @throws HarrierError `not-found` without one, `refused` for a version that nobody has approved
 */
export async function approvedPackage(
  aws: Aws,
  { group, version }: PackageName,
): Promise<{ arn: string; version: number }> {
  if (version !== undefined) {
    const { ModelApprovalStatus: status, ModelPackageArn: arn = '' } = await describePackage(aws, {
      group,
      version,
    });
    if (status === 'Approved') return { arn, version };
    throw new HarrierError('refused', 'this version of the model is not approved', {
      where: `${group}/${version}`,
      received: status,
      expected: 'Approved',
      next: `Approve it: npx harrier sagemaker registry approve ${group}/${version}`,
    });
  }
  const { ModelPackageSummaryList: found = [] } = await aws.sagemaker
    .listModelPackages({
      ModelPackageGroupName: group,
      ModelApprovalStatus: 'Approved',
      SortBy: 'CreationTime',
      SortOrder: 'Descending',
      MaxResults: 1,
    })
    .catch((error) => {
      if (isMissing(error)) throw notRegistered(group, error);
      throw error;
    });
  const [newest] = found;
  if (newest) return { arn: newest.ModelPackageArn!, version: newest.ModelPackageVersion! };
  throw new HarrierError('not-found', 'no version of this model is approved', {
    where: group,
    next: `List its versions: npx harrier sagemaker registry list ${group}; approve one: npx harrier sagemaker registry approve ${group}/VERSION`,
  });
}

/**
 * The archive of a model, with its image: of a version of the registry, those that were registered.
 * @param address `s3://…/model.tar.gz`, or the ARN of a version
 */
export async function archiveOf(
  aws: Aws,
  address: string,
  image: string,
): Promise<{ readonly archive: string; readonly image: string }> {
  if (!address.startsWith('arn:')) return { archive: address, image };
  const { InferenceSpecification: how } = await aws.sagemaker.describeModelPackage({
    ModelPackageName: address,
  });
  const [container] = how?.Containers ?? [];
  if (container?.ModelDataUrl) return { archive: container.ModelDataUrl, image: container.Image ?? image };
  throw new HarrierError('not-supported', 'this version of the registry has no archive in S3', {
    where: address,
    next: 'Register the model again: npx harrier sagemaker registry add.',
  });
}

/** Approves or rejects a version. @throws HarrierError `not-found` */
export async function setApproval(
  aws: Aws,
  name: Required<PackageName>,
  ModelApprovalStatus: ModelApprovalStatus,
): Promise<void> {
  const { ModelPackageArn } = await describePackage(aws, name);
  await aws.sagemaker.updateModelPackage({ ModelPackageArn, ModelApprovalStatus });
}

/** A version as it is listed. */
export interface ListedPackage {
  readonly group: string;
  readonly version: number;
  readonly status: string;
  readonly created: Date;
  readonly description?: string;
  readonly notes: Readonly<Record<string, string>>;
}

/** Groups of models, the newest first. */
export async function listGroups(aws: Aws, most: number): Promise<{ group: string; created: Date }[]> {
  const { ModelPackageGroupSummaryList: found = [] } = await aws.sagemaker.listModelPackageGroups({
    SortBy: 'CreationTime',
    SortOrder: 'Descending',
    MaxResults: most,
  });
  return found.map(({ ModelPackageGroupName, CreationTime }) => ({
    group: ModelPackageGroupName!,
    created: CreationTime!,
  }));
}

/** Versions of a model, the newest first. @throws HarrierError `not-found` */
export async function listPackages(aws: Aws, group: string, most: number): Promise<ListedPackage[]> {
  const { ModelPackageSummaryList: found = [] } = await aws.sagemaker
    .listModelPackages({
      ModelPackageGroupName: group,
      SortBy: 'CreationTime',
      SortOrder: 'Descending',
      MaxResults: most,
    })
    .catch((error) => {
      if (isMissing(error)) throw notRegistered(group, error);
      throw error;
    });
  return Promise.all(
    found.map(async ({ ModelPackageArn, ModelPackageVersion, ModelApprovalStatus, CreationTime }) => {
      const { CustomerMetadataProperties: notes = {}, ModelPackageDescription: description } =
        await aws.sagemaker.describeModelPackage({ ModelPackageName: ModelPackageArn });
      return {
        group,
        version: ModelPackageVersion!,
        status: ModelApprovalStatus ?? '',
        created: CreationTime!,
        ...(description && { description }),
        notes,
      };
    }),
  );
}

/** Takes a version away, or a group that holds none. @throws HarrierError `not-found`, `in-use` */
export async function removePackage(aws: Aws, { group, version }: PackageName): Promise<void> {
  if (version !== undefined) {
    const { ModelPackageArn: ModelPackageName } = await describePackage(aws, { group, version });
    await aws.sagemaker.deleteModelPackage({ ModelPackageName });
    return;
  }
  const left = await listPackages(aws, group, 1);
  if (left.length > 0) {
    throw new HarrierError('in-use', 'this model has versions', {
      where: group,
      next: `Remove them first: npx harrier sagemaker registry remove ${group}/${left[0].version}`,
    });
  }
  await aws.sagemaker.deleteModelPackageGroup({ ModelPackageGroupName: group });
}
