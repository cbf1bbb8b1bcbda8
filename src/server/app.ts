import { type Context, Hono } from 'hono';
import { HarrierError } from '../errors.ts';
import { AnswerStatistics } from './answer-statistics.ts';
import { BodyBudget, withBody } from './body.ts';
import { Exchange, type PlainResponse, type RequestHead } from './exchange.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { openApi } from './openapi.ts';
import { page } from './page.ts';
import { HttpError } from './problem.ts';
import { openInferenceRoutes } from './protocols/open-inference.ts';
import { type Call, json, type Reply, type Route } from './protocols/protocol.ts';
import { sageMakerRoutes } from './protocols/sagemaker.ts';
import { tensorFlowServingRoutes } from './protocols/tensorflow-serving.ts';
import { type ClassificationService, checkCount } from './service.ts';
import type { Tracing } from './tracing.ts';

/** How the HTTP interface of a model behaves. */
export interface AppOptions {
  /** What the model is called in URLs. */
  readonly name: string;
  /** Harrier's version. */
  readonly version: string;
  /** Counters for `GET /metrics`. */
  readonly metrics: Metrics;
  /** Told of each request; default: nobody. */
  readonly tracing?: Tracing;
  /** Takes one entry for each request and failure. */
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
  /** Answers one request, as the Fetch standard defines it. */
  fetch(request: Request): Response | Promise<Response>;
  /**
   * The answer to a request that would only wait too long, from its head alone; undefined when `fetch` must be asked,
   * which refuses it likewise. A caller that has not read the request yet saves most of its cost.
   *
   * @param head with a path that has nothing to decode or resolve
   */
  refusal?(head: RequestHead): PlainResponse | undefined;
}

/** The HTTP side of a classifier: all its routes. It knows neither sockets nor threads. */
export function createApp(service: ClassificationService, options: AppOptions): App {
  const { name, version, metrics, maxBodyBytes, maxConcurrency } = options;
  const maxJsonBytes = Math.min(options.maxJsonBytes, maxBodyBytes);
  const isReady = () => service.state === 'ready' && service.workers > 0;
  const budget = new BodyBudget(options.maxBufferedBytes);
  const statistics = new AnswerStatistics(metrics);
  const app = new Hono({ strict: false });
  let classifying = 0;
  // Made once: where an error comes from takes longer to find out than a refusal may.
  const tooMany = new HarrierError('overloaded', 'too many requests at a time', {
    expected: `at most ${maxConcurrency}`,
    next: 'Try again in a second.',
  });

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

  async function serve({ req: { raw: request, path } }: Context, route: Route): Promise<Response> {
    const head = { method: request.method, path, header: (name: string) => request.headers.get(name) };
    const exchange = new Exchange(head, route, options);
    let reply: Reply | undefined;
    let failure: unknown;
    try {
      if (!route.isOpen) authorize(head, options.isToken);
      reply = route.classifies ? await admitted(() => route.handler(call())) : await route.handler(call());
    } catch (error) {
      failure = error;
    }
    const { status, headers, body } = reply ? exchange.replied(reply) : exchange.refused(failure);
    return new Response(body ?? null, { status, headers });

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
            exchange.bytes = bytes.length;
            return use(bytes);
          });
        },
        classify: async (images) => {
          const deadlineMs = options.deadlineMs - exchange.age;
          const answer = await exchange.classify(images.length, () =>
            service.classify(images, { deadlineMs, signal: request.signal }),
          );
          statistics.add(answer);
          return answer;
        },
      };
    }
  }

  /** Why nothing more that classifies can be taken in at the moment, if so. */
  function overload(): HarrierError | undefined {
    return service.overload ?? (classifying < maxConcurrency ? undefined : tooMany);
  }

  /** Refuses before a body is read what would only wait too long. */
  async function admitted<T>(work: () => T | Promise<T>): Promise<T> {
    const failure = overload();
    if (failure) throw failure;
    classifying++;
    try {
      return await work();
    } finally {
      classifying--;
    }
  }

  return {
    fetch: (request) => app.fetch(request),
    refusal(head) {
      const failure = overload();
      const route = failure && routes.find((route) => route.classifies && isFor(route, head));
      if (!route || (!route.isOpen && !isAuthorized(head, options.isToken))) return undefined;
      return new Exchange(head, route, options).refused(failure);
    },
  };
}

/** Whether a request leads to this route, of a path in its plainest form. */
function isFor({ method, path }: Route, head: RequestHead): boolean {
  if (method !== head.method) return false;
  return path.endsWith('*') ? head.path.startsWith(path.slice(0, -1)) : head.path === path;
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

function authorize(head: RequestHead, isToken: AppOptions['isToken']): void {
  if (isAuthorized(head, isToken)) return;
  const summary = tokenOf(head) === undefined ? 'a token is wanted' : 'this token is wrong';
  throw new HarrierError('unauthorized', summary, { next: 'Send the header "Authorization: Bearer …".' });
}

function isAuthorized(head: RequestHead, isToken: AppOptions['isToken']): boolean {
  if (!isToken) return true;
  const token = tokenOf(head);
  return token !== undefined && isToken(token);
}

function tokenOf(head: RequestHead): string | undefined {
  return /^Bearer +(.+)$/i.exec(head.header('authorization') ?? '')?.[1];
}
