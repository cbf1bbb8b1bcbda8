import { HarrierError } from '../../errors.ts';
import type { Aws } from './aws.ts';
import { isAws, isMissing } from './aws-error.ts';

/** A role's ARN; a bare name is a role of this account. @throws HarrierError `bad-option` when none is given */
export function roleArn(
  { account, region }: Pick<Aws, 'account' | 'region'>,
  role: string | undefined,
): string {
  if (!role) {
    throw new HarrierError('bad-option', 'SageMaker needs a role', {
      where: '--role',
      expected: 'its ARN or its name',
      next: 'Give it, or write it into harrier.sagemaker.mjs (npx harrier sagemaker init).',
    });
  }
  return role.startsWith('arn:') ? role : `arn:${partitionOf(region)}:iam::${account}:role/${role}`;
}

/** The part of AWS that a region is in, as ARNs name it. */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}

/** How the image gets to where SageMaker looks for it. */
export const PUSH =
  'Build and push it: the first lines of the Dockerfile of npx harrier sagemaker init show how.';

/**
 * The address of the image: a bare name is a repository of this account. What ECR lets us see is checked: SageMaker
 * says only minutes later that an image is missing or in OCI's format, which it does not take.
 *
 * @throws HarrierError `not-found`, `not-supported`
 */
export async function imageAddress(aws: Aws, image = 'harrier'): Promise<string> {
  const suffix = aws.region.startsWith('cn-') ? '.amazonaws.com.cn' : '.amazonaws.com';
  const full = image.includes('/') ? image : `${aws.account}.dkr.ecr.${aws.region}${suffix}/${image}`;
  const address = /[:@][^/]*$/.test(full) ? full : `${full}:latest`;
  const parts = /^(\d{12})\.dkr\.ecr\.[^/]+\/([^:@]+)([:@])(.+)$/.exec(address);
  if (!parts) return address;
  const [, registryId, repositoryName, separator, version] = parts;
  const imageId = separator === '@' ? { imageDigest: version } : { imageTag: version };
  try {
    const { imageDetails } = await aws.ecr.describeImages({
      registryId,
      repositoryName,
      imageIds: [imageId],
    });
    const type = imageDetails?.[0]?.imageManifestMediaType ?? '';
    if (/vnd\.oci\./.test(type)) {
      throw new HarrierError('not-supported', 'SageMaker does not accept images in OCI format', {
        where: address,
        expected: 'a Docker image (manifest version 2, schema 2)',
        received: type,
        next: PUSH,
      });
    }
  } catch (error) {
    if (isMissing(error)) {
      throw new HarrierError('not-found', 'this image is not in the registry', {
        where: address,
        next: PUSH,
        cause: error,
      });
    }
    // Who may start jobs need not be allowed to look into the registry.
    if (!isAws(error, 'AccessDenied')) throw error;
  }
  return address;
}
