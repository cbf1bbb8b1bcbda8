import { availableParallelism } from 'node:os';
import { readClassifierFile } from '../platform/node/files/classifier-file.ts';
import { LONGEST_TIMER_MS } from '../platform/node/timers.ts';
import { HARRIER_VERSION } from '../platform/node/version.ts';
import { createApp } from './app.ts';
import { listen } from './listen.ts';
import type { Log } from './log.ts';
import { Metrics } from './metrics.ts';
import { WorkerPool } from './pool/pool.ts';
import type { ServedModel } from './service.ts';
import { tokenCheck } from './token.ts';
import { openTracing, wantsTraces } from './tracing.ts';
import { watchFile } from './watch.ts';

/** Model, address and limits of a server. */
export interface ServeOptions {
  /** A model.onnx. It is read again when it changes. */
  readonly modelFile: string;
  /** Reads it, at first and whenever it has changed. Default: `readClassifierFile`, which takes other programs' too. */
  readonly readModel?: (file: string) => Promise<Uint8Array>;
  /** Default 127.0.0.1: this machine alone. */
  readonly host?: string;
  /** Default 8080; 0 takes any that is free. */
  readonly port?: number;
  /** What the model is called in URLs. Default `harrier`. */
  readonly name?: string;
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
  /** Milliseconds between two looks at the model file; 0 never looks again. Default 1,000. */
  readonly watchMs?: number;
  /** Milliseconds for which clients may still send after {@link ServerHandle.close}. Default 1,000. */
  readonly graceMs?: number;
  /** Milliseconds after which `close` breaks off what is not answered yet. Default 25,000. */
  readonly drainMs?: number;
  /** What clients must send as `Authorization: Bearer …`. Default: nothing. */
  readonly token?: string;
  /** Default: nothing is logged. */
  readonly log?: Log;
}

/** A running server: its address, and how to end it. */
export interface ServerHandle {
  /** Address of the server, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** The port, chosen by the system if 0 was asked for. */
  readonly port: number;
  /** The model that is served now. */
  readonly model: ServedModel;
  /** Answers what was accepted, then ends; safe to call twice. */
  close(): Promise<void>;
}

const MIB = 2 ** 20;
/** One image has little to share out among more. */
const MOST_THREADS_ALONE = 4;

/** Threads of a request that runs while nothing else does, where the options do not say how many. */
export function threadsAlone(cores: number): number {
  return Math.min(cores, MOST_THREADS_ALONE);
}
/** Bytes of all bodies in memory at a time, but room for four of the largest. */
const BUFFERED_BYTES = 256 * MIB;

/**
 * Serves a model over HTTP; resolves when it can be asked. From the first moment the port answers: 503 while the model
 * is loading.
 *
 * @throws HarrierError `in-use` when the port is taken, `not-found`, `bad-graph` or `not-supported` when the model
 * cannot be used
 */
export async function serveModel(options: ServeOptions): Promise<ServerHandle> {
  const { modelFile, token, watchMs = 1_000, graceMs = 1_000, drainMs = 25_000 } = options;
  const { log = () => {}, maxBodyBytes = 25 * MIB } = options;
  // A longer one, which is as good as none, would pass at once.
  const deadlineMs = Math.min(options.deadlineMs ?? 10_000, LONGEST_TIMER_MS);
  const { readModel = async (file) => (await readClassifierFile(file)).bytes } = options;
  const bytes = await readModel(modelFile);
  const cores = availableParallelism();
  const workers = options.workers ?? cores;
  const metrics = new Metrics();
  metrics.gauge('process_resident_memory_bytes', 'Memory of this process.', () => process.memoryUsage.rss());
  const tracing = wantsTraces(process.env) ? await openTracing(process.env, HARRIER_VERSION) : undefined;
  const pool = new WorkerPool({
    workers,
    threads: options.threads ?? Math.max(1, Math.floor(cores / workers)),
    threadsAlone: options.threads ?? threadsAlone(cores),
    maxQueue: options.maxQueue ?? 128,
    maxBatch: options.maxBatch ?? 32,
    maxDelayMs: Math.min(options.maxDelayMs ?? 5, LONGEST_TIMER_MS),
    maxPixels: options.maxPixels ?? 50e6,
    metrics,
    log,
  });
  const app = createApp(pool, {
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
    isToken: token === undefined ? undefined : tokenCheck(token),
  });
  const listener = await listen(app, {
    host: options.host ?? '127.0.0.1',
    port: options.port ?? 8080,
    maxConnections: options.maxConnections ?? 2_048,
    headersTimeoutMs: options.headersTimeoutMs ?? 10_000,
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    idleTimeoutMs: Math.min(deadlineMs + 120_000, LONGEST_TIMER_MS),
  });
  let model: ServedModel;
  try {
    model = await pool.load(bytes, modelFile);
  } catch (error) {
    await Promise.all([listener.close(0, 0), pool.close()]);
    throw error;
  }
  log('info', 'ready', { url: listener.url, model: model.version, file: modelFile, workers });

  const reload = async (): Promise<void> => {
    try {
      const before = model;
      model = await pool.load(await readModel(modelFile), modelFile);
      metrics.reloads.add({ result: 'loaded' });
      const reason = otherClasses(before, model);
      if (reason) log('warn', 'the changed model has other classes', { reason, model: model.version });
      log('info', 'model reloaded', { model: model.version });
    } catch (error) {
      metrics.reloads.add({ result: 'refused' });
      const reason = error instanceof Error ? error.message : String(error);
      log('error', 'the changed model is refused; the one before stays', { reason, model: model.version });
    }
  };
  const unwatch = watchMs > 0 ? watchFile(modelFile, watchMs, reload) : () => {};
  let closing: Promise<void> | undefined;
  return {
    url: listener.url,
    port: listener.port,
    get model() {
      return model;
    },
    close() {
      closing ??= (async () => {
        unwatch();
        pool.drain();
        log('info', 'draining');
        await listener.close(graceMs, drainMs);
        await pool.close();
        await tracing?.close();
        log('info', 'closed');
      })();
      return closing;
    },
  };
}

/** What is other in a model that took the place of one with other classes; undefined when the classes are the same. */
function otherClasses(before: ServedModel, now: ServedModel): string | undefined {
  const [old, names] = [before.classNames, now.classNames];
  if (old.length !== names.length) return `${names.length} classes instead of ${old.length}`;
  const first = names.findIndex((name, i) => name !== old[i]);
  return first < 0 ? undefined : `class ${first} is "${names[first]}" instead of "${old[first]}"`;
}
