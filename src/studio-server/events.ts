import type { StudioEvents } from './api.ts';

/** Often enough that neither a proxy nor the server takes a connection for dead. */
const HEARTBEAT_MS = 15_000;
/** What one page may leave unread, in messages: a page that sleeps is told everything anew when it wakes. */
const MOST_WAITING = 1_000;
const MOST_PAGES = 64;

type Name = keyof StudioEvents;

/** Tells all open pages what happens, as server-sent events. */
export class EventHub {
  readonly #open = new Set<ReadableStreamDefaultController<Uint8Array>>();
  readonly #onChange: (pages: number) => void;
  readonly #encoder = new TextEncoder();
  #heartbeat: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param onChange is told how many pages there are */
  constructor(onChange: (pages: number) => void = () => {}) {
    this.#onChange = onChange;
  }

  /** The answer to a page that wants to be told. @param first what it is told at once */
  connect(first: readonly (readonly [Name, unknown])[]): Response {
    if (this.#open.size >= MOST_PAGES) this.#remove([...this.#open][0]);
    let own: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          own = controller;
          controller.enqueue(this.#encoder.encode('retry: 1000\n\n'));
          for (const [name, data] of first) controller.enqueue(this.#message(name, data));
          if (this.#closed) controller.close();
          else this.#add(controller);
        },
        cancel: () => this.#remove(own),
      },
      { highWaterMark: MOST_WAITING },
    );
    return new Response(body, {
      headers: {
        'content-type': 'text/event-stream',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      },
    });
  }

  send<N extends Name>(name: N, data: StudioEvents[N]): void {
    if (this.#open.size > 0) this.#sendBytes(this.#message(name, data));
  }

  /** Ends all connections: pages come back by themselves when there is a server again. */
  close(): void {
    this.#closed = true;
    for (const controller of [...this.#open]) this.#remove(controller);
  }

  #message(name: Name, data: unknown): Uint8Array {
    return this.#encoder.encode(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  #sendBytes(bytes: Uint8Array): void {
    for (const controller of [...this.#open]) {
      if ((controller.desiredSize ?? 0) <= 0) this.#remove(controller);
      else controller.enqueue(bytes);
    }
  }

  #add(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#open.add(controller);
    this.#heartbeat ??= setInterval(
      () => this.#sendBytes(this.#encoder.encode(':\n\n')),
      HEARTBEAT_MS,
    ).unref();
    this.#onChange(this.#open.size);
  }

  #remove(controller: ReadableStreamDefaultController<Uint8Array>): void {
    if (!this.#open.delete(controller)) return;
    try {
      controller.close();
    } catch {
      // The page went away first.
    }
    if (this.#open.size === 0) {
      clearInterval(this.#heartbeat);
      this.#heartbeat = undefined;
    }
    this.#onChange(this.#open.size);
  }
}
