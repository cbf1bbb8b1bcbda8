import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { AwsFailure } from './api.ts';

const OWNER = '123456789012';

/** Enough of S3: buckets with a region, objects, parts. */
export class FakeS3 {
  readonly objects = new Map<string, Buffer>();
  readonly buckets = new Map<string, string>();
  /** Accounts that have a bucket, where it is not the caller's. */
  readonly owners = new Map<string, string>();
  readonly #uploads = new Map<string, Map<number, Buffer>>();
  readonly #region: string;
  /** KMS keys of objects that were uploaded with one. */
  readonly keysOf = new Map<string, string>();
  /** Paths, `bucket/key`, that nobody may write. */
  refused: RegExp | undefined;
  /** Parts that were sent, whole uploads that were broken off. */
  parts = 0;
  aborted = 0;

  constructor(region: string) {
    this.#region = region;
  }

  handle(request: IncomingMessage, body: Buffer, response: ServerResponse): ServerResponse {
    const url = new URL(request.url!, 'http://fake');
    const [, bucket, key = ''] = /^\/([^/]*)\/?(.*)$/.exec(decodeURIComponent(url.pathname))!;
    const query = url.searchParams;
    const method = request.method!;
    if (method === 'PUT' && !key) {
      this.buckets.set(bucket, this.#region);
      return response.end();
    }
    const expected = request.headers['x-amz-expected-bucket-owner'];
    const owner = this.owners.get(bucket) ?? OWNER;
    // The name of this one can be guessed, so nothing may be sent to it whoever has it.
    if (bucket === `sagemaker-${this.#region}-${OWNER}` && expected === undefined) {
      throw new Error(`${method} ${request.url} does not say whose bucket it expects`);
    }
    if (expected !== undefined && expected !== owner)
      throw new AwsFailure('AccessDenied', 'Access Denied', 403);
    const region = this.buckets.get(bucket);
    if (!region) throw new AwsFailure('NoSuchBucket', 'The specified bucket does not exist', 404);
    response.setHeader('x-amz-bucket-region', region);
    if (region !== this.#region) {
      throw new AwsFailure('PermanentRedirect', 'The bucket must be addressed by its own endpoint', 301);
    }
    const path = `${bucket}/${key}`;
    if (!key && method === 'HEAD') return response.end();
    if (!key && query.has('location')) {
      return xml(response, `<LocationConstraint>${region}</LocationConstraint>`);
    }
    if (!key && method === 'GET') return this.#list(bucket, query, response);
    if (method === 'PUT') {
      if (this.refused?.test(path)) throw new AwsFailure('AccessDenied', 'Access Denied', 403);
      const { 'content-encoding': encoding = '', 'x-amz-checksum-crc32': sum } = request.headers;
      if (encoding.includes('aws-chunked')) throw new AwsFailure('NotImplemented', 'chunks', 501);
      if (sum !== undefined && typeof sum === 'string') checkCrc(body, sum);
      if (query.has('uploadId')) {
        this.#uploadOf(query).set(Number(query.get('partNumber')), body);
        this.parts++;
      } else {
        const source = request.headers['x-amz-copy-source'];
        const copied = typeof source === 'string' ? this.objects.get(decodeURIComponent(source)) : body;
        if (!copied) throw new AwsFailure('NoSuchKey', 'The specified key does not exist.', 404);
        this.objects.set(path, copied);
        const encryption = request.headers['x-amz-server-side-encryption'];
        const kmsKey = request.headers['x-amz-server-side-encryption-aws-kms-key-id'];
        if (encryption === 'aws:kms' && typeof kmsKey === 'string') this.keysOf.set(path, kmsKey);
      }
      response.setHeader('etag', `"${createHash('md5').update(body).digest('hex')}"`);
      if (request.headers['x-amz-copy-source'])
        return xml(response, '<CopyObjectResult><ETag>"x"</ETag></CopyObjectResult>');
      return response.end();
    }
    if (method === 'POST' && query.has('uploads')) {
      const id = randomUUID();
      this.#uploads.set(id, new Map());
      return xml(
        response,
        `<InitiateMultipartUploadResult><Bucket>${bucket}</Bucket><Key>${key}</Key><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
      );
    }
    if (method === 'POST') {
      const parts = this.#uploadOf(query);
      const named = [...body.toString().matchAll(/<PartNumber>(\d+)</g)].map(([, number]) => Number(number));
      this.objects.set(path, Buffer.concat(named.map((number) => parts.get(number)!)));
      return xml(
        response,
        `<CompleteMultipartUploadResult><Key>${key}</Key></CompleteMultipartUploadResult>`,
      );
    }
    if (method === 'DELETE') {
      if (query.has('uploadId')) this.aborted++;
      else this.objects.delete(path);
      return response.writeHead(204).end();
    }
    const found = this.objects.get(path);
    if (!found) throw new AwsFailure('NoSuchKey', 'The specified key does not exist.', 404);
    return response.end(found);
  }

  #uploadOf(query: URLSearchParams): Map<number, Buffer> {
    const upload = this.#uploads.get(query.get('uploadId')!);
    if (!upload) throw new AwsFailure('NoSuchUpload', 'There is no such upload', 404);
    return upload;
  }

  #list(bucket: string, query: URLSearchParams, response: ServerResponse): ServerResponse {
    const prefix = query.get('prefix') ?? '';
    const after = query.get('continuation-token') ?? query.get('start-after') ?? '';
    // Small pages, so that whoever does not turn them is found out.
    const keys = this.keys(`${bucket}/${prefix}`)
      .map((path) => path.slice(bucket.length + 1))
      .filter((key) => key > after);
    const page = keys.slice(0, 50);
    const more = keys.length > page.length;
    const contents = page.map(
      (key) =>
        `<Contents><Key>${key}</Key><Size>${this.objects.get(`${bucket}/${key}`)!.length}</Size></Contents>`,
    );
    return xml(
      response,
      `<ListBucketResult><IsTruncated>${more}</IsTruncated>${contents.join('')}` +
        `${more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''}</ListBucketResult>`,
    );
  }

  /** `bucket/key` of every object that begins so, in order. */
  keys(prefix: string): string[] {
    return [...this.objects.keys()].filter((path) => path.startsWith(prefix)).sort();
  }

  /** Every object below an `s3://` address as files in a folder. */
  async download(uri: string, folder: string): Promise<number> {
    const prefix = uri.replace('s3://', '');
    const found = this.keys(prefix);
    for (const path of found) {
      const target = join(folder, path.slice(prefix.length).replace(/^\//, '') || path.split('/').at(-1)!);
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, this.objects.get(path)!);
    }
    return found.length;
  }

  /** Every file of a folder as objects below an `s3://` address. */
  async upload(folder: string, uri: string): Promise<void> {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    for (const entry of entries.filter((each) => each.isFile())) {
      const path = join(entry.parentPath, entry.name);
      const key = `${uri.replace('s3://', '')}/${path.slice(folder.length + 1)}`;
      this.objects.set(key, await readFile(path));
    }
  }
}

function xml(response: ServerResponse, text: string): ServerResponse {
  response.setHeader('content-type', 'application/xml');
  return response.end(`<?xml version="1.0" encoding="UTF-8"?>${text}`);
}

function checkCrc(body: Buffer, expected: string): void {
  let crc = ~0;
  for (const byte of body) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(~crc >>> 0);
  if (bytes.toString('base64') !== expected) throw new AwsFailure('BadDigest', 'The CRC32 does not match');
}
