import { setTimeout as sleep } from 'node:timers/promises';
import { HarrierError } from '../../../errors.ts';
import { Slots } from '../slots.ts';
import type { GuardedAnswer, GuardedClient } from './guarded-get.ts';
import { AllowedHosts } from './public-address.ts';
import { isS3Address, S3Images } from './s3.ts';

/** Whether a name is an address on the network: http, https or s3. */
export function isAddress(name: string): boolean {
  return /^https?:\/\//i.test(name) || isS3Address(name);
}

export interface RemoteImagesOptions {
  /** Names, IP addresses and networks that may be private. */
  readonly allowPrivate?: readonly string[];
  /** Hosts of addresses that the user typed. */
  readonly typed?: readonly string[];
  /** How long one answer may take. Default: 30 seconds. */
  readonly timeoutMs?: number;
  /** The largest file. Default: 64 MiB. */
  readonly maxBytes?: number;
  /** Images that are fetched at the same time; others wait. Default: 16. */
  readonly atOnce?: number;
  /** Wait before the second attempt; doubled before the third. Default: half a second. */
  readonly backoffMs?: number;
}

const AT_ONCE = 16;
const MAX_BYTES = 64 * 2 ** 20;
const TIMEOUT_MS = 30_000;
const BACKOFF_MS = 500;
const ATTEMPTS = 3;
/** Longest pause that a server can ask for. */
const LONGEST_PAUSE_S = 10;
/** Statuses that another attempt can mend. */
const TEMPORARY: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
/** Errors of a connection that another attempt can mend. */
const BROKEN: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'EPIPE',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'UND_ERR_SOCKET',
]);

/**
 * Fetches images by their http, https or s3 addresses, with limits: see {@link GuardedClient} for the networks that are
 * refused.
 */
export class RemoteImages {
  readonly #options: RemoteImagesOptions;
  readonly #hosts: AllowedHosts;
  #client: Promise<GuardedClient> | undefined;
  readonly #s3 = new S3Images();
  readonly #slots: Slots;

  /** @throws HarrierError `bad-option` for a host that is none */
  constructor(options: RemoteImagesOptions = {}) {
    this.#options = options;
    this.#slots = new Slots(options.atOnce ?? AT_ONCE);
    this.#hosts = new AllowedHosts(options.allowPrivate ?? [], options.typed);
  }

  /**
   * The bytes behind an address. Temporary errors and broken connections are tried twice more.
   *
   * @throws HarrierError `network` where the service cannot be reached or fails for the moment; `not-found`; `refused`
   *   where it says no, or for an address on a private network; `too-large`; the signal's reason
   */
  fetch(address: string, signal?: AbortSignal): Promise<Uint8Array> {
    return this.#slots.run(() => this.#fetch(address, signal));
  }

  async #fetch(address: string, signal?: AbortSignal): Promise<Uint8Array> {
    const { timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES, backoffMs = BACKOFF_MS } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const limit = timeLimit(timeoutMs, signal);
      let pause = backoffMs * 2 ** (attempt - 1);
      try {
        // The AWS SDK tries again by itself.
        if (isS3Address(address)) return await this.#s3.get(address, maxBytes, limit.signal);
        const client = await this.#open();
        const answer = await client.get(address, { maxBytes, signal: limit.signal });
        if (answer.status === 200) return answer.body;
        if (attempt === ATTEMPTS || !TEMPORARY.has(answer.status)) throw refusal(answer, address);
        pause = Math.max(pause, Math.min(LONGEST_PAUSE_S, answer.retryAfter ?? 0) * 1000);
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof HarrierError) throw error;
        if (attempt === ATTEMPTS || !BROKEN.has((error as NodeJS.ErrnoException).code ?? '')) {
          throw unreachable(error, address, limit.signal.aborted ? timeoutMs : undefined);
        }
      } finally {
        limit.end();
      }
      await sleep(pause, undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  }

  /** The addresses of all images below an `s3://` prefix. @throws HarrierError as `S3Images.list` */
  list(prefix: string, signal?: AbortSignal): AsyncGenerator<string> {
    return this.#s3.list(prefix, signal);
  }

  /** Ends the connections that are kept. */
  async close(): Promise<void> {
    (await this.#client)?.close();
  }

  /** Loaded for the first address: who classifies a file does not wait for it. */
  #open(): Promise<GuardedClient> {
    this.#client ??= import('./guarded-get.ts').then(({ GuardedClient }) => new GuardedClient(this.#hosts));
    return this.#client;
  }
}

/** A signal that fires after a time or with another one, and leaves nothing behind. */
function timeLimit(ms: number, other: AbortSignal | undefined) {
  const controller = new AbortController();
  const abort = () => controller.abort(other?.reason);
  if (other?.aborted) abort();
  other?.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => controller.abort(new Error('too slow')), ms);
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer);
      other?.removeEventListener('abort', abort);
    },
  };
}

function refusal({ status, statusText }: GuardedAnswer, where: string): HarrierError {
  const code = TEMPORARY.has(status) ? 'network' : status === 404 || status === 410 ? 'not-found' : 'refused';
  return new HarrierError(code, `the server answered ${status} ${statusText}`.trim(), {
    where,
    expected: 'an image',
    next: 'Check the address.',
  });
}

function unreachable(error: unknown, where: string, timeoutMs: number | undefined): HarrierError {
  const { message, code } = error as NodeJS.ErrnoException;
  const inner = error instanceof AggregateError ? (error.errors[0] as Error | undefined)?.message : undefined;
  const reason =
    timeoutMs === undefined ? inner || message || code : `no answer within ${timeoutMs / 1000} seconds`;
  return new HarrierError('network', `it cannot be fetched (${reason})`, {
    where,
    next: 'Check the address and the network, or save the image to a file.',
    cause: error,
  });
}
