import { HarrierError } from '../../errors.ts';

interface AwsException extends Error {
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const CREDENTIALS =
  'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or sign in with: aws sso login ' +
  '(aws configure sets them up).';

/** By name of the exception: what happened, and what to do. AWS's own words come between. */
const KNOWN: readonly (readonly [name: RegExp, summary: string, next: string])[] = [
  [
    /^AccessDenied|^Forbidden$|^NotAuthorized|^UnauthorizedOperation/,
    'AWS refuses this',
    'Ask for the permission, or take another role or profile.',
  ],
  [
    /^Expired|^UnrecognizedClient|^InvalidClientTokenId|^InvalidSignature|^SignatureDoesNotMatch|^InvalidAccessKeyId/,
    'AWS does not accept these credentials',
    CREDENTIALS,
  ],
  [
    /^ResourceLimitExceeded/,
    'the account has no quota for this',
    'Take another --instance-type, or ask for more at https://console.aws.amazon.com/servicequotas (Amazon SageMaker).',
  ],
  [
    /^ResourceInUse|^ConflictException/,
    'this name is taken, or it is busy',
    'Take another name, or wait until it is free.',
  ],
  [
    /^PermanentRedirect|^AuthorizationHeaderMalformed|^IllegalLocationConstraint/,
    'the bucket is in another region',
    'Give its region with --region, or take a bucket of this region.',
  ],
  [/^NoSuchBucket/, 'there is no such bucket', 'Check the name.'],
  [/^Throttling|^TooManyRequests|^SlowDown/, 'AWS is asked too often', 'Try again in a minute.'],
];

const NOT_REACHED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'ECONNRESET',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'ECONNABORTED',
]);

/** Whether an error is AWS's answer with this name (or a name that begins so). */
export function isAws(error: unknown, ...names: readonly string[]): boolean {
  return error instanceof Error && names.some((name) => error.name.startsWith(name));
}

/** Whether an error is one that passes: AWS was not reached, or is busy. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code = '', $metadata } = error as AwsException;
  return (
    NOT_REACHED.has(code) ||
    /^(Timeout|Throttling|TooManyRequests|SlowDown|RequestTimeout)/.test(error.name) ||
    ($metadata?.httpStatusCode ?? 0) >= 500
  );
}

/** Whether AWS says that something is not there; SageMaker says so in words alone. */
export function isMissing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (
    /^(ResourceNotFound|NotFound|NoSuchKey|NoSuchBucket|ObjectNotFound|RepositoryNotFound|ImageNotFound)/.test(
      error.name,
    )
  )
    return true;
  return (
    error.name === 'ValidationException' && /could not find|does not exist|not found/i.test(error.message)
  );
}

/**
 * Whether a service does not know what it was asked to do: regions and stand-ins (moto, LocalStack) that lag behind. They
 * say so by name, or with a page that is no JSON.
 */
export function isUnknownAction(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { httpStatusCode = 0 } = (error as AwsException).$metadata ?? {};
  return (
    /^UnknownOperation|^InvalidAction|^UnsupportedOperation/.test(error.name) ||
    (error.name === 'SyntaxError' && [404, 500, 501].includes(httpStatusCode))
  );
}

/** An error of the AWS SDK as a sentence; what is no error of the SDK passes unchanged. */
export function awsError(error: unknown): unknown {
  if (error instanceof HarrierError || !(error instanceof Error)) return error;
  const { name, message, code = '', $metadata } = error as AwsException;
  if (name === 'CredentialsProviderError' || /could not load credentials/i.test(message)) {
    return new HarrierError('not-found', 'no AWS credentials were found', {
      next: CREDENTIALS,
      cause: error,
    });
  }
  if (/region is missing|region not accepted/i.test(message)) {
    return new HarrierError('not-found', 'no AWS region is set', {
      next: 'Give one with --region, such as eu-west-1, or set AWS_REGION.',
      cause: error,
    });
  }
  if (NOT_REACHED.has(code) || name === 'TimeoutError') {
    return new HarrierError('network', `AWS cannot be reached (${code || message})`, {
      next: 'Check the network, the proxy and --region.',
      cause: error,
    });
  }
  // SageMaker has a name for it for jobs alone; for the others it says so in words.
  const kind = /already exist/i.test(message) ? 'ResourceInUse' : name;
  const known = KNOWN.find(([pattern]) => pattern.test(kind));
  if (known) {
    const [, summary, next] = known;
    const said = message && message !== name ? `${summary}: ${trimmed(message)}` : summary;
    return new HarrierError('refused', said, { next, cause: error });
  }
  if (!$metadata) return error;
  return new HarrierError('refused', `AWS says: ${trimmed(message || name)}`, { cause: error });
}

function trimmed(message: string): string {
  return message.replace(/\s+/g, ' ').trim();
}
