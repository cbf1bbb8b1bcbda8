import { readClassifierFile } from '../../platform/node/files/classifier-file.ts';
import { HARRIER_VERSION } from '../../platform/node/version.ts';
import { listen } from '../listen.ts';
import { Metrics } from '../metrics.ts';
import { WorkerPool } from '../pool/pool.ts';
import { multiModelRoutes, nameIn } from '../protocols/multi-model.ts';
import { json, type Route } from '../protocols/protocol.ts';
import { routedApp } from '../routing.ts';
import type { ServerHandle } from '../serve.ts';
import { type ServerOptions, serverParts, threadsAlone } from '../server-options.ts';
import { openTracing, wantsTraces } from '../tracing.ts';
import { LoadedModels } from './loaded-models.ts';

/** A server for models that come and go. */
export interface ServeModelsOptions extends ServerOptions {
  /** Finds the model file in the folder that a request names. @throws HarrierError when there is none */
  readonly findModel: (url: string) => Promise<string>;
  /** Models in memory at a time. Default: 64, or as many as fit. */
  readonly maxModels?: number;
}

const MOST_MODELS = 64;

/**
 * Serves models that requests load and unload (SageMaker's multi-model endpoints). It begins with none.
 *
 * @throws HarrierError `in-use` when the port is taken
 */
export async function serveModels(options: ServeModelsOptions): Promise<Omit<ServerHandle, 'model'>> {
  const { findModel, maxModels = MOST_MODELS, graceMs = 1_000, drainMs = 25_000, log = () => {} } = options;
  const metrics = new Metrics();
  metrics.gauge('process_resident_memory_bytes', 'Memory of this process.', () => process.memoryUsage.rss());
  const tracing = wantsTraces(process.env) ? await openTracing(process.env, HARRIER_VERSION) : undefined;
  // A model more is a thread more: one each has all cores where the others are idle, and holds its model once.
  const { workers = 1, threads = threadsAlone() } = options;
  const parts = serverParts({ ...options, workers, threads }, metrics, tracing);
  const models = new LoadedModels({
    most: maxModels,
    pool: () => new WorkerPool(parts.pool),
    read: async (url) => {
      const file = await findModel(url);
      return { file, bytes: (await readClassifierFile(file)).bytes };
    },
  });
  metrics.gauge('harrier_models', 'Models in memory.', () => models.all.length);
  let isClosing = false;
  const routes: Route[] = [
    { method: 'GET', path: '/healthz', isOpen: true, handler: () => json({ status: 'alive' }) },
    {
      method: 'GET',
      path: '/metrics',
      handler: () => ({ type: 'text/plain; version=0.0.4; charset=utf-8', body: metrics.text() }),
    },
    ...multiModelRoutes(models, () => !isClosing),
  ];
  const serviceOf = (path: string) => models.find(nameIn(path)).pool;
  const listener = await listen(
    routedApp(routes, { serviceOf, help: 'GET /models lists the models.' }, parts.app),
    parts.listen,
  );
  log('info', 'ready', { url: listener.url, maxModels });
  let closing: Promise<void> | undefined;
  return {
    url: listener.url,
    port: listener.port,
    close() {
      closing ??= (async () => {
        isClosing = true;
        log('info', 'draining');
        await listener.close(graceMs, drainMs);
        await models.close();
        await tracing?.close();
        log('info', 'closed');
      })();
      return closing;
    },
  };
}
