import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { getRequestListener } from '@hono/node-server';
import { HarrierError } from '../errors.ts';
import { addressHere } from './addresses.ts';
import type { PlainResponse } from './exchange.ts';
import { checkNumbers } from './numbers.ts';
import { HttpError, problemOf } from './problem.ts';
import type { App } from './routing.ts';
import type { RequestHead } from './tracing.ts';

/** Address, port and limits of a listening server. */
export interface ListenOptions {
  /** Address to listen on, such as `127.0.0.1`. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Sockets at a time; more are closed at once. */
  readonly maxConnections: number;
  /** Milliseconds in which a request's headers must have come. */
  readonly headersTimeoutMs: number;
  /** Milliseconds in which a whole request must have come. */
  readonly requestTimeoutMs: number;
  /** Milliseconds for which a socket on which nothing moves stays open, answer pending or not. */
  readonly idleTimeoutMs: number;
}

/** A server that listens, and how to end it. */
export interface Listener {
  /** The port, chosen by the system if 0 was asked for. */
  readonly port: number;
  /** Such as `http://127.0.0.1:8080`. */
  readonly url: string;
  /**
   * Ends without losing a request. For a moment everything is still answered, with the word that the connection ends;
   * then nothing new is accepted, and what was is finished.
   *
   * @param graceMs that moment; none when there are no connections
   * @param mostMs when to break off what is not finished
   */
  close(graceMs: number, mostMs: number): Promise<void>;
}

/** Longer than load balancers keep idle connections (60 s): the side that sends must be the one that closes. */
const KEEP_ALIVE_MS = 65_000;
const CHECK_MS = 1_000;
/** Bytes of a body that are rather received and thrown away than taken as a reason to end a connection. */
const SHORT = 64 * 1024;
/** Milliseconds for the rest of such a body. */
const REST_MS = 500;
/** Milliseconds that an answer may take, while no other is asked for, before it shows whether anybody waits for it. */
const PROBE_MS = 2_000;
const FIRST_PROBE_MS = 5;
/** Paths that mean the same to everybody: nothing in them is to be decoded or resolved. */
const PLAIN_PATH = /^(?:\/[\w:-][\w.:-]*)+$/;

/**
 * Puts an app behind a socket.
 * @throws HarrierError `in-use` when another process has the port; `bad-option` for a host or port that cannot be had,
 *   or a number that makes no sense
 */
export async function listen(app: App, options: ListenOptions): Promise<Listener> {
  checkNumbers('listen', options);
  const { host, port, maxConnections, headersTimeoutMs, requestTimeoutMs, idleTimeoutMs } = options;
  const answering = new Set<ServerResponse>();
  let isClosing = false;
  let onAnswered: () => void = () => {};

  // Requests of HTTP/1.0, such as those of HAProxy's health checks, may name no host.
  const answer = getRequestListener((request) => app.fetch(request), {
    hostname: 'localhost',
    errorHandler: failed,
  });
  const server = createServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(CHECK_MS, headersTimeoutMs, requestTimeoutMs),
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
    (incoming, outgoing) => {
      if (isClosing) outgoing.shouldKeepAlive = false;
      answering.add(outgoing);
      const end = () => clientEnded(incoming, outgoing, answering.size > 1 ? 0 : PROBE_MS);
      incoming.socket.once('end', end);
      outgoing.on('close', () => {
        incoming.socket.off('end', end);
        answering.delete(outgoing);
        if (answering.size === 0) onAnswered();
      });
      const refusal = isShort(incoming) ? app.refusal?.(headOf(incoming)) : undefined;
      if (refusal) answerEarly(incoming, outgoing, refusal);
      else void answer(incoming, outgoing);
    },
  );
  // A client may close its sending half as soon as it has sent everything, and wait for the answer.
  (server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
  server.maxConnections = maxConnections;
  server.timeout = idleTimeoutMs;
  server.on('clientError', refuse);

  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, host, port)));
    server.listen(port, host, resolve);
  });
  server.on('error', () => {});
  const address = server.address() as AddressInfo;
  return {
    port: address.port,
    url: addressHere(host, address.port),
    async close(graceMs, mostMs) {
      const end = performance.now() + mostMs;
      isClosing = true;
      for (const outgoing of answering) if (!outgoing.headersSent) outgoing.shouldKeepAlive = false;
      const connections = () =>
        new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count ?? 0)));
      for (let waited = 0; waited < graceMs && (await connections()) > 0; waited += 20) await sleep(20);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      if (answering.size > 0) {
        const answered = new Promise<void>((resolve) => {
          onAnswered = resolve;
        });
        // A timer that nobody waits for any more must not keep the process.
        const ending = new AbortController();
        const isLate = sleep(Math.max(0, end - performance.now()), undefined, { signal: ending.signal });
        await Promise.race([answered, isLate.catch(() => {})]);
        ending.abort();
      }
      // What is left has no request: a browser's spare connection, a client that never said anything.
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Whether a request says that its body is short. */
function isShort({ headers }: IncomingMessage): boolean {
  return Number(headers['content-length']) <= SHORT;
}

