import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { openTracing, wantsTraces } from '../../src/server/tracing.ts';
import { encode, noise, post, serving } from './serving.ts';

// Traces of the server by the real packages of OpenTelemetry, at a collector that keeps what it is sent.

const sent: { path: string; type: string; body: Buffer }[] = [];
const collector = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    sent.push({ path: request.url!, type: request.headers['content-type']!, body: Buffer.concat(parts) });
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  });
});
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

beforeAll(async () => {
  await new Promise<void>((done) => collector.listen(0, '127.0.0.1', done));
});
afterEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('OTEL_')) delete process.env[name];
});
afterAll(() => collector.close());

it('sends a span for each request, below the one that it came with, and one for its classification', async () => {
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  process.env.OTEL_SERVICE_NAME = 'parts';
  const place = await serving();
  const url = `${place.server.url}/invocations`;
  const headers = { 'content-type': 'image/png', traceparent: `00-${TRACE}-${PARENT}-01` };
  expect((await post(url, await encode(noise(1)), headers)).status).toBe(200);
  expect((await post(url, 'no image', headers)).status).toBe(400);
  // What is sent at the latest when the server ends.
  await place.end();
  expect(new Set(sent.map(({ path, type }) => `${path} ${type}`))).toEqual(
    new Set(['/v1/traces application/x-protobuf']),
  );
  const all = Buffer.concat(sent.map(({ body }) => body));
  const count = (part: Buffer | string) => {
    let times = 0;
    for (let at = all.indexOf(part); at >= 0; at = all.indexOf(part, at + 1)) times++;
    return times;
  };
  expect(count('POST /invocations')).toBe(2);
  expect(count('harrier.images')).toBe(2);
  // Two requests with a classification each, all of one trace; the requests below the caller's span.
  expect(count(Buffer.from(TRACE, 'hex'))).toBe(4);
  expect(count(Buffer.from(PARENT, 'hex'))).toBe(2);
  expect(count('service.name')).toBeGreaterThan(0);
  expect(count('parts')).toBeGreaterThan(0);
  expect(count('http.response.status_code')).toBe(2);
});

it('lets a server end whose collector is away', async () => {
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = 'http://127.0.0.1:9';
  const place = await serving();
  expect((await post(`${place.server.url}/invocations`, await encode(noise(1)))).status).toBe(200);
  await place.end();
  expect(place.logged.at(-1)?.event).toBe('closed');
});

it('traces only where the environment says so, and by a protocol that it speaks', async () => {
  expect(wantsTraces({})).toBe(false);
  expect(wantsTraces({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c:4318/v1/traces' })).toBe(true);
  const given = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' };
  expect(wantsTraces({ ...given, OTEL_SDK_DISABLED: 'true' })).toBe(false);
  expect(wantsTraces({ ...given, OTEL_TRACES_EXPORTER: 'none' })).toBe(false);
  await expect(openTracing({ ...given, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, '1')).rejects.toThrow(
    'OTEL_EXPORTER_OTLP_PROTOCOL: traces cannot be sent by this protocol: expected http/protobuf, received grpc. Collectors take it at port 4318.',
  );
});
