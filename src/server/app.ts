import { type Context, Hono } from 'hono';
import { HarrierError } from '../errors.ts';
import { BodyBudget, withBody } from './body.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { openApi } from './openapi.ts';
import { page } from './page.ts';
import { HttpError, problemOf, statusOf } from './problem.ts';
import { openInferenceRoutes } from './protocols/open-inference.ts';
import { type Call, json, type Reply, type Route } from './protocols/protocol.ts';
import { sageMakerRoutes } from './protocols/sagemaker.ts';
import { tensorFlowServingRoutes } from './protocols/tensorflow-serving.ts';
import { type ClassificationService, checkCount } from './service.ts';

export interface AppOptions {
  /** What the model is called in URLs. */
  readonly name: string;
  /** Harrier's version. */
  readonly version: string;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Bytes of a body. */
  readonly maxBodyBytes: number;
  /** Bytes of a body of JSON, which is read on the thread that talks to the network. */
  readonly maxJsonBytes: number;
  /** Bytes of all bodies that are in memory at a time. */
  readonly maxBufferedBytes: number;
  /** Requests that classify at a time, waiting ones included. */
  readonly maxConcurrency: number;
  /** Milliseconds for a request, reading its body included. */
  readonly deadlineMs: number;
  /** Whether a token is the right one; absent: none is wanted. Must not take longer the more of it is right. */
  readonly isToken?: (token: string) => boolean;
}

/** Anything that answers a Request of the Fetch standard: on Node, in a test, or in another server. */
export interface App {
  fetch(request: Request): Response | Promise<Response>;
}

const CUSTOM_ATTRIBUTES = 'x-amzn-sagemaker-custom-attributes';
const REQUEST_ID = 'x-request-id';

/** The HTTP side of a classifier: all its routes. It knows neither sockets nor threads. */
export function createApp(service: ClassificationService, options: AppOptions): App {
  const { name, version, metrics, maxBodyBytes, maxConcurrency } = options;
  const maxJsonBytes = Math.min(options.maxJsonBytes, maxBodyBytes);
  const isReady = () => service.state === 'ready' && service.workers > 0;
  const budget = new BodyBudget(options.maxBufferedBytes);
  const app = new Hono({ strict: false });
  let classifying = 0;

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
  for (const route of routes) app.on(route.method, route.path, (context) => serve(context, route));
  for (const path of new Set(routes.map((route) => route.path))) {
    const methods = routes.filter((route) => route.path === path).map(({ method }) => method);
    app.all(path, (context) => serve(context, refusing(path, methods)));
  }
  app.notFound((context) => serve(context, NOWHERE));

  async function serve(context: Context, route: Route): Promise<Response> {
    const { raw: request, path } = context.req;
    const start = performance.now();
    const id = requestId(request.headers.get(REQUEST_ID));
    const facts = { images: 0, bytes: 0 };
    let reply: Reply;
    let failure: unknown;
    try {
      if (!route.isOpen) authorize(request, options.isToken);
      reply = route.classifies ? await admitted(() => route.handler(call())) : await route.handler(call());
    } catch (error) {
      failure = error;
      reply = refusal(error, id, route.errorField);
    }
    const status = reply.status ?? 200;
    const seconds = (performance.now() - start) / 1000;
    const label = `${route.method} ${route.path}`;
    metrics.requests.add({ route: label, status });
    metrics.latency.observe(seconds, { route: label });
    if (status === 503 && route.classifies) metrics.shed.add();
    report(status, failure, {
      requestId: id,
      method: request.method,
      path: path.slice(0, 200),
      status,
      ms: Math.round(seconds * 1e5) / 100,
      ...facts,
    });
    return new Response(reply.body ?? null, { status, headers: headersOf(reply, request, id) });

    function call(): Call {
      const model = () => {
        if (service.model) return service.model;
        throw new HarrierError('overloaded', 'the model is still loading', {
          next: 'Try again in a moment.',
        });
      };
      return {
        request,
        path,
        model,
        checkCount: (images) => checkCount(images, service.maxQueue),
        body: (use, form) => {
          const most = form === 'json' ? maxJsonBytes : maxBodyBytes;
          return withBody(request, { most, budget }, (bytes) => {
            facts.bytes = bytes.length;
            return use(bytes);
          });
        },
        classify: (pictures) => {
          facts.images = pictures.length;
          const deadlineMs = options.deadlineMs - (performance.now() - start);
          return service.classify(pictures, { deadlineMs, signal: request.signal });
        },
      };
    }
  }

  /** Refuses before a body is read what would only wait too long. */
  async function admitted<T>(work: () => T | Promise<T>): Promise<T> {
    service.admit();
    if (classifying >= maxConcurrency) {
      throw new HarrierError('overloaded', 'too many requests at a time', {
        expected: `at most ${maxConcurrency}`,
        next: 'Try again in a second.',
      });
    }
    classifying++;
    try {
      return await work();
    } finally {
      classifying--;
    }
  }

  /** What was wrong with a request is logged without its details, which may quote the body. */
  function report(status: number, failure: unknown, fields: Record<string, unknown>): void {
    if (failure === undefined) options.log('info', 'request', fields);
    else if (failure instanceof HarrierError && status !== 500) {
      const { code, summary: reason } = failure;
      options.log(status > 500 ? 'warn' : 'info', 'request', { ...fields, code, reason });
    } else {
      const reason = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
      options.log('error', 'request', { ...fields, reason });
    }
  }

  return app;
}

const NOWHERE: Route = {
  method: 'GET',
  path: '(nowhere)',
  // So that nobody without a token learns more from it than that.
  isOpen: true,
  handler: () => {
    throw new HttpError(404, 'not-found', 'there is nothing here', {
      next: 'What there is: GET /openapi.json.',
    });
  },
};

function refusing(path: string, methods: readonly string[]): Route {
  const allow = methods.join(', ');
  return {
    method: 'GET',
    path,
    isOpen: true,
    handler: ({ request }) => {
      throw new HttpError(405, 'not-supported', 'no such method here', {
        expected: allow,
        received: request.method.slice(0, 20),
        headers: { allow },
      });
    },
  };
}

function authorize(request: Request, isToken: AppOptions['isToken']): void {
  if (!isToken) return;
  const [, token] = /^Bearer +(.+)$/i.exec(request.headers.get('authorization') ?? '') ?? [];
  if (token !== undefined && isToken(token)) return;
  throw new HarrierError('unauthorized', token === undefined ? 'a token is wanted' : 'this token is wrong', {
    next: 'Send the header "Authorization: Bearer …".',
  });
}

/** The client's own id where it is a sensible one, so that its log and ours can be joined. */
function requestId(given: string | null): string {
  return given !== null && /^[\x21-\x7e]{1,128}$/.test(given) ? given : crypto.randomUUID();
}

function refusal(error: unknown, id: string, errorField = false): Reply {
  const problem = problemOf(error, id);
  return { ...json(errorField ? { error: problem.message, ...problem } : problem), ...statusOf(error) };
}

function headersOf(reply: Reply, request: Request, id: string): Record<string, string> {
  const attributes = request.headers.get(CUSTOM_ATTRIBUTES);
  return {
    ...(reply.type && { 'content-type': reply.type }),
    [REQUEST_ID]: id,
    'x-content-type-options': 'nosniff',
    ...(attributes && /^[\x20-\x7e]{1,1024}$/.test(attributes) && { [CUSTOM_ATTRIBUTES]: attributes }),
    ...reply.headers,
  };
}
