import { setTimeout as delay } from 'node:timers/promises';
import type { Span, SpanContext } from '@opentelemetry/api';
import { HarrierError } from '../errors.ts';

/** What is known of a request before its body comes. */
export interface RequestHead {
  /** Such as `POST`. */
  readonly method: string;
  /** Of the URL, decoded. */
  readonly path: string;
  /** A header by its name in small letters. */
  header(name: string): string | null | undefined;
}

/** One request as a span, and the classification within it as a span of its own. */
export interface RequestSpan {
  /** Runs the classification of so many images within a span. */
  classify<Result>(images: number, work: () => Promise<Result>): Promise<Result>;
  /** Ends the span, with the answer's status. */
  end(status: number): void;
}

/** Tells a collector of each request. */
export interface Tracing {
  /** Begins the span of a request. @param route such as `/v1/models/harrier:predict` */
  begin(head: RequestHead, route: string): RequestSpan;
  /** Sends what waits. */
  close(): Promise<void>;
}

/** The longest that the last spans are waited for. */
const FLUSH_MS = 3_000;
const PROTOCOL = 'http/protobuf';
const PACKAGES = [
  '@opentelemetry/api',
  '@opentelemetry/sdk-trace-node',
  '@opentelemetry/resources',
  '@opentelemetry/exporter-trace-otlp-proto',
];

/** Whether the environment asks for traces, by the variables that OpenTelemetry's own programs read. */
export function wantsTraces(environment: NodeJS.ProcessEnv): boolean {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: all, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces } = environment;
  const isOff = environment.OTEL_SDK_DISABLED === 'true' || environment.OTEL_TRACES_EXPORTER === 'none';
  return !isOff && Boolean(traces || all);
}

/**
 * Traces by OpenTelemetry, sent as the environment says: `OTEL_EXPORTER_OTLP_ENDPOINT`, `_HEADERS`, `OTEL_SERVICE_NAME`,
 * `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_SAMPLER`, … (https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/).
 * A request's `traceparent` becomes the span's parent (W3C Trace Context).
 *
 * @throws HarrierError `not-supported` when the packages are missing, `bad-option` for another protocol
 */
export async function openTracing(environment: NodeJS.ProcessEnv, version: string): Promise<Tracing> {
  const protocol =
    environment.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? environment.OTEL_EXPORTER_OTLP_PROTOCOL ?? PROTOCOL;
  if (protocol !== PROTOCOL) {
    throw new HarrierError('bad-option', 'traces cannot be sent by this protocol', {
      where: 'OTEL_EXPORTER_OTLP_PROTOCOL',
      expected: PROTOCOL,
      received: protocol,
      next: 'Collectors take it at port 4318.',
    });
  }
  const { api, sdk, resources, exporter } = await packages();
  const { trace, ROOT_CONTEXT, SpanKind, SpanStatusCode } = api;
  const provider = new sdk.NodeTracerProvider({
    resource: resources
      .resourceFromAttributes({ 'service.name': 'harrier', 'service.version': version })
      .merge(resources.detectResources({ detectors: [resources.envDetector] })),
    spanProcessors: [new sdk.BatchSpanProcessor(new exporter.OTLPTraceExporter())],
  });
  const tracer = provider.getTracer('harrier', version);
  return {
    begin(head, route) {
      const parent = remoteSpan(head.header('traceparent'));
      const context = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
      const attributes = { 'http.request.method': head.method, 'http.route': route, 'url.path': head.path };
      const span = tracer.startSpan(
        `${head.method} ${route}`,
        { kind: SpanKind.SERVER, attributes },
        context,
      );
      const fail = (of: Span) => of.setStatus({ code: SpanStatusCode.ERROR });
      return {
        async classify(images, work) {
          const own = tracer.startSpan(
            'classify',
            { attributes: { 'harrier.images': images } },
            trace.setSpan(context, span),
          );
          try {
            return await work();
          } catch (error) {
            own.recordException(error as Error);
            fail(own);
            throw error;
          } finally {
            own.end();
          }
        },
        end(status) {
          span.setAttribute('http.response.status_code', status);
          if (status >= 500) fail(span);
          span.end();
        },
      };
    },
    // A collector that is away keeps no server from ending.
    close: () =>
      Promise.race([provider.shutdown().catch(() => {}), delay(FLUSH_MS, undefined, { ref: false })]),
  };
}

async function packages() {
  try {
    const [api, sdk, resources, exporter] = await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-trace-node'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/exporter-trace-otlp-proto'),
    ]);
    return { api, sdk, resources, exporter };
  } catch (cause) {
    throw new HarrierError('not-supported', 'traces need packages that are not installed', {
      where: 'OTEL_EXPORTER_OTLP_ENDPOINT',
      received: cause instanceof Error ? cause.message.split('\n')[0] : String(cause),
      next: `npm install ${PACKAGES.join(' ')}, or unset the variable.`,
      cause,
    });
  }
}

/** The span that a request belongs to (https://www.w3.org/TR/trace-context/#traceparent-header). */
function remoteSpan(header: string | null | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] =
    /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})/.exec(header ?? '') ?? [];
  return traceId
    ? { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true }
    : undefined;
}
