import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HarrierError } from '../../../errors.ts';
import { makeDirectory, storageError } from './cache.ts';
import { openUrl } from './open-url.ts';
import { renameInto } from './rename-into.ts';
import { toDisk } from './to-disk.ts';

/** A hash; `git` is git's SHA-1 of a blob. */
interface Expected {
  readonly algorithm: 'md5' | 'sha256' | 'git';
  readonly hex: string;
}

export interface DownloadOptions {
  /** Hash of the whole file, where it is known. */
  readonly expected?: Expected;
  /** Size of the whole file, where it is known; without a hash, the size that the server states counts. */
  readonly bytes?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
  /** How many times in a row the connection may break without a byte gained. */
  readonly attempts?: number;
  /** Wait before the second attempt; doubled before each later one. */
  readonly backoffMs?: number;
  /** How long the server may take to answer. */
  readonly connectTimeoutMs?: number;
  /** How long the server may stay silent in the middle. */
  readonly stallTimeoutMs?: number;
}

/** A failure that another attempt will not mend. */
class Final extends Error {}

/** The server says that there is no such file, or that nobody gets it. */
class Refused extends Final {}

/** Whether a download failed since the server has no such file for us; else it may have one that did not come. */
export function wasRefused(error: unknown): boolean {
  return error instanceof HarrierError && error.cause instanceof Refused;
}

/** Names of hashes for people. */
const HASHES = { md5: 'MD5', sha256: 'SHA-256', git: 'git hash' } as const;

/**
 * Downloads `url` to `destination`. The bytes go to `<destination>.partial` first: when the connection is cut, or the
 * process killed, the next attempt asks the server for the rest only. A server that was never reached is not tried
 * again; one that was is, with growing pauses. A file that is there with the right hash is not fetched.
 *
 * @throws HarrierError `network` when it cannot be fetched or is not the file that was expected, `storage` when it
 * cannot be written; the signal's reason when aborted
 */
export async function download(url: string, destination: string, options: DownloadOptions): Promise<void> {
  const { attempts = 5, backoffMs = 500, signal } = options;
  const partial = `${destination}.partial`;
  await makeDirectory(dirname(destination));
  // Without a hash nothing would tell a file from the rest of another.
  if (!options.expected) await rm(partial, { force: true });
  else if (await isWhole(destination, options.expected)) return;
  let failures = 0;
  let size = await sizeOf(partial);
  for (;;) {
    try {
      const resumed = await fetchRest(url, partial, options);
      await checkHash(partial, options, resumed);
      await renameInto(partial, destination);
      return;
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof HarrierError) throw error;
      const gained = await sizeOf(partial);
      failures = gained > size ? 1 : failures + 1;
      size = gained;
      if (error instanceof Final || failures >= attempts) {
        throw new HarrierError('network', `the download failed (${reason(error)})`, {
          where: url,
          cause: error,
        });
      }
      const pause = backoffMs * 2 ** (failures - 1);
      await sleep(pause, undefined, { signal }).catch(() => signal?.throwIfAborted());
    }
  }
}

/** One connection: appends what the server sends to the partial file. Returns whether an earlier part was kept. */
async function fetchRest(url: string, partial: string, options: DownloadOptions): Promise<boolean> {
  const { connectTimeoutMs = 5_000, stallTimeoutMs = 30_000, onProgress } = options;
  const have = await sizeOf(partial);
  const watch = watchdog(options.signal);
  try {
    watch.within(connectTimeoutMs, 'no answer');
    // A server that compresses once more could not be resumed.
    const headers: Record<string, string> = { ...options.headers, 'accept-encoding': 'identity' };
    if (have > 0) headers.range = `bytes=${have}-`;
    const response = await openUrl(url, { headers, signal: watch.signal }).catch((error) => {
      const cause = watch.reasonOf(error);
      throw have > 0 ? cause : new Final(reason(cause), { cause });
    });
    // 416: nothing is missing, or what is here is no part of that file; the MD5 tells which.
    if (response.status === 416) return true;
    if (!response.ok || !response.body) {
      const temporary = response.status >= 500 || response.status === 429 || response.status === 408;
      throw new (temporary ? Error : Refused)(
        `the server answered ${response.status} ${response.statusText}`.trim(),
      );
    }
    if (/^text\/html/i.test(response.headers.get('content-type') ?? '')) {
      throw new Refused('the server answered with a web page');
    }
    const resumed = response.status === 206;
    let done = resumed ? have : 0;
    const length = Number(response.headers.get('content-length') ?? 0);
    const total = length > 0 ? done + length : (options.bytes ?? 0);
    const file = await open(partial, resumed ? 'a' : 'w');
    try {
      onProgress?.(done, total);
      watch.within(stallTimeoutMs, 'the server fell silent');
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        await file.writeFile(chunk).catch((error) => {
          throw storageError(error, partial);
        });
        done += chunk.length;
        onProgress?.(done, total);
        watch.within(stallTimeoutMs, 'the server fell silent');
      }
      // A rename may reach the disk before the bytes do; after a power cut the file would hold nothing.
      await toDisk(file).catch((error) => {
        throw storageError(error, partial);
      });
    } finally {
      await file.close();
    }
    if (total > 0 && done !== total) throw new Error(`${done} of ${total} bytes came`);
    return resumed;
  } catch (error) {
    throw watch.reasonOf(error);
  } finally {
    watch.end();
  }
}

/** An abort signal that fires when the user's does, or when what was expected does not come in time. */
function watchdog(user: AbortSignal | undefined) {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const abort = () => controller.abort(user?.reason);
  user?.addEventListener('abort', abort, { once: true });
  return {
    signal: controller.signal,
    /** Why it was aborted, in place of an error of the library that says only that it was. */
    reasonOf(error: unknown): unknown {
      const isOurs = error instanceof HarrierError || error instanceof Final;
      return controller.signal.aborted && !isOurs ? controller.signal.reason : error;
    },
    within(ms: number, otherwise: string) {
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(new Error(otherwise)), ms);
    },
    end() {
      clearTimeout(timer);
      user?.removeEventListener('abort', abort);
      // Frees the connection of a response whose body nobody read; after a whole body it does nothing.
      controller.abort();
    },
  };
}

/** A bad file is deleted. If it was put together from parts, a fresh one is worth an attempt. */
async function checkHash(path: string, { expected }: DownloadOptions, pieced: boolean): Promise<void> {
  if (!expected) return;
  const { algorithm, hex } = expected;
  const received = await hashOf(path, algorithm);
  if (received === hex) return;
  await rm(path, { force: true });
  const name = HASHES[algorithm];
  const message = `not the file that was expected: ${name} ${hex} expected, ${received} received`;
  throw new (pieced ? Error : Final)(message);
}

async function isWhole(path: string, { algorithm, hex }: Expected): Promise<boolean> {
  return (await hashOf(path, algorithm).catch(() => undefined)) === hex;
}

async function hashOf(path: string, algorithm: Expected['algorithm']): Promise<string> {
  const hash = createHash(algorithm === 'git' ? 'sha1' : algorithm);
  if (algorithm === 'git') hash.update(`blob ${await sizeOf(path)}\0`);
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

/** The innermost reason: `fetch failed` says nothing, its cause does. */
export function reason(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  if (inner instanceof AggregateError && inner.errors.length > 0) inner = inner.errors[0];
  if (!(inner instanceof Error)) return String(inner);
  return inner.message.replace(/^request to \S+ failed, reason: /, '') || inner.name;
}
