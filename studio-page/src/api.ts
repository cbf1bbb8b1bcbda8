import { type ErrorCode, HarrierError } from 'harrier/src/errors.ts';
import type { ErrorAnswer, StudioError } from 'harrier/src/studio-server/api.ts';
import { exported, home } from './router.ts';

/** What the server refused, in its own words. */
export class RequestError extends HarrierError {
  readonly status: number;
  /** What is wrong with single fields of a form, by name. */
  readonly fields: Readonly<Record<string, string>>;

  constructor(status: number, error: StudioError) {
    super(error.code as ErrorCode, error.message);
    this.status = status;
    this.fields = error.fields ?? {};
  }
}

export type Parameters = Readonly<Record<string, string | number | undefined>>;

/** The address of something below `api/`; what is undefined or empty is left out of the query. */
export function apiUrl(path: string, parameters: Parameters = {}): string {
  const url = new URL(`api/${path}`, home);
  for (const [key, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== '') url.searchParams.set(key, String(value));
  }
  return url.href;
}

/**
 * Asks for JSON: of the server, or of the file that stands for its answer in an exported site.
 *
 * @throws RequestError when the server refuses, HarrierError `network` when nobody answers
 */
export async function getJson<T>(
  path: string,
  { parameters, signal }: { parameters?: Parameters; signal?: AbortSignal } = {},
): Promise<T> {
  const url = exported ? apiUrl(`${path}.json`) : apiUrl(path, parameters);
  return (await (await request(url, { signal })).json()) as T;
}

/** Asks for bytes, such as pixels. @throws as `getJson` */
export async function getBytes(url: string, signal?: AbortSignal): Promise<Uint8Array> {
  return new Uint8Array(await (await request(url, { signal })).arrayBuffer());
}

/** Asks the server to do something. @throws as `getJson` */
export async function send<T>(method: 'POST' | 'PUT', path: string, body: unknown = {}): Promise<T> {
  const answer = await request(apiUrl(path), {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as T;
}

/** Gives the server a file. @throws as `getJson` */
export async function sendBytes<T>(
  path: string,
  parameters: Parameters,
  body: Blob,
  signal: AbortSignal,
): Promise<T> {
  const headers = { 'Content-Type': 'application/octet-stream' };
  const answer = await request(apiUrl(path, parameters), { method: 'PUT', headers, body, signal });
  return (await answer.json()) as T;
}

async function request(url: string, init: RequestInit): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(url, init);
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new HarrierError('network', 'Studio’s server does not answer', {
      next: 'Is "harrier studio" still running in its terminal?',
      cause,
    });
  }
  if (answer.ok) return answer;
  throw new RequestError(answer.status, await errorOf(answer));
}

async function errorOf(answer: Response): Promise<StudioError> {
  try {
    const { error } = (await answer.json()) as ErrorAnswer;
    if (typeof error?.message === 'string') return error;
  } catch {
    // Not JSON: somebody other than Studio's server answered.
  }
  return { code: 'network', message: `The server answered ${answer.status} ${answer.statusText}.` };
}
