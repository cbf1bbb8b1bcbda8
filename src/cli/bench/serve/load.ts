import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A load to put on a server. */
export interface LoadOrder {
  readonly port: number;
  /** A whole HTTP request, which is sent again and again. */
  readonly request: Uint8Array;
  readonly connections: number;
  /**
   * How long to measure, after a fifth as long of warming up. It takes longer, half a minute at most, where there were
   * fewer requests or answers by then than there are connections.
   */
  readonly seconds: number;
  /**
   * Requests a second, sent whether or not earlier ones were answered, on whichever connection is free. Absent: each
   * connection sends when it has its answer.
   */
  readonly rate?: number;
}

/** Times of the answers with one status, in milliseconds. */
export interface Times {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface LoadResult {
  /** Requests sent a second. Below the rate that was asked for when no connection was free. */
  readonly offeredPerSecond: number;
  /** Answers with status 200 a second. */
  readonly answeredPerSecond: number;
  /** By status. */
  readonly times: Readonly<Record<number, Times>>;
  /** Connections that broke. */
  readonly broken: number;
}

const WARM_UP = 0.2;
const TICK_MS = 1;
const LONGEST_SECONDS = 30;
/** How often to look whether there were enough answers. */
const LOOK_MS = 10;

/**
 * A load generator that costs little itself, as it shares the processor with what it measures: the same bytes over
 * sockets that stay open, and of the answers only status and length are read.
 */
export async function load({ port, request, connections, seconds, rate }: LoadOrder): Promise<LoadResult> {
  const times = new Map<number, number[]>();
  let sent = 0;
  let answered = 0;
  let broken = 0;
  let isMeasured = false;
  const onAnswer = (status: number, ms: number): void => {
    if (!isMeasured) return;
    answered++;
    const list = times.get(status);
    if (list) list.push(ms);
    else times.set(status, [ms]);
  };
  const idle: Connection[] = [];
  let isOver = false;
  const all = await Promise.all(
    Array.from({ length: connections }, () =>
      Connection.open(port, request, {
        onAnswer,
        onIdle: (connection) => {
          if (isOver) return;
          if (rate === undefined) send(connection);
          else idle.push(connection);
        },
        onBroken: () => {
          if (!isOver) broken++;
        },
      }),
    ),
  );
  const send = (connection: Connection): void => {
    if (isMeasured) sent++;
    connection.send();
  };

  const start = performance.now();
  const measureFrom = start + 1000 * seconds * WARM_UP;
  if (rate === undefined) for (const connection of all) send(connection);
  else idle.push(...all);
  let due = 0;
  const ticker =
    rate === undefined
      ? undefined
      : setInterval(() => {
          const now = ((performance.now() - start) * rate) / 1000;
          // Newest first: a few connections do all while that is enough.
          for (; due < now && idle.length > 0; due++) send(idle.pop()!);
          // What could not be sent in time is not sent later: it would come in a burst.
          due = Math.max(due, Math.floor(now));
        }, TICK_MS);
  await sleep(Math.max(0, measureFrom - performance.now()));
  isMeasured = true;
  const from = performance.now();
  const elapsed = () => (performance.now() - from) / 1000;
  await sleep(1000 * seconds);
  while (Math.min(sent, answered) < connections && elapsed() < LONGEST_SECONDS) await sleep(LOOK_MS);
  isMeasured = false;
  const measuredSeconds = elapsed();
  isOver = true;
  clearInterval(ticker);
  for (const connection of all) connection.close();
  return {
    offeredPerSecond: sent / measuredSeconds,
    answeredPerSecond: (times.get(200)?.length ?? 0) / measuredSeconds,
    times: Object.fromEntries([...times].map(([status, list]) => [status, summary(list)])),
    broken,
  };
}

interface Hooks {
  onAnswer(status: number, ms: number): void;
  onIdle(connection: Connection): void;
  onBroken(): void;
}

/** One socket, one request at a time. */
class Connection {
  readonly #socket: Socket;
  readonly #request: Uint8Array;
  #sentAt = 0;

  private constructor(socket: Socket, request: Uint8Array, { onAnswer, onIdle, onBroken }: Hooks) {
    this.#socket = socket;
    this.#request = request;
    let received = '';
    socket.setNoDelay(true).setEncoding('latin1');
    socket.on('data', (text: string) => {
      received += text;
      const end = answerEnd(received);
      if (end === undefined) return;
      const status = Number(received.slice(9, 12));
      received = received.slice(end);
      onAnswer(status, performance.now() - this.#sentAt);
      onIdle(this);
    });
    socket.on('error', onBroken);
  }

  static open(port: number, request: Uint8Array, hooks: Hooks): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Connection(socket, request, hooks));
      });
    });
  }

  send(): void {
    this.#sentAt = performance.now();
    this.#socket.write(this.#request);
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Where the first answer ends, or undefined while it is not whole. */
function answerEnd(text: string): number | undefined {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return undefined;
  const [, length = '0'] = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head)) ?? [];
  const end = head + 4 + Number(length);
  return text.length >= end ? end : undefined;
}

function summary(times: number[]): Times {
  times.sort((a, b) => a - b);
  const at = (fraction: number) => times[Math.min(times.length - 1, Math.floor(fraction * times.length))];
  return { count: times.length, p50Ms: at(0.5), p99Ms: at(0.99) };
}
