import { HarrierError } from '../errors.ts';
import { HttpError } from './problem.ts';

/**
 * A body of up to so many bytes counts from when it is announced, and is read in one go, which is faster. A larger one
 * counts as it comes: what is only announced takes no memory.
 */
const SMALL = 64 * 1024;

/** Bytes of requests that are in memory at a time: what many large ones together may take. */
export class BodyBudget {
  readonly #most: number;
  #used = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** @throws HarrierError `overloaded` */
  take(bytes: number): void {
    if (this.#used > 0 && this.#used + bytes > this.#most) {
      throw new HarrierError('overloaded', 'too many bytes of requests are in memory', {
        expected: `at most ${megabytes(this.#most)} at a time`,
        next: 'Try again in a second.',
      });
    }
    this.#used += bytes;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}

/**
 * Reads a request's whole body and hands it to `use`; its bytes count against the budget until that is done.
 *
 * @throws HttpError 400 when there is none or the client stops halfway, 411 or 413 before anything is read that is too
 * large, 415 when it is compressed
 */
export async function withBody<T>(
  request: Request,
  { most, budget }: { most: number; budget: BodyBudget },
  use: (body: Uint8Array<ArrayBuffer>) => Promise<T>,
): Promise<T> {
  const encoding = request.headers.get('content-encoding');
  if (encoding !== null && encoding.toLowerCase() !== 'identity') {
    throw new HttpError(415, 'not-supported', 'the body is compressed', {
      expected: 'no Content-Encoding',
      received: encoding.slice(0, 40),
      next: 'Send it uncompressed: image files are compressed already.',
    });
  }
  refuseForm(request.headers.get('content-type') ?? '');
  const announced = request.headers.get('content-length');
  const length = announced === null ? undefined : Number(announced);
  if (length !== undefined && length > most) throw tooLarge(most, length);
  let taken = 0;
  const take = (bytes: number): void => {
    budget.take(bytes);
    taken += bytes;
  };
  try {
    let body: Uint8Array<ArrayBuffer>;
    if (length !== undefined && length <= SMALL) {
      take(length);
      body = new Uint8Array(await whole(request.arrayBuffer()));
    } else body = await readStream(request, most, take);
    if (body.length === 0) {
      throw new HttpError(400, 'bad-data', 'the request has no body', {
        next: 'Send an image: curl --data-binary @image.png …',
      });
    }
    return await use(body);
  } finally {
    budget.give(taken);
  }
}

/** A form as browsers and `curl -F` send it: the image in it stands between other text. @throws HttpError 415 */
export function refuseForm(type: string): void {
  if (!/^multipart\//i.test(type)) return;
  throw new HttpError(415, 'not-supported', 'the body is a form', {
    where: 'Content-Type',
    expected: 'the image only',
    received: type.split(';')[0].slice(0, 80),
    next: "Send the file itself: curl -H 'content-type: application/x-image' --data-binary @image.png … instead of -F.",
  });
}

/** A body chunk by chunk: never more of it than allowed. */
async function readStream(
  request: Request,
  most: number,
  onChunk: (bytes: number) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = request.body?.getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    while (reader) {
      const { done, value } = await whole(reader.read());
      if (done) break;
      size += value.length;
      if (size > most) throw tooLarge(most);
      onChunk(value.length);
      chunks.push(value);
    }
  } catch (error) {
    // The rest is not waited for.
    reader?.cancel().catch(() => {});
    throw error;
  }
  const body = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk, offset);
    offset += chunk.length;
  }
  return body;
}

async function whole<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (cause) {
    throw new HttpError(400, 'bad-data', 'the body is incomplete', { cause });
  }
}

/** @param received undefined: the rest of it was not waited for */
function tooLarge(most: number, received?: number): HttpError {
  // Rounded, a body that is a few bytes too long would be as long as it may be.
  const isClose = received !== undefined && megabytes(received) === megabytes(most);
  const said = isClose ? exactly : megabytes;
  return new HttpError(413, 'too-large', 'the body is too large', {
    expected: `at most ${said(most)}`,
    received: received === undefined ? `more than ${said(most)}` : said(received),
    next: 'Send a smaller image, fewer images, or bytes instead of JSON; or start the server with a larger --max-body.',
  });
}

export function megabytes(bytes: number): string {
  return bytes < 1e6 ? `${Math.round(bytes)} bytes` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function exactly(bytes: number): string {
  return `${Math.round(bytes).toLocaleString('en')} bytes`;
}
