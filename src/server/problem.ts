import { type ErrorCode, HarrierError } from '../errors.ts';

/** What every refusal says, whatever the protocol: HarrierError's fields. */
export interface Problem {
  readonly code: string;
  /** A whole sentence. */
  readonly message: string;
  readonly expected?: string;
  readonly received?: string;
  readonly where?: string;
  readonly next?: string;
  readonly requestId: string;
}

const STATUS: Partial<Record<ErrorCode, number>> = {
  'bad-data': 400,
  'bad-shape': 400,
  'bad-option': 400,
  'not-found': 404,
  'in-use': 409,
  'bad-checkpoint': 409,
  'too-large': 413,
  overloaded: 503,
  'timed-out': 504,
  unauthorized: 401,
  network: 502,
  storage: 507,
};

/** A refusal that only HTTP knows, such as a wrong content type. */
export class HttpError extends HarrierError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: ErrorCode,
    summary: string,
    { headers = {}, ...details }: HarrierError['details'] & { headers?: Record<string, string> } = {},
  ) {
    super(code, summary, details);
    this.status = status;
    this.headers = headers;
  }
}

/** Seconds after which it is worth trying again: queues here are emptied within one. */
const RETRY_AFTER = '1';

export function statusOf(error: unknown): { status: number; headers: Readonly<Record<string, string>> } {
  if (error instanceof HttpError) return { status: error.status, headers: error.headers };
  const status = error instanceof HarrierError ? (STATUS[error.code] ?? 500) : 500;
  const headers: Record<string, string> = {};
  if (status === 503) headers['retry-after'] = RETRY_AFTER;
  if (status === 401) headers['www-authenticate'] = 'Bearer';
  return { status, headers };
}

export function problemOf(error: unknown, requestId: string): Problem {
  if (error instanceof HarrierError) {
    const { expected, received, where, next } = error.details;
    return { code: error.code, message: error.message, expected, received, where, next, requestId };
  }
  // What it was stands in the log, under the same id: it is nothing for strangers to read.
  return {
    code: 'internal',
    message: `Something unexpected went wrong. The server's log says what, under the request id ${requestId}.`,
    requestId,
  };
}

/** Of a request that nobody waits for any more. */
export function gone(): HarrierError {
  // As nginx counts it: nobody was answered, and nothing failed.
  return new HttpError(499, 'timed-out', 'the client has disconnected');
}

/** Of a request that has used up its time. */
export function tooLate(): HarrierError {
  return new HarrierError('timed-out', 'no answer before the deadline', {
    next: 'Try again when the server is less busy, or start it with a larger --deadline.',
  });
}
