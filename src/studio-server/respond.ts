import { HarrierError } from '../errors.ts';
import { HttpError, problemOf, statusOf } from '../server/problem.ts';
import type { ErrorAnswer, StudioError } from './api.ts';

/** A form whose fields do not all fit: a sentence for each. */
export class FieldErrors extends HttpError {
  readonly fields: Readonly<Record<string, string>>;

  constructor(fields: Readonly<Record<string, string>>) {
    const sentences = Object.values(fields);
    super(
      400,
      'bad-option',
      sentences.length === 1 ? sentences[0].replace(/\.$/, '') : 'some options cannot be used',
    );
    this.fields = fields;
  }
}

/** What changes by the hour or minute: asked for anew each time. */
const FRESH = 'no-store';
/** What is kept, and asked about each time. */
export const REVALIDATE = 'private, no-cache';
/** What is named after its content. */
export const FOREVER = 'private, max-age=31536000, immutable';

export function json(value: unknown, status = 200): Response {
  return new Response(JSON.stringify(value), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': FRESH },
  });
}

/** Whether a browser has the very bytes already. @param etag what they are known by, without quotes */
export function isKnown(request: Request, etag: string): boolean {
  const known = request.headers.get('if-none-match')?.split(/, */) ?? [];
  return known.includes(`"${etag}"`) || known.includes(`W/"${etag}"`);
}

/** Bytes that a browser may keep. @param etag what they are known by, without quotes */
export function cached(
  request: Request,
  body: { readonly type: string; readonly etag: string; readonly control?: string },
  bytes: () => Promise<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer>,
): Promise<Response> | Response {
  const etag = `"${body.etag}"`;
  const headers = { etag, 'cache-control': body.control ?? REVALIDATE };
  if (isKnown(request, body.etag)) return new Response(null, { status: 304, headers });
  const answer = (content: Uint8Array<ArrayBuffer>) =>
    new Response(content, { headers: { ...headers, 'content-type': body.type } });
  const content = bytes();
  return content instanceof Promise ? content.then(answer) : answer(content);
}

/** An error as pages are told of it. What was no mistake of a client's, or of files, is told to the log alone. */
export function refusalOf(error: unknown): StudioError {
  const { requestId: _, ...problem } = problemOf(error, '');
  if (error instanceof FieldErrors) return { ...problem, fields: error.fields };
  if (error instanceof HarrierError) return problem;
  return {
    code: 'internal',
    message: 'Something unexpected went wrong. The terminal of harrier studio says what.',
  };
}

/** @param log takes what a person should look into */
export function refusal(error: unknown, log: (error: unknown) => void): Response {
  const { status, headers } = statusOf(error);
  if (!(error instanceof HarrierError)) log(error);
  const answer: ErrorAnswer = { error: refusalOf(error) };
  return new Response(JSON.stringify(answer), {
    status,
    headers: { ...headers, 'content-type': 'application/json', 'cache-control': FRESH },
  });
}

/** @throws HarrierError `not-found` */
export function notFound(what: string, where?: string): never {
  throw new HarrierError(
    'not-found',
    `there is no such ${what}`,
    where === undefined ? {} : { where: where.slice(0, 100) },
  );
}
