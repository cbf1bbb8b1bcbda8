import { HarrierError } from '../errors.ts';
import type { Log } from './log.ts';
import type { Metrics } from './metrics.ts';
import { problemOf, statusOf } from './problem.ts';
import { json, type Reply, type Route } from './protocols/protocol.ts';
import type { RequestHead, RequestSpan, Tracing } from './tracing.ts';

/** An answer in plain values. */
export interface PlainResponse {
  /** Status of HTTP, such as 503. */
  readonly status: number;
  /** Headers, by their names in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  /** Absent: there is none. */
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

const CUSTOM_ATTRIBUTES = 'x-amzn-sagemaker-custom-attributes';
const REQUEST_ID = 'x-request-id';

/** One request on its way to its answer: its id, its time, and what the metrics and the log keep of it. */
export class Exchange {
  /** Of its body, as far as that was read. */
  bytes = 0;
  images = 0;
  readonly #start = performance.now();
  readonly #head: RequestHead;
  readonly #route: Route;
  readonly #id: string;
  readonly #metrics: Metrics;
  readonly #log: Log;
  readonly #span: RequestSpan | undefined;

  constructor(
    head: RequestHead,
    route: Route,
    { metrics, log, tracing }: { metrics: Metrics; log: Log; tracing?: Tracing },
  ) {
    this.#head = head;
    this.#route = route;
    this.#id = requestId(head.header(REQUEST_ID));
    this.#metrics = metrics;
    this.#log = log;
    this.#span = tracing?.begin(head, route.path);
  }

  /** Milliseconds since it came. */
  get age(): number {
    return performance.now() - this.#start;
  }

  /** Classifies some of its images, as a part of its trace. */
  classify<Result>(images: number, work: () => Promise<Result>): Promise<Result> {
    this.images += images;
    return this.#span ? this.#span.classify(images, work) : work();
  }

  replied(reply: Reply): PlainResponse {
    return this.#end(reply);
  }

  refused(failure: unknown): PlainResponse {
    const problem = problemOf(failure, this.#id);
    const body = this.#route.errorField ? { error: problem.message, ...problem } : problem;
    return this.#end({ ...json(body), ...statusOf(failure) }, failure);
  }

  #end(reply: Reply, failure?: unknown): PlainResponse {
    const { status = 200, body } = reply;
    const { method, path, classifies } = this.#route;
    const ms = this.age;
    const label = `${method} ${path}`;
    this.#metrics.requests.add({ route: label, status });
    this.#metrics.latency.observe(ms / 1000, { route: label });
    if (status === 503 && classifies) this.#metrics.shed.add();
    this.#span?.end(status);
    this.#report(status, failure, {
      requestId: this.#id,
      method: this.#head.method,
      path: this.#head.path.slice(0, 200),
      status,
      ms: Math.round(ms * 100) / 100,
      images: this.images,
      bytes: this.bytes,
    });
    return { status, headers: this.#headers(reply), body };
  }

  /** What was wrong with a request is logged without its details, which may quote the body. */
  #report(status: number, failure: unknown, fields: Record<string, unknown>): void {
    if (failure === undefined) this.#log('info', 'request', fields);
    else if (failure instanceof HarrierError && status !== 500) {
      const { code, summary: reason } = failure;
      this.#log(status > 500 ? 'warn' : 'info', 'request', { ...fields, code, reason });
    } else {
      const reason = failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
      this.#log('error', 'request', { ...fields, reason });
    }
  }

  #headers({ type, headers }: Reply): Record<string, string> {
    const attributes = this.#head.header(CUSTOM_ATTRIBUTES);
    return {
      ...(type && { 'content-type': type }),
      [REQUEST_ID]: this.#id,
      'x-content-type-options': 'nosniff',
      ...(attributes && /^[\x20-\x7e]{1,1024}$/.test(attributes) && { [CUSTOM_ATTRIBUTES]: attributes }),
      ...headers,
    };
  }
}

/** The client's own id where it is a sensible one, so that its log and ours can be joined. */
function requestId(given: string | null | undefined): string {
  return given && /^[\x21-\x7e]{1,128}$/.test(given) ? given : crypto.randomUUID();
}
