import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Context, Hono } from 'hono';
import { HarrierError } from '../errors.ts';
import { BodyBudget, withBody } from './body.ts';
import { Exchange, type PlainResponse } from './exchange.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { gone, HttpError, tooLate } from './problem.ts';
import type { Call, Reply, Route } from './protocols/protocol.ts';
import { checkSender } from './sender.ts';
import { type Answer, type ClassificationService, checkCount } from './service.ts';
import type { RequestHead, Tracing } from './tracing.ts';

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
  /**
   * For a server of this machine alone that wants no token: the names, in small letters, by which others may come, such
   * as that of a proxy. Absent: all come by any name, and from any page.
   */
  readonly allowedHosts?: readonly string[];
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

/** Which model answers. */
export interface Services {
  /**
   * The service behind a path of the URL, decoded.
   * @throws HarrierError `not-found` when there is none
   */
  readonly serviceOf: (path: string) => ClassificationService;
  /** Told of each answer. */
  readonly onAnswer?: (answer: Answer) => void;
  /** Tells of a wrong path what there is. */
  readonly help: string;
}

/** Answers requests by routes: tokens, limits, bodies, refusals, metrics and the log are the same for all. */
export function routedApp(
  routes: readonly Route[],
  { serviceOf, onAnswer, help }: Services,
  options: AppOptions,
): App {
  const { maxBodyBytes, maxConcurrency } = options;
  const maxJsonBytes = Math.min(options.maxJsonBytes, maxBodyBytes);
  const budget = new BodyBudget(options.maxBufferedBytes);
  const app = new Hono({ strict: false });
  let classifying = 0;
  // Made once: where an error comes from takes longer to find out than a refusal may.
  const tooMany = new HarrierError('overloaded', 'too many requests at a time', {
    expected: `at most ${maxConcurrency}`,
    next: 'Try again in a second.',
  });

  for (const route of routes) app.on(route.method, route.path, (context) => serve(context, route));
  for (const path of new Set(routes.map((route) => route.path))) {
    const methods = routes.filter((route) => route.path === path).map(({ method }) => method);
    app.all(path, (context) => serve(context, refusing(path, methods)));
  }
  app.notFound((context) => serve(context, nowhere(help)));

  async function serve({ req: { raw: request, path } }: Context, route: Route): Promise<Response> {
    const head = { method: request.method, path, header: (name: string) => request.headers.get(name) };
    const exchange = new Exchange(head, route, options);
    let reply: Reply | undefined;
    let failure: unknown;
    try {
      if (!route.isOpen) {
        if (options.allowedHosts) checkSender(request, options.allowedHosts);
        authorize(head, options.isToken);
      }
      reply = route.classifies
        ? await admitted(serviceOf(path), () => route.handler(call()))
        : await route.handler(call());
    } catch (error) {
      failure = error;
    }
    const { status, headers, body } = reply ? exchange.replied(reply) : exchange.refused(failure);
    return new Response(body ?? null, { status, headers });

    function call(): Call {
      const service = () => serviceOf(path);
      const model = () => {
        const served = service().model;
        if (served) return served;
        throw new HarrierError('overloaded', 'the model is still loading', {
          next: 'Try again in a moment.',
        });
      };
      return {
        request,
        path,
        model,
        get maxQueue() {
          return service().maxQueue;
        },
        checkCount: (images) => checkCount(images, service().maxQueue),
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
            service().classify(images, { deadlineMs, signal: request.signal }),
          );
          onAnswer?.(answer);
          return answer;
        },
        pause: async () => {
          await nextTurn();
          if (request.signal.aborted) throw gone();
          if (exchange.age > options.deadlineMs) throw tooLate();
        },
      };
    }
  }

  /** Why nothing more that classifies can be taken in at the moment, if so. */
  function overload(service: ClassificationService): HarrierError | undefined {
    return service.overload ?? (classifying < maxConcurrency ? undefined : tooMany);
  }

  /** Refuses before a body is read what would only wait too long. */
  async function admitted<T>(service: ClassificationService, work: () => T | Promise<T>): Promise<T> {
    const failure = overload(service);
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
      const route = routes.find((route) => route.classifies && isFor(route, head));
      const failure = route && overload(serviceOf(head.path));
      if (!failure || (!route.isOpen && !isAuthorized(head, options.isToken))) return undefined;
      return new Exchange(head, route, options).refused(failure);
    },
  };
}

/** Whether a request leads to this route, of a path in its plainest form. */
function isFor({ method, path }: Route, head: RequestHead): boolean {
  // A parameter stands for no text of its own: such routes say for themselves when they are busy.
  if (method !== head.method || path.includes('/:')) return false;
  return path.endsWith('*') ? head.path.startsWith(path.slice(0, -1)) : head.path === path;
}

function nowhere(help: string): Route {
  return {
    method: 'GET',
    path: '(nowhere)',
    // So that nobody without a token learns more from it than that.
    isOpen: true,
    handler: () => {
      throw new HttpError(404, 'not-found', 'there is nothing here', { next: help });
    },
  };
}

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
