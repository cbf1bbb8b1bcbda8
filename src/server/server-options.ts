import { availableParallelism } from 'node:os';
import { defaultThreads } from '../platform/node/engine/default-threads.ts';
import { LONGEST_TIMER_MS } from '../platform/node/timers.ts';
import { HARRIER_VERSION } from '../platform/node/version.ts';
import { isLoopback } from './addresses.ts';
import type { ListenOptions } from './listen.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import type { PoolOptions } from './pool/pool.ts';
import type { AppOptions } from './routing.ts';
import { tokenCheck } from './token.ts';
import type { Tracing } from './tracing.ts';

/** Address and limits of a server. */
export interface ServerOptions {
  /** Default 127.0.0.1: this machine alone. */
  readonly host?: string;
  /** Default 8080; 0 takes any that is free. */
  readonly port?: number;
  /** Threads that classify, each with its own copy of the model. Default: one per core. */
  readonly workers?: number;
  /**
   * Threads of one operation in each worker. Default: the cores shared out among the workers, and up to four for what
   * runs while nothing else does, for which one worker holds the model a second time.
   */
  readonly threads?: number;
  /** Images that may wait; more are refused at once. Default 128. */
  readonly maxQueue?: number;
  /** Images that run together at most. Default 32. */
  readonly maxBatch?: number;
  /** Milliseconds that an image may wait for others to run with, while other workers are busy. Default 5. */
  readonly maxDelayMs?: number;
  /** Milliseconds for a request; then 504. Default 10,000. */
  readonly deadlineMs?: number;
  /** Bytes of a body. Default 25 MiB. */
  readonly maxBodyBytes?: number;
  /** Bytes of a body of JSON. Default 8 MiB. */
  readonly maxJsonBytes?: number;
  /** Pixels of an image before it is scaled. Default 50 million. */
  readonly maxPixels?: number;
  /** Sockets at a time. Default 2,048. */
  readonly maxConnections?: number;
  /** Requests that classify at a time. Default 1,024. */
  readonly maxConcurrency?: number;
  /** Milliseconds for the headers of a request. Default 10,000. */
  readonly headersTimeoutMs?: number;
  /** Milliseconds for a whole request to come in. Default 30,000. */
  readonly requestTimeoutMs?: number;
  /** Milliseconds for which clients may still send once the server is closed. Default 1,000. */
  readonly graceMs?: number;
  /** Milliseconds after which `close` breaks off what is not answered yet. Default 25,000. */
  readonly drainMs?: number;
  /** What clients must send as `Authorization: Bearer …`. Default: nothing. */
  readonly token?: string;
  /** Names of proxies on this machine, for a host that is of this machine alone and where no token is wanted. */
  readonly allowedHosts?: readonly string[];
  /** Default: nothing is logged. */
  readonly log?: Log;
}

const MIB = 2 ** 20;
/** One image has little to share out among more. */
const MOST_THREADS_ALONE = 4;

/** Threads of a request that runs while nothing else does, where the options do not say how many. */
export function threadsAlone(cores = defaultThreads()): number {
  return Math.min(cores, MOST_THREADS_ALONE);
}
/** Bytes of all bodies in memory at a time, but room for four of the largest. */
const BUFFERED_BYTES = 256 * MIB;

/** What the options mean for the parts of a server: its pools of workers, its routes and its socket. */
export function serverParts(
  options: ServerOptions & { readonly name?: string },
  metrics: Metrics,
  tracing: Tracing | undefined,
): { readonly pool: PoolOptions; readonly app: AppOptions; readonly listen: ListenOptions } {
  const { host = '127.0.0.1', log = () => {}, maxBodyBytes = 25 * MIB, token, allowedHosts = [] } = options;
  const isPrivate = token === undefined && isLoopback(host);
  // A longer one, which is as good as none, would pass at once.
  const deadlineMs = Math.min(options.deadlineMs ?? 10_000, LONGEST_TIMER_MS);
  const cores = availableParallelism();
  const workers = options.workers ?? cores;
  return {
    pool: {
      workers,
      threads: options.threads ?? Math.max(1, Math.min(Math.floor(cores / workers), defaultThreads())),
      threadsAlone: options.threads ?? threadsAlone(),
      maxQueue: options.maxQueue ?? 128,
      maxBatch: options.maxBatch ?? 32,
      maxDelayMs: Math.min(options.maxDelayMs ?? 5, LONGEST_TIMER_MS),
      maxPixels: options.maxPixels ?? 50e6,
      metrics,
      log,
    },
    app: {
      name: options.name ?? 'harrier',
      version: HARRIER_VERSION,
      metrics,
      tracing,
      log,
      maxBodyBytes,
      maxJsonBytes: options.maxJsonBytes ?? 8 * MIB,
      maxBufferedBytes: Math.max(BUFFERED_BYTES, 4 * maxBodyBytes),
      maxConcurrency: options.maxConcurrency ?? 1_024,
      deadlineMs,
      ...(isPrivate && { allowedHosts: allowedHosts.map((name) => name.toLowerCase()) }),
      isToken: token === undefined ? undefined : tokenCheck(token),
    },
    listen: {
      host,
      port: options.port ?? 8080,
      maxConnections: options.maxConnections ?? 2_048,
      headersTimeoutMs: options.headersTimeoutMs ?? 10_000,
      requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
      idleTimeoutMs: Math.min(deadlineMs + 120_000, LONGEST_TIMER_MS),
    },
  };
}
