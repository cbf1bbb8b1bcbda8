import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { OnProgress } from '../../data/progress.ts';
import { HarrierError } from '../../errors.ts';
import { readError } from '../../platform/node/files/read-error.ts';
import { type Aws, defaultBucket } from './aws.ts';

/** Larger files go up in parts. S3 wants parts of at least 5 MiB, and at most 10,000 of them. */
const PART_BYTES = 16 * 2 ** 20;
const MOST_PARTS = 10_000;
/** Bytes of an object's key. */
const MOST_KEY_BYTES = 1024;
/** Files on their way at the same time. */
const AT_ONCE = 8;

export interface S3Address {
  readonly bucket: string;
  readonly key: string;
}

export const isS3 = (text: string): boolean => text.startsWith('s3://');

/** `s3://bucket/a/b` in its two parts. @throws HarrierError `bad-option` */
export function s3Address(uri: string): S3Address {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(uri);
  if (match) return { bucket: match[1], key: match[2] ?? '' };
  throw new HarrierError('bad-option', 'this is not an S3 address', {
    expected: 's3://bucket/path',
    received: `"${uri}"`,
  });
}

/** A folder's address with its slash: to S3 `s3://mine/train` is also the beginning of `s3://mine/train-old/`. */
export function folderAddress(uri: string): string {
  return uri.endsWith('/') ? uri : `${uri}/`;
}

/**
 * Checks that a bucket is there and in the region of the jobs, which SageMaker demands of data and results.
 *
 * @throws HarrierError `not-found`, or `refused` when it is in another region
 */
export async function checkBucket(aws: Aws, bucket: string): Promise<void> {
  try {
    const { BucketRegion: region = aws.region } = await aws.s3.headBucket({ Bucket: bucket });
    if (region !== aws.region) throw otherRegion(bucket, region, aws.region);
  } catch (error) {
    if (error instanceof HarrierError) throw error;
    const status = statusOf(error);
    if (status === 404) {
      throw new HarrierError('not-found', 'there is no such bucket', {
        where: `s3://${bucket}`,
        next: 'Check the name, or create it: aws s3 mb.',
        cause: error,
      });
    }
    if (status === 301 || status === 400) throw otherRegion(bucket, regionOf(error), aws.region, error);
    if (status !== 403) throw error;
    // Without permission to look at it, the role of the job may still read it: the job will tell.
    if (bucket !== defaultBucket(aws)) return;
    throw new HarrierError(
      'refused',
      'this bucket belongs to another account, or you have no permission to list it',
      {
        where: `s3://${bucket}`,
        expected: `a bucket of account ${aws.account}`,
        next: 'Name your own bucket with --bucket, or ask for the permission s3:ListBucket on this one.',
        cause: error,
      },
    );
  }
}

/** The bucket for uploads and results; the one that SageMaker's own tools use is made when it is not there. */
export async function workBucket(aws: Aws, given?: string): Promise<string> {
  const bucket = given ?? defaultBucket(aws);
  try {
    await checkBucket(aws, bucket);
  } catch (error) {
    const isMissing = error instanceof HarrierError && error.code === 'not-found';
    if (given !== undefined || !isMissing) throw error;
    // us-east-1 is S3's default and must not be named.
    await aws.s3.createBucket({
      Bucket: bucket,
      ...(aws.region !== 'us-east-1' && {
        CreateBucketConfiguration: { LocationConstraint: aws.region as 'eu-west-1' },
      }),
    });
  }
  return bucket;
}

interface LocalFile {
  readonly path: string;
  /** Below the uploaded folder, with `/`. */
  readonly name: string;
  readonly size: number;
}

/**
 * Uploads a folder below a key that its content decides, so that the same folder goes up once: what is there already
 * with the same size is left out.
 *
 * @returns its address, `s3://…/`
 * @throws HarrierError `bad-data` for a folder that is empty or has too long a path; what AWS says of the first file that
 *   cannot go up, once the others are ended too; the signal's reason when aborted
 */
