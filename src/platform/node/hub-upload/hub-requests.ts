import { setTimeout as pause } from 'node:timers/promises';
import { HarrierError } from '../../../errors.ts';
import { type JsonObject, jsonObject } from '../../../json-text.ts';
import { type HubEnvironment, hubSettings } from '../backbones/hub.ts';
import { reason } from '../files/download.ts';
import { type OpenUrlOptions, openUrl, type UrlAnswer } from '../files/open-url.ts';

/** How the hub is asked. */
export interface HubRequestOptions {
  readonly environment?: HubEnvironment;
  /** Times that a request is made, where the line breaks or the hub is busy. */
  readonly attempts?: number;
  /** Pause before the second time; it doubles with each. */
  readonly backoffMs?: number;
}

/** How long an answer may take, and how slow a line may be. */
const ANSWER_MS = 60_000;
const SLOWEST_BYTES_A_MS = 10;

/** An answer with its text. */
export interface HubAnswer extends Pick<UrlAnswer, 'status' | 'statusText' | 'ok' | 'headers'> {
  readonly text: string;
}

/** Requests that write to the hub, with the token of `HF_TOKEN`. */
export class HubRequests {
  readonly endpoint: string;
  readonly #token: string;
  readonly #attempts: number;
  readonly #backoffMs: number;

  /** @throws HarrierError `unauthorized` without a token */
  constructor({ environment = process.env, attempts = 4, backoffMs = 1000 }: HubRequestOptions) {
    const { endpoint, token } = hubSettings(environment);
    if (!token) {
      throw new HarrierError('unauthorized', 'the hub takes models only with a token', {
        where: endpoint,
        next: `Create one that may write at ${endpoint}/settings/tokens, and set HF_TOKEN to it.`,
      });
    }
    this.endpoint = endpoint;
    this.#token = token;
    this.#attempts = attempts;
    this.#backoffMs = backoffMs;
  }

  /** Asks the hub itself. */
  ask(path: string, options: Omit<OpenUrlOptions, 'signal'> = {}): Promise<HubAnswer> {
    const headers = { ...options.headers, authorization: `Bearer ${this.#token}` };
    return this.send(`${this.endpoint}${path}`, { ...options, headers });
  }

  /** Asks the hub with JSON. */
  post(path: string, body: object, type = 'application/json'): Promise<HubAnswer> {
    const headers = { 'content-type': type, accept: type };
    return this.ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  /**
   * Asks any address, again where the line breaks or the server is busy.
   * @throws HarrierError `network`
   */
  async send(url: string, options: Omit<OpenUrlOptions, 'signal'>): Promise<HubAnswer> {
    const size = Buffer.byteLength(options.body ?? '');
    for (let attempt = 1; ; attempt++) {
      const isLast = attempt >= this.#attempts;
      const signal = AbortSignal.timeout(ANSWER_MS + Math.ceil(size / SLOWEST_BYTES_A_MS));
      try {
        const answer = await openUrl(url, { ...options, signal });
        const isBusy = answer.status >= 500 || answer.status === 429;
        if (isLast || !isBusy) {
          const { status, statusText, ok, headers } = answer;
          return { status, statusText, ok, headers, text: await answer.text() };
        }
      } catch (cause) {
        if (isLast) {
          throw new HarrierError('network', `the hub cannot be reached (${reason(cause)})`, {
            where: new URL(url).origin,
            next: 'Check the connection and the proxy (HTTPS_PROXY), then push again: files that are there are not sent again.',
            cause,
          });
        }
      }
      await pause(this.#backoffMs * 2 ** (attempt - 1));
    }
  }

  /** The JSON of an answer. @throws HarrierError that says what the hub refuses and why */
  json(answer: HubAnswer, repository: string): JsonObject {
    const content = jsonObject(answer.text);
    if (answer.ok && content) return content;
    throw this.refusal(answer, repository);
  }

  /** Why the hub refuses. */
  refusal({ status, statusText, text, headers }: HubAnswer, repository: string): HarrierError {
    const { error, message } = jsonObject(text) ?? {};
    const said = [headers.get('x-error-message'), error, message].find(
      (each) => typeof each === 'string' && each !== '',
    );
    const where = `hf:${repository}`;
    const received = said === undefined ? `${status} ${statusText}`.trim() : `${said}`;
    if (status === 401) {
      return new HarrierError('unauthorized', 'the hub does not know this token', {
        where,
        received,
        next: `Set HF_TOKEN to a valid one: ${this.endpoint}/settings/tokens`,
      });
    }
    if (status === 403 || status === 404) {
      return new HarrierError('unauthorized', 'the token has no right to write there', {
        where,
        received,
        next: `Check the owner's name, and give the token the right to write: ${this.endpoint}/settings/tokens`,
      });
    }
    return new HarrierError(
      status === 413 || status === 400 ? 'refused' : 'network',
      'the hub refuses the model',
      {
        where,
        received,
        next: status >= 500 || status === 429 ? 'Try again later.' : undefined,
      },
    );
  }
}
