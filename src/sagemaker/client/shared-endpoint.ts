import { HarrierError } from '../../errors.ts';
import type { Aws } from './aws.ts';
import { describeEndpoint } from './endpoint.ts';
import { s3Address } from './s3.ts';

/** What an endpoint is made for: one model, inference components, or the archives below an address in S3. */
export type EndpointKind =
  | { readonly kind: 'one' }
  | { readonly kind: 'components' }
  | { readonly kind: 'models'; readonly folder: string };

/** Undefined when there is no such endpoint. */
export async function endpointKind(aws: Aws, endpoint: string): Promise<EndpointKind | undefined> {
  const found = await describeEndpoint(aws, endpoint);
  if (!found) return undefined;
  const { ProductionVariants: [variant] = [] } = await aws.sagemaker.describeEndpointConfig({
    EndpointConfigName: found.EndpointConfigName,
  });
  if (!variant?.ModelName) return { kind: 'components' };
  const { PrimaryContainer: container } = await aws.sagemaker.describeModel({ ModelName: variant.ModelName });
  if (container?.Mode !== 'MultiModel') return { kind: 'one' };
  return { kind: 'models', folder: container.ModelDataUrl ?? '' };
}

const ARE: Readonly<Record<EndpointKind['kind'], string>> = {
  one: 'serves one model',
  components: 'has inference components',
  models: 'is a multi-model endpoint',
};
const ADD: Readonly<Record<EndpointKind['kind'], string>> = {
  one: 'Leave it out to replace its model, or choose another --name.',
  components: '--component NAME adds a model or replaces one; or choose another --name.',
  models: '--target-model NAME adds a model; or choose another --name.',
};

/**
 * Checks that a model fits an endpoint that is there.
 * @param option that says which kind is wanted
 * @throws HarrierError `bad-option` where the endpoint is of another kind
 */
export function checkKind(
  endpoint: string,
  found: EndpointKind | undefined,
  wanted: EndpointKind['kind'],
  option?: string,
): void {
  if (found === undefined || found.kind === wanted) return;
  const given = option
    ? `${option} is for an endpoint that ${ARE[wanted]}`
    : 'this would replace all its models';
  throw new HarrierError('bad-option', `this endpoint ${ARE[found.kind]}, and ${given}`, {
    where: endpoint,
    next: ADD[found.kind],
  });
}

/**
 * The key of a model of a multi-model endpoint, as requests name it.
 * @throws HarrierError `bad-option` for a name that is none
 */
export function targetModel(name: string): string {
  const plain = name.replace(/\.tar\.gz$/, '');
  if (/^[a-zA-Z0-9][\w.-]{0,99}$/.test(plain)) return `${plain}.tar.gz`;
  throw new HarrierError('bad-option', 'this cannot be the name of a model', {
    where: '--target-model',
    expected: 'letters, digits, ".", "_" and "-", at most 100',
    received: `"${name.slice(0, 80)}"`,
  });
}

/** The models of a multi-model endpoint, by the names that requests give. */
export async function targetModels(aws: Aws, folder: string): Promise<string[]> {
  const { bucket: Bucket, key: Prefix } = s3Address(folder);
  const names: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await aws.s3.listObjectsV2({ Bucket, Prefix, ContinuationToken });
    names.push(...(page.Contents ?? []).map(({ Key = '' }) => Key.slice(Prefix.length)));
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken);
  return names.filter((name) => name.endsWith('.tar.gz')).sort();
}

/**
 * Adds a model to a multi-model endpoint: a copy of its archive, which the next request for it loads.
 *
 * @throws HarrierError `in-use` when there is one of this name: SageMaker may hold the old one in memory still
 */
export async function addTargetModel(
  aws: Aws,
  folder: string,
  target: string,
  archive: string,
): Promise<void> {
  if ((await targetModels(aws, folder)).includes(target)) {
    throw new HarrierError('in-use', 'the endpoint has a model of this name already', {
      where: target.replace(/\.tar\.gz$/, ''),
      next: 'Take a new name, such as NAME-2, then delete the old model: SageMaker keeps loaded models in memory and would not notice the change.',
    });
  }
  const [from, to] = [s3Address(archive), s3Address(folder)];
  await aws.s3.copyObject({
    Bucket: to.bucket,
    Key: `${to.key}${target}`,
    CopySource: [from.bucket, ...from.key.split('/')].map(encodeURIComponent).join('/'),
  });
}

/** Takes a model away from a multi-model endpoint. @throws HarrierError `not-found` */
export async function removeTargetModel(aws: Aws, folder: string, target: string): Promise<void> {
  const all = await targetModels(aws, folder);
  if (!all.includes(target)) {
    throw new HarrierError('not-found', 'the endpoint has no model of this name', {
      where: target.replace(/\.tar\.gz$/, ''),
      next: all.length > 0 ? `It has ${all.slice(0, 20).join(', ')}.` : 'It has no models.',
    });
  }
  const { bucket, key } = s3Address(folder);
  await aws.s3.deleteObject({ Bucket: bucket, Key: `${key}${target}` });
}