export async function uploadFolder(
  aws: Aws,
  { bucket, key }: S3Address,
  folder: string,
  { onProgress, signal }: { onProgress?: OnProgress; signal?: AbortSignal },
): Promise<string> {
  const files = await filesBelow(folder);
  if (files.length === 0) {
    throw new HarrierError('bad-data', 'this folder is empty', { where: folder });
  }
  const prefix = `${key}/${await contentHash(files)}/`;
  signal?.throwIfAborted();
  for (const { path, name } of files) {
    if (Buffer.byteLength(prefix + name) <= MOST_KEY_BYTES) continue;
    throw new HarrierError('bad-data', 'this path is too long for S3', {
      where: path,
      expected: `at most ${MOST_KEY_BYTES} bytes, with s3://${bucket}/${prefix} before it`,
      next: 'Shorten the names of the folders or of the file.',
    });
  }
  const there = await sizesBelow(aws, { bucket, key: prefix });
  const missing = files.filter(({ name, size }) => there.get(prefix + name) !== size);
  const total = missing.reduce((sum, { size }) => sum + size, 0);
  let done = 0;
  const onBytes = (bytes: number): void => {
    done += bytes;
    onProgress?.({ what: `uploading ${basename(folder)}`, done, total, unit: 'bytes' });
  };
  // A file that cannot go up ends the others too.
  const failure = new AbortController();
  const ending = AbortSignal.any([failure.signal, ...(signal ? [signal] : [])]);
  const queue = missing.values();
  const worker = async (): Promise<void> => {
    try {
      for (const file of queue) {
        ending.throwIfAborted();
        await uploadFile(aws, { bucket, key: prefix + file.name }, file.path, { onBytes, signal: ending });
      }
    } catch (error) {
      failure.abort(error);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  ending.throwIfAborted();
  return `s3://${bucket}/${prefix}`;
}

/** Uploads one file, in parts where it is large. A broken upload leaves no parts behind that would bill. */
export async function uploadFile(
  aws: Aws,
  { bucket: Bucket, key: Key }: S3Address,
  path: string,
  { onBytes, signal }: { onBytes?: (bytes: number) => void; signal?: AbortSignal } = {},
): Promise<void> {
  const file = await open(path).catch((error) => {
    throw readError(error, path, 'file');
  });
  try {
    const { size } = await file.stat();
    const partBytes = Math.max(PART_BYTES, Math.ceil(size / MOST_PARTS));
    const read = async (start: number): Promise<Buffer> => {
      const bytes = Buffer.alloc(Math.min(partBytes, size - start));
      await file.read(bytes, 0, bytes.length, start);
      return bytes;
    };
    if (size <= partBytes) {
      await aws.s3.putObject({ Bucket, Key, Body: await read(0) }, { abortSignal: signal });
      onBytes?.(size);
      return;
    }
    const { UploadId } = await aws.s3.createMultipartUpload({ Bucket, Key });
    try {
      const Parts: { ETag?: string; PartNumber: number }[] = [];
      for (let start = 0; start < size; start += partBytes) {
        const PartNumber = Parts.length + 1;
        const Body = await read(start);
        const { ETag } = await aws.s3.uploadPart(
          { Bucket, Key, UploadId, PartNumber, Body },
          { abortSignal: signal },
        );
        Parts.push({ ETag, PartNumber });
        onBytes?.(Body.length);
      }
      await aws.s3.completeMultipartUpload({ Bucket, Key, UploadId, MultipartUpload: { Parts } });
    } catch (error) {
      await aws.s3.abortMultipartUpload({ Bucket, Key, UploadId }).catch(() => {});
      throw error;
    }
  } finally {
    await file.close();
  }
}

async function sizesBelow(aws: Aws, { bucket, key }: S3Address): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  let token: string | undefined;
  do {
    const page = await aws.s3.listObjectsV2({ Bucket: bucket, Prefix: key, ContinuationToken: token });
    for (const { Key, Size } of page.Contents ?? []) sizes.set(Key!, Size!);
    token = page.NextContinuationToken;
  } while (token);
  return sizes;
}

async function filesBelow(root: string, relative = ''): Promise<LocalFile[]> {
  const folder = join(root, relative);
  const names = await readdir(folder).catch((error) => {
    throw readError(error, folder, 'folder');
  });
  const files: LocalFile[] = [];
  for (const name of names.sort()) {
    if (name.startsWith('.')) continue;
    const below = relative ? `${relative}/${name}` : name;
    const path = join(root, below);
    const info = await stat(path).catch((error) => {
      throw readError(error, path, 'file');
    });
    if (info.isDirectory()) for (const each of await filesBelow(root, below)) files.push(each);
    else if (info.isFile()) files.push({ path, name: below, size: info.size });
  }
  return files;
}

async function contentHash(files: readonly LocalFile[]): Promise<string> {
  const hash = createHash('sha256');
  for (const { path, name, size } of files) {
    hash.update(`${name}\n${size}\n`);
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  }
  return hash.digest('hex').slice(0, 16);
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

function regionOf(error: unknown): string | undefined {
  const { $response } = error as { $response?: { headers?: Record<string, string> } };
  return $response?.headers?.['x-amz-bucket-region'];
}

function otherRegion(bucket: string, is: string | undefined, wanted: string, cause?: unknown): HarrierError {
  return new HarrierError('refused', 'this bucket and the job are in different regions', {
    where: `s3://${bucket}`,
    expected: wanted,
    received: is ?? 'another region',
    next: `Choose a bucket in ${wanted}${is ? `, or work in the bucket's region: --region ${is}` : ''}.`,
    cause,
  });
}
