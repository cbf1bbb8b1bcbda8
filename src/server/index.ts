/**
 * A model behind HTTP.
 *
 * @module harrier/server
 */
export { createApp } from './app.ts';
export type { PlainResponse } from './exchange.ts';
export { type Listener, type ListenOptions, listen } from './listen.ts';
export { jsonLog, LOG_LEVELS, type Log, type LogLevel } from './log.ts';
export { Metrics } from './metrics.ts';
export type { WorkerOptions } from './pool/model-workers.ts';
export { type PoolOptions, WorkerPool } from './pool/pool.ts';
export type { App, AppOptions } from './routing.ts';
export {
  type OpenAppOptions,
  type OpenedApp,
  openApp,
  type ServeOptions,
  type ServerHandle,
  serveModel,
} from './serve.ts';
export type { ServerOptions } from './server-options.ts';
export type {
  Answer,
  ClassificationService,
  ClassifyOptions,
  ImageAnswer,
  InputImage,
  ServedModel,
  ServiceState,
} from './service.ts';
export type { RequestHead, RequestSpan, Tracing } from './tracing.ts';
