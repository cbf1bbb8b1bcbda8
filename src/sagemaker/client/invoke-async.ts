import { extname } from 'node:path';
import { HarrierError } from '../../errors.ts';
import type { Aws } from './aws.ts';
import { isAws, isMissing, isPassing } from './aws-error.ts';
import { type FollowOptions, lookUntil } from './follow.ts';
import { LIMITS } from './limits.ts';
import { uniqueName } from './names.ts';
import { s3Address } from './s3.ts';

/** An image that goes to an asynchronous endpoint. */
export interface AsyncRequest {
  readonly endpoint: string;
  /** `s3://…` below which the endpoint puts its answers. */
  readonly output: string;
  readonly file: string;
  readonly bytes: Uint8Array;
  readonly accept: string;
  /** Seconds after which nobody wants the answer any more. */
  readonly timeoutSeconds: number;
}

/** SageMaker's own bounds of a request's life. */
const LEAST_LIFE_SECONDS = 60;
const MOST_LIFE_SECONDS = 21_600;

/**
 * Uploads an image, asks the endpoint, and waits for the answer or the failure that it puts into S3; takes all three
 * objects away again.
 *
 * @returns the answer's text
 * @throws HarrierError `bad-data` when the container refused the image, `refused` for other failures, `timed-out`,
 *   `too-large`; the signal's reason when aborted
 */
export async function invokeAsync(
  aws: Aws,
  { endpoint, output, file, bytes, accept, timeoutSeconds }: AsyncRequest,
  { pollSeconds, signal }: Pick<FollowOptions, 'pollSeconds' | 'signal'>,
): Promise<string> {
  if (bytes.length > LIMITS.asyncPayload) {
    throw new HarrierError('bad-data', 'this image is too large for an asynchronous endpoint', {
      where: file,
      expected: `at most ${LIMITS.asyncPayload / 2 ** 20} MiB`,
      received: `${(bytes.length / 2 ** 20).toFixed(1)} MiB`,
    });
  }
  const { bucket, key } = s3Address(output);
  const Key = `${key.replace(/\/?output\/?$/, '')}/input/${uniqueName('image')}${extname(file).toLowerCase()}`;
  await aws.s3.putObject({ Bucket: bucket, Key, Body: bytes }, { abortSignal: signal });
  const made = [`s3://${bucket}/${Key}`];
  try {
    const life = Math.min(MOST_LIFE_SECONDS, Math.max(LEAST_LIFE_SECONDS, Math.ceil(timeoutSeconds)));
    const { OutputLocation: answer = '', FailureLocation: failure } = await aws.runtime.invokeEndpointAsync({
      EndpointName: endpoint,
      InputLocation: made[0],
      ContentType: 'application/x-image',
      Accept: accept,
      RequestTTLSeconds: life,
    });
    const until = performance.now() + timeoutSeconds * 1000;
    const found = await lookUntil(
      async () => {
        try {
          const text = await textAt(aws, answer);
          if (text !== undefined) return { text };
          const reason = failure && (await textAt(aws, failure));
          if (reason !== undefined && failure) return { reason };
        } catch (error) {
          if (!isPassing(error) || performance.now() <= until) throw error;
        }
        return performance.now() > until ? 'late' : undefined;
      },
      (look) => look !== undefined,
      { pollSeconds, signal },
    );
    if (found === 'late' || found === undefined) {
      throw new HarrierError('timed-out', 'the endpoint has not answered', {
        where: file,
        expected: `an answer within ${timeoutSeconds} s`,
        next: 'From zero, its first machine takes minutes to start: wait longer with --timeout 30m.',
      });
    }
    if ('text' in found && found.text !== undefined) {
      made.push(answer);
      return found.text;
    }
    made.push(failure!);
    throw failureOf(found.reason!, file);
  } finally {
    // Who no longer waits may still read the answer later.
    if (!signal?.aborted) await removeAll(aws, made);
  }
}

/** Undefined while there is no object; without the right to list, S3 says that it may not be read. */
async function textAt(aws: Aws, uri: string): Promise<string | undefined> {
  const { bucket: Bucket, key: Key } = s3Address(uri);
  try {
    const { Body } = await aws.s3.getObject({ Bucket, Key });
    return await Body!.transformToString();
  } catch (error) {
    if (isMissing(error) || isAws(error, 'AccessDenied')) return undefined;
    throw error;
  }
}

/** SageMaker puts the container's answer into a sentence of its own. */
function failureOf(reason: string, file: string): HarrierError {
  const status = Number(/\((\d{3})\)/.exec(reason)?.[1] ?? 500);
  const isImage = status >= 400 && status < 500 && status !== 429;
  const said = /message "(.*)"/s.exec(reason)?.[1] ?? reason;
  let text = said;
  try {
    text = JSON.parse(said).message ?? said;
  } catch {
    // Not ours, or cut off: as it is.
  }
  return new HarrierError(
    isImage ? 'bad-data' : 'refused',
    `the endpoint answered ${status}: ${text.trim().replace(/\.$/, '')}`,
    { where: file },
  );
}

/** What cannot be removed costs little, and is no failure of the answer. */
async function removeAll(aws: Aws, addresses: readonly string[]): Promise<void> {
  for (const { bucket: Bucket, key: Key } of addresses.map(s3Address)) {
    await aws.s3.deleteObject({ Bucket, Key }).catch(() => {});
  }
}
