import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { CatalogueEntry } from '../../backbones/index.ts';
import { HarrierError } from '../../errors.ts';
import { formatDuration } from '../../format/format.ts';
import { fetchModel } from '../../platform/node/backbones/fetch-model.ts';
import { cifar10 } from '../../platform/node/datasets/cifar10.ts';
import { cifar10Directory } from '../../platform/node/datasets/cifar10-files.ts';
import { writeAtomically } from '../../platform/node/files/cache.ts';
import { isElsewhere } from '../../platform/node/runs/starting-model.ts';
import { imageProcessor } from '../../publishing/transformers-folder.ts';
import { imageAddress, roleArn } from '../../sagemaker/client/account.ts';
import { defaultBucket } from '../../sagemaker/client/aws.ts';
import { plainName } from '../../sagemaker/client/names.ts';
import { checkInstance } from '../../sagemaker/client/prices.ts';
import { diskAdvice, encryptUploads } from '../../sagemaker/client/protection.ts';
import {
  checkBucket,
  folderAddress,
  isS3,
  s3Address,
  uploadFolder,
  workBucket,
} from '../../sagemaker/client/s3.ts';
import type { JobResources } from '../../sagemaker/client/training.ts';
import { fetchingFor, noteLicense } from '../fetching.ts';
import { Reporter } from '../reporter.ts';
import { type ProtectionOptions, protectionOf } from './protection.ts';
import type { AwsCommandOptions, AwsSession } from './session.ts';

/** Options that training and tuning share, as they were typed. */
export interface JobOptions extends AwsCommandOptions, ProtectionOptions {
  readonly role?: string;
  readonly image?: string;
  readonly bucket?: string;
  readonly data?: string;
  readonly validation?: string;
  readonly test?: string;
  readonly model?: string;
  readonly instanceType?: string;
  readonly volumeSize: number;
  /** Seconds. */
  readonly maxRun?: number;
  /** Seconds. */
  readonly maxWait?: number;
  readonly spot?: boolean;
  readonly wait?: boolean;
  readonly name?: string;
}

export const DEFAULT_TRAIN_INSTANCE = 'ml.c7i.2xlarge';
const DEFAULT_MAX_RUN_SECONDS = 24 * 3600;

/** @throws HarrierError `bad-option` for a limit on time that would limit nothing */
export function checkTimes({ spot, maxRun, maxWait }: JobOptions): void {
  if (maxWait === undefined) return;
  if (!spot) {
    throw new HarrierError('bad-option', '--max-wait needs --spot', {
      next: 'Limit the time of other jobs with --max-run.',
    });
  }
  if (maxRun === undefined || maxRun <= maxWait) return;
  throw new HarrierError('bad-option', 'this is shorter than --max-run, which it includes', {
    where: '--max-wait',
    expected: `at least ${formatDuration(maxRun)}`,
    received: formatDuration(maxWait),
    next: 'Lower --max-run too.',
  });
}

/** A job that may wait for a shorter time than it may run by default runs no longer than that. */
function maxSecondsOf({ maxRun, maxWait }: JobOptions): number {
  return Math.round(maxRun ?? Math.min(DEFAULT_MAX_RUN_SECONDS, maxWait ?? Number.POSITIVE_INFINITY));
}

/**
 * The options with the folder of the model that `--model` names: one of the catalogue, of the hub or of the web is fetched.
 *
 * @throws HarrierError as `fetchModel` does
 */
export async function withModelFolder<T extends JobOptions>(given: T): Promise<T> {
  const { model, json } = given;
  if (model === undefined || isS3(model) || !(await isElsewhere(model))) return given;
  const reporter = new Reporter({ machine: json });
  const { folder, source, entry } = await fetchModel(model, fetchingFor(reporter));
  if (entry) await statePreprocessing(folder, entry);
  noteLicense({ name: model, source: { address: source.address, license: source.license } }, reporter);
  return { ...given, model: folder };
}

/** A job knows of a model what lies beside it: what the catalogue knows is written there, where the publisher says nothing. */
async function statePreprocessing(
  folder: string,
  { normalization, size, preprocessing }: CatalogueEntry,
): Promise<void> {
  const names = await readdir(folder);
  const [isOnnx, isStated] = [/\.onnx$/i, /^(preprocessor_config|config)\.json$/].map((pattern) =>
    names.some((name) => pattern.test(name)),
  );
  if (!isOnnx || isStated) return;
  const units = (values: readonly number[]) => values.map((value) => value / 255);
  const processor = {
    ...imageProcessor({ height: size, width: size, channels: 3, preprocessing }, folder),
    do_normalize: true,
    image_mean: units(normalization.mean),
    image_std: units(normalization.deviation),
  };
  await writeAtomically(join(folder, 'preprocessor_config.json'), `${JSON.stringify(processor)}\n`);
}

