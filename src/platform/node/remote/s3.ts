import type { S3 } from '@aws-sdk/client-s3';
import { HarrierError } from '../../../errors.ts';
import { isImageName } from '../images/image-names.ts';

const PACKAGE = '@aws-sdk/client-s3';

/** A bucket, and a key or the beginning of keys in it. */
interface S3Place {
  readonly bucket: string;
  readonly key: string;
}

/** Whether a name is an `s3://` address. */
export function isS3Address(name: string): boolean {
  return /^s3:\/\//i.test(name);
}

/** Whether an `s3://` address stands for all images below it: a bucket, or a prefix that ends with a slash. */
export function isS3Prefix(name: string): boolean {
  return isS3Address(name) && /^s3:\/\/[^/]*(\/|\/.*\/)?$/is.test(name);
}

/**
 * Images in S3, read by the AWS SDK with the credentials that its tools use. `AWS_ENDPOINT_URL` names another service
 * that speaks the same protocol.
 */
export class S3Images {
  #client: Promise<S3> | undefined;

  /**
   * The addresses of all images below a prefix, in the order of their keys, page by page.
   * @throws HarrierError `not-found` for a bucket that is not there or without the AWS SDK; `unauthorized`, `refused`,
   *   `network`
   */
  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<string> {
    const { bucket, key } = placeOf(prefix);
    const s3 = await this.#open();
    let token: string | undefined;
    do {
      const page = await s3
        .listObjectsV2(
          { Bucket: bucket, Prefix: key, ...(token !== undefined && { ContinuationToken: token }) },
          { abortSignal: signal },
        )
        .catch((error) => {
          throw failure(error, prefix);
        });
      for (const { Key: name = '' } of page.Contents ?? []) {
        if (isImageName(name)) yield `s3://${bucket}/${name}`;
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  /**
   * The bytes of one image.
   * @throws HarrierError `not-found`, `unauthorized`, `refused`, `too-large` beyond the limit, `network`
   */
  async get(address: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array> {
    const { bucket, key } = placeOf(address);
    const s3 = await this.#open();
    try {
      const { Body: body, ContentLength: bytes = 0 } = await s3.getObject(
        { Bucket: bucket, Key: key },
        { abortSignal: signal },
      );
      if (bytes > maxBytes) {
        // Its bytes would else keep the connection.
        (body as { destroy?: () => void } | undefined)?.destroy?.();
        throw new HarrierError('too-large', 'the file is too large for an image from the network', {
          where: address,
          expected: `at most ${maxBytes / 2 ** 20} MiB`,
          next: 'Save it to a file first.',
        });
      }
      return (await body?.transformToByteArray()) ?? new Uint8Array();
    } catch (error) {
      signal.throwIfAborted();
      throw failure(error, address);
    }
  }

  #open(): Promise<S3> {
    this.#client ??= open();
    return this.#client;
  }
}

async function open(): Promise<S3> {
  // The SDK announces on Node 20 which of its coming versions will not run there; that is npm's to say.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  try {
    const { S3 } = await import('@aws-sdk/client-s3');
    const endpoint = process.env.AWS_ENDPOINT_URL;
    return new S3({
      // Beside another address than AWS's own, a bucket's name is part of the path.
      ...(endpoint && { endpoint, forcePathStyle: true }),
      // A bucket of another region is found.
      followRegionRedirects: true,
      maxAttempts: 5,
    });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new HarrierError('not-found', 'the AWS SDK is not installed beside Harrier', {
      where: PACKAGE,
      next: `Install it: npm install ${PACKAGE}`,
      cause,
    });
  }
}

function placeOf(address: string): S3Place {
  const [, bucket, key = ''] = /^s3:\/\/([^/]*)(?:\/(.*))?$/is.exec(address)!;
  if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/i.test(bucket)) return { bucket, key };
  throw new HarrierError('bad-data', 'this is no address in S3', {
    where: address,
    expected: 's3://BUCKET/KEY',
  });
}

/** Names of errors that are about the credentials, and not about an object. */
const CREDENTIALS =
  /^(InvalidAccessKeyId|SignatureDoesNotMatch|RequestTimeTooSkewed|ExpiredToken|InvalidToken)$/;

/** Whether an error says that this machine can read nothing in S3, and nothing of the object that was asked for. */
export function isOfThisMachine(error: unknown): boolean {
  if (!(error instanceof HarrierError)) return false;
  return error.code === 'unauthorized' || (error.code === 'not-found' && error.details.where === PACKAGE);
}

/** What S3 and its client say, in one sentence. */
function failure(error: unknown, where: string): HarrierError {
  if (error instanceof HarrierError) return error;
  const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode ?? 0;
  const details = { where, cause: error };
  if (status === 404) {
    const what = name === 'NoSuchBucket' ? 'there is no such bucket' : 'there is no such object in S3';
    return new HarrierError('not-found', what, { ...details, next: 'Check the address.' });
  }
  if (CREDENTIALS.test(name)) {
    return new HarrierError('unauthorized', `S3 does not accept the credentials of this machine (${name})`, {
      ...details,
      next: 'Renew them, or set the clock.',
    });
  }
  if (status === 401 || status === 403) {
    return new HarrierError('refused', `S3 does not let this account read it (${name})`, {
      ...details,
      next: 'Check the address, and the rights of the account (s3:GetObject, s3:ListBucket).',
    });
  }
  return new HarrierError('network', `S3 does not answer (${message || name})`, {
    ...details,
    next: 'Check credentials, region and network.',
  });
}
