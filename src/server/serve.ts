import { readClassifierFile } from '../platform/node/files/classifier-file.ts';
import { HARRIER_VERSION } from '../platform/node/version.ts';
import { createApp } from './app.ts';
import { type Listener, type ListenOptions, listen } from './listen.ts';
import { Metrics } from './metrics.ts';
import { checkNumbers } from './numbers.ts';
import { WorkerPool } from './pool/pool.ts';
import type { App } from './routing.ts';
import { type ServerOptions, serverParts } from './server-options.ts';
import type { ServedModel } from './service.ts';
import { openTracing, wantsTraces } from './tracing.ts';
import { modelState, watchModel } from './watch.ts';

/** Model, address and limits of a server. */
export interface ServeOptions extends ServerOptions {
  /** A model.onnx. It is read again when it changes. */
  readonly modelFile: string;
  /** Reads it, at first and whenever it has changed. Default: `readClassifierFile`, which takes other programs' too. */
  readonly readModel?: (file: string) => Promise<Uint8Array>;
  /** What the model is called in URLs. Default `harrier`. */
  readonly name?: string;
  /** Milliseconds between two looks at the model file; 0 never looks again. Default 1,000. */
  readonly watchMs?: number;
}

/** Model and limits of an app without a socket. Who may ask it is up to the server that it stands in, or to `token`. */
export type OpenAppOptions = Omit<
  ServeOptions,
  | 'host'
  | 'port'
  | 'allowedHosts'
  | 'maxConnections'
  | 'headersTimeoutMs'
  | 'requestTimeoutMs'
  | 'graceMs'
  | 'drainMs'
>;

/** All routes of a model as a function of requests: `fetch` may be passed on by itself. */
export interface OpenedApp extends App {
  /** The model that answers now. */
  readonly model: ServedModel;
  /**
   * Answers the images that it has, then ends the workers; safe to call twice. Requests from then on get 503: let the
   * server around it finish its own first.
   */
  close(): Promise<void>;
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

/**
 * Serves a model over HTTP; resolves when it can be asked. From the first moment the port answers: 503 while the model
 * is loading.
 *
 * @throws HarrierError `bad-option` for a number that makes no sense, `in-use` when the port is taken, `not-found`, `bad-graph` or `not-supported` when the model
 * cannot be used
 */
export async function serveModel(options: ServeOptions): Promise<ServerHandle> {
  checkNumbers('serveModel', options);
  const { listener, ...served } = await opened(options, listen);
  return {
    url: listener.url,
    port: listener.port,
    get model() {
      return served.current();
    },
    close: served.close,
  };
}

/**
 * Opens what `serveModel` serves without a socket, to stand among the routes of another server; resolves when it can be
 * asked. Each request must come whole to `fetch`: no other code may have read its body.
 *
 * @example
 * const model = await openApp({ modelFile: 'model.onnx' });
 * new Hono().mount('/model', model.fetch); // POST /model/invocations
 *
 * @throws HarrierError `bad-option` for a number that makes no sense, `not-found`, `bad-graph` or `not-supported` when
 *   the model cannot be used
 */
export async function openApp(options: OpenAppOptions): Promise<OpenedApp> {
  checkNumbers('openApp', options);
  // By which names it is reached, and which pages may ask, the server around it knows.
  const served = await opened({ ...options, host: ANY_HOST }, async () => undefined);
  return {
    ...served.app,
    get model() {
      return served.current();
    },
    close: served.close,
  };
}

/** A host that lets requests come by any name. */
const ANY_HOST = '0.0.0.0';

/**
 * Loads a model behind its routes, and follows its file.
 *
 * @param attach lets requests come before the model is there
 */
async function opened<Attached extends Listener | undefined>(
  options: ServeOptions,
  attach: (app: App, options: ListenOptions) => Promise<Attached>,
) {
  const { modelFile, watchMs = 1_000, graceMs = 1_000, drainMs = 25_000, log = () => {} } = options;
  const { readModel = async (file) => (await readClassifierFile(file)).bytes } = options;
  // Before it is read: what replaces it while the model starts is noticed.
  const state = modelState(modelFile);
  const read = watchMs > 0 ? await state() : undefined;
  const bytes = await readModel(modelFile);
  const metrics = new Metrics();
  metrics.gauge('process_resident_memory_bytes', 'Memory of this process.', () => process.memoryUsage.rss());
  const tracing = wantsTraces(process.env) ? await openTracing(process.env, HARRIER_VERSION) : undefined;
  const parts = serverParts(options, metrics, tracing);
  const pool = new WorkerPool(parts.pool);
  const app = createApp(pool, parts.app);
  const listener = await attach(app, parts.listen);
  let model: ServedModel;
  try {
    model = await pool.load(bytes, modelFile);
  } catch (error) {
    await Promise.all([listener?.close(0, 0), pool.close()]);
    throw error;
  }
  log('info', 'ready', {
    ...(listener && { url: listener.url }),
    model: model.version,
    file: modelFile,
    workers: parts.pool.workers,
  });

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
  const unwatch = watchMs > 0 ? watchModel(state, watchMs, reload, read) : () => {};
  let closing: Promise<void> | undefined;
  return {
    app,
    listener,
    current: () => model,
    close(): Promise<void> {
      closing ??= (async () => {
        unwatch();
        pool.drain();
        log('info', 'draining');
        await listener?.close(graceMs, drainMs);
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
