import { type ErrorCode, type ErrorDetails, HarrierError } from './errors.ts';

/**
 * An error as plain data, for `postMessage`, the channel between processes, or JSON. An error object loses its class
 * and its fields there.
 */
export interface PlainError {
  /** Absent for an error that is not a HarrierError: nobody foresaw it. */
  readonly code?: ErrorCode;
  /** What happened: of a HarrierError without the details, of another error its message. */
  readonly summary: string;
  readonly details?: Omit<ErrorDetails, 'cause'>;
  /** The stack of an error that nobody foresaw. */
  readonly stack?: string;
  readonly cause?: PlainError;
}

/** Causes of causes that are kept. */
const MOST_CAUSES = 8;

/** The plain form of whatever was thrown. `errorFromPlain` makes an error of it again. */
export function plainError(error: unknown): PlainError {
  return plain(error, MOST_CAUSES);
}

function plain(error: unknown, causes: number): PlainError {
  const why = error instanceof Error ? error.cause : undefined;
  const cause = why === undefined || causes === 0 ? {} : { cause: plain(why, causes - 1) };
  if (error instanceof HarrierError) {
    const { cause: _, ...details } = error.details;
    return { code: error.code, summary: error.summary, details, ...cause };
  }
  if (!(error instanceof Error)) return { summary: String(error) };
  return { summary: error.message, ...(error.stack !== undefined && { stack: error.stack }), ...cause };
}

/** The error that `plainError` was given: a HarrierError with its code, summary, details and cause, or an Error. */
export function errorFromPlain({ code, summary, details, stack, cause: why }: PlainError): Error {
  const cause = why && errorFromPlain(why);
  if (code !== undefined) return new HarrierError(code, summary, { ...details, ...(cause && { cause }) });
  const error = new Error(summary, cause && { cause });
  if (stack !== undefined) error.stack = stack;
  return error;
}