/** The channels as they were given: addresses or folders of this machine, which are there. */
export async function givenChannels(given: JobOptions, reporter: Reporter): Promise<Record<string, string>> {
  const { data, validation, test, model } = given;
  if (!data) {
    throw new HarrierError('bad-option', 'there is no training data', {
      where: '--data',
      expected: 'cifar10, a folder of images, or its s3:// address',
    });
  }
  const channels: Record<string, string> = {};
  for (const [name, source] of Object.entries({ train: data, validation, test, model })) {
    if (source === undefined) continue;
    channels[name] = await checkedSource(source, reporter);
  }
  return channels;
}

async function checkedSource(source: string, reporter: Reporter): Promise<string> {
  if (isS3(source)) {
    s3Address(source);
    return source;
  }
  if (source === 'cifar10' && !(await stat(source).catch(() => undefined))) {
    await cifar10({ onProgress: reporter.work });
    return cifar10Directory();
  }
  const info = await stat(source).catch(() => undefined);
  if (info?.isDirectory()) return resolve(source);
  throw new HarrierError('not-found', info ? 'this is a file, not a folder' : 'there is no such folder', {
    where: source,
    expected:
      'cifar10, a folder of images, or its s3:// address; as the model a folder, its s3:// address or a name such as efficientnet-lite0',
  });
}

/**
 * Everything a job needs in AWS: role, image and buckets are checked, then folders of this machine go up.
 *
 * @param check throws for what AWS would refuse; it is called before anything goes up, with addresses that are as long
 *   as those to come
 */
export async function jobResources(
  { aws, config, reporter, follow }: AwsSession,
  given: JobOptions,
  channels: Readonly<Record<string, string>>,
  check: (resources: JobResources) => void,
): Promise<JobResources> {
  const instanceType = given.instanceType ?? config.trainInstanceType ?? DEFAULT_TRAIN_INSTANCE;
  checkInstance(instanceType);
  const protection = protectionOf(given, config);
  const advice = diskAdvice(protection, instanceType);
  if (advice) reporter.note(advice);
  const role = roleArn(aws, given.role ?? config.role);
  const named = given.bucket ?? config.bucket;
  // What lies there under another key, or none, stays as it is encrypted.
  const sealed = protection.kmsKey
    ? `-${createHash('sha256').update(protection.kmsKey).digest('hex').slice(0, 8)}`
    : '';
  const keyOf = (source: string) => `harrier/data/${plainName(basename(source))}${sealed}`;
  const resourcesAt = (
    image: string,
    bucket: string,
    addresses: Readonly<Record<string, string>>,
  ): JobResources => ({
    image,
    role,
    bucket,
    channels: addresses,
    instanceType,
    volumeGigabytes: given.volumeSize,
    // SageMaker counts in whole seconds.
    maxSeconds: maxSecondsOf(given),
    spot: given.spot ?? false,
    maxWaitSeconds: given.maxWait && Math.round(given.maxWait),
    protection,
  });
  const image = await imageAddress(aws, given.image ?? config.image);
  const expected = named ?? defaultBucket(aws);
  const likely = Object.entries(channels).map(([name, source]) => [
    name,
    isS3(source) ? folderAddress(source) : `s3://${expected}/${keyOf(source)}/${'0'.repeat(16)}/`,
  ]);
  check(resourcesAt(image, expected, Object.fromEntries(likely)));
  const bucket = await workBucket(aws, named);
  encryptUploads(aws, protection);
  const addresses: Record<string, string> = {};
  for (const [name, source] of Object.entries(channels)) {
    if (isS3(source)) {
      await checkBucket(aws, s3Address(source).bucket);
      addresses[name] = folderAddress(source);
      continue;
    }
    const { signal } = follow;
    addresses[name] = await uploadFolder(aws, { bucket, key: keyOf(source) }, source, {
      onProgress: reporter.work,
      signal,
    });
    reporter.note(`${name}: ${source} is ${addresses[name]}`);
  }
  return resourcesAt(image, bucket, addresses);
}