function headOf({ method = '', url = '', headers }: IncomingMessage): RequestHead {
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  return {
    method,
    path: PLAIN_PATH.test(path) ? path : '',
    header: (name) => headers[name]?.toString(),
  };
}

/**
 * A client has closed its sending half: either it waits for its answer, or it is gone. Which one shows when something
 * is sent, so an answer that takes its time is preceded by "100 Continue", which every client of HTTP/1.1 passes over.
 * To a client that is gone the connection then breaks, and nobody works for it any more.
 */
function clientEnded(incoming: IncomingMessage, outgoing: ServerResponse, waitMs: number): void {
  // A page that was told news has been left.
  if (incoming.headers.accept?.includes('text/event-stream')) incoming.socket.destroy();
  let probe: NodeJS.Timeout;
  // What was sent to a client that is gone shows with what is sent next.
  const ask = (ms: number): void => {
    probe = setTimeout(() => {
      if (outgoing.headersSent || !incoming.complete || incoming.httpVersion !== '1.1') return;
      outgoing.writeContinue();
      ask(Math.max(FIRST_PROBE_MS, 4 * ms));
    }, ms).unref();
  };
  ask(waitMs);
  outgoing.once('close', () => clearTimeout(probe));
}

/** Answers before the body is read. Node throws that away when the answer is sent, and the connection goes on. */
function answerEarly(incoming: IncomingMessage, outgoing: ServerResponse, response: PlainResponse): void {
  const { status, headers, body = '' } = response;
  const isWhole = () => incoming.complete;
  // A body that came together with its head has gone by after this turn: a timer for each would keep them all.
  outgoing.once('finish', () =>
    setImmediate(() => isWhole() || setTimeout(() => isWhole() || incoming.socket.destroySoon(), REST_MS)),
  );
  outgoing.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}

/** What the adaptor refuses before the app sees it, such as a Host header that is none. */
function failed(error: unknown): Response {
  const id = crypto.randomUUID();
  const isClients = error instanceof Error && error.constructor.name === 'RequestError';
  const problem = isClients
    ? new HttpError(400, 'bad-data', 'the request makes no sense', { cause: error })
    : error;
  return new Response(JSON.stringify(problemOf(problem, id)), {
    status: isClients ? 400 : 500,
    headers: { 'content-type': 'application/json', 'x-request-id': id },
  });
}

/** What is no HTTP, or comes too slowly. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, summary] =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? (['408 Request Timeout', 'the request came too slowly'] as const)
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? (['431 Request Header Fields Too Large', 'the headers are too large'] as const)
        : (['400 Bad Request', 'this is not HTTP'] as const);
  const body = JSON.stringify(problemOf(new HarrierError('bad-data', summary), crypto.randomUUID()));
  const head = `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}`;
  socket.end(`${head}\r\nconnection: close\r\n\r\n${body}`);
  socket.destroySoon();
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): HarrierError {
  const where = `${host}:${port}`;
  if (error.code === 'EADDRINUSE') {
    return new HarrierError('in-use', 'this port is in use', {
      where,
      next: 'Stop the program that uses it, or choose another port with --port.',
      cause: error,
    });
  }
  if (error.code === 'EACCES') {
    return new HarrierError('bad-option', 'there is no permission to use this port', {
      where,
      next: 'Choose a port above 1023 with --port.',
      cause: error,
    });
  }
  return new HarrierError('bad-option', `the server cannot listen there (${error.message})`, {
    where,
    next: 'Choose an address of this machine with --host, such as 127.0.0.1 or 0.0.0.0.',
    cause: error,
  });
}
