import { AnswerStatistics } from './answer-statistics.ts';
import { checkNumbers } from './numbers.ts';
import { openApi } from './openapi.ts';
import { page } from './page.ts';
import { openInferenceRoutes } from './protocols/open-inference.ts';
import { json, type Route } from './protocols/protocol.ts';
import { sageMakerRoutes } from './protocols/sagemaker.ts';
import { tensorFlowServingRoutes } from './protocols/tensorflow-serving.ts';
import { type App, type AppOptions, routedApp } from './routing.ts';
import type { ClassificationService } from './service.ts';

/**
 * The HTTP side of a classifier: all its routes. It knows neither sockets nor threads. `openApp` makes one of a model
 * file, with workers and the limits of a server.
 *
 * @throws HarrierError `bad-option` for a number that makes no sense
 */
export function createApp(service: ClassificationService, options: AppOptions): App {
  checkNumbers('createApp', options);
  const { name, version, metrics, maxBodyBytes, maxConcurrency } = options;
  const maxJsonBytes = Math.min(options.maxJsonBytes, maxBodyBytes);
  const isReady = () => service.state === 'ready' && service.workers > 0;
  const statistics = new AnswerStatistics(metrics);
  const routes: Route[] = [
    { method: 'GET', path: '/healthz', isOpen: true, handler: () => json({ status: 'alive' }) },
    {
      method: 'GET',
      path: '/readyz',
      isOpen: true,
      handler: () => ({
        ...json({ status: service.state, workers: service.workers, model: service.model?.version }),
        status: isReady() ? 200 : 503,
      }),
    },
    {
      method: 'GET',
      path: '/metrics',
      handler: () => ({ type: 'text/plain; version=0.0.4; charset=utf-8', body: metrics.text() }),
    },
    ...sageMakerRoutes({ isReady, maxBodyBytes, concurrency: Math.min(maxConcurrency, service.maxQueue) }),
    ...tensorFlowServingRoutes(name),
    ...openInferenceRoutes({ name, version, isReady, maxJsonBytes }),
    { method: 'GET', path: '/openapi.json', handler: ({ model }) => json(openApi(name, version, model())) },
    { method: 'GET', path: '/', handler: ({ model, request }) => page(name, version, model(), request.url) },
  ];
  return routedApp(
    routes,
    {
      serviceOf: () => service,
      onAnswer: (answer) => statistics.add(answer),
      help: 'What there is: GET /openapi.json.',
    },
    options,
  );
}
