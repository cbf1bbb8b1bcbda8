import { errorFromPlain, type PlainError, plainError } from './plain-error.ts';

// Calls between threads, pages and their workers, or processes: a request with a number, an answer with the same one.
// Why this and not a library: docs/decisions/0015-one-worker-call.md.

/** One end of a connection: a worker, the port of a worker to its parent, a child process. */
export interface Channel {
  /** @param transfer memory that is handed over instead of copied, where the connection can do that */
  send(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** @param onMessage takes each message of the other end */
  listen(onMessage: (message: unknown) => void): void;
}

/** What one end offers to the other, by name. Arguments and results are plain data; functions among the arguments are
 * called back at the caller's end. */
// biome-ignore lint/suspicious/noExplicitAny: a method may take anything.
export type Methods<M> = { readonly [N in keyof M]: (...args: any[]) => unknown };

/** What a call of a method resolves to. */
export type Result<F> = F extends (...args: never[]) => infer R
  ? Awaited<R> extends Moved<infer T>
    ? T
    : Awaited<R>
  : never;

type Arguments<F> = F extends (...args: infer A) => unknown ? A : never;

/** A result whose memory is handed over instead of copied. */
export class Moved<T> {
  readonly value: T;
  readonly transfer: readonly ArrayBuffer[];

  constructor(value: T, transfer: readonly ArrayBuffer[]) {
    this.value = value;
    this.transfer = transfer;
  }
}

interface Request {
  readonly id: number;
  readonly name: string;
  readonly args: readonly unknown[];
  /** Positions of functions among the arguments: they stay with the caller, null goes in their place. */
  readonly callbacks: readonly number[];
}

type Reply =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: PlainError }
  /** A function among the arguments is called. */
  | { readonly id: number; readonly callback: number; readonly args: readonly unknown[] };

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly args: readonly unknown[];
}

/** Calls the methods that the other end of a channel answers. */
export class Caller<M extends Methods<M>> {
  readonly #channel: Channel;
  readonly #waiting = new Map<number, Waiting>();
  #count = 0;
  #failure: Error | undefined;

  constructor(channel: Channel) {
    this.#channel = channel;
    channel.listen((message) => this.#hear(message as Reply));
  }

  /**
   * @param transfer memory of the arguments that is handed over
   * @throws what the method threw: a HarrierError with its code and details, or an Error; what `fail` was given
   */
  call<N extends keyof M & string>(
    name: N,
    args: Arguments<M[N]>,
    transfer?: readonly ArrayBuffer[],
  ): Promise<Result<M[N]>> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = this.#count++;
    const given: readonly unknown[] = args;
    const callbacks = given.flatMap((each, i) => (typeof each === 'function' ? [i] : []));
    const plain =
      callbacks.length === 0 ? given : given.map((each) => (typeof each === 'function' ? null : each));
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject, args: given });
      this.#channel.send({ id, name, args: plain, callbacks } satisfies Request, transfer);
    });
  }

  /** The other end is gone: calls under way, and later ones, fail with this. The first failure stays. */
  fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(this.#failure);
    this.#waiting.clear();
  }

  #hear(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (!waiting) return;
    if ('callback' in reply) {
      (waiting.args[reply.callback] as (...args: readonly unknown[]) => void)(...reply.args);
      return;
    }
    this.#waiting.delete(reply.id);
    if ('error' in reply) waiting.reject(errorFromPlain(reply.error));
    else waiting.resolve(reply.value);
  }
}

/**
 * Answers the calls that come over a channel.
 * @param inTurn starts a call only when the one before it is answered. Default: calls may overlap.
 */
export function answerCalls<M extends Methods<M>>(
  channel: Channel,
  methods: M,
  { inTurn = false }: { inTurn?: boolean } = {},
): void {
  let last: Promise<void> = Promise.resolve();
  channel.listen((message) => {
    const request = message as Request;
    const work = () => answer(channel, methods, request);
    // A message that is no request ends this end with its error, as it should.
    if (!Object.hasOwn(methods, request.name)) throw new TypeError(`there is no method "${request.name}"`);
    if (inTurn) last = last.then(work);
    else void work();
  });
}

async function answer<M extends Methods<M>>(channel: Channel, methods: M, request: Request): Promise<void> {
  const { id, name, args, callbacks } = request;
  try {
    const whole = args.map((each, i) =>
      callbacks.includes(i)
        ? (...news: readonly unknown[]) => channel.send({ id, callback: i, args: news } satisfies Reply)
        : each,
    );
    const value = await methods[name as keyof M](...whole);
    if (value instanceof Moved) channel.send({ id, value: value.value } satisfies Reply, value.transfer);
    else channel.send({ id, value } satisfies Reply);
  } catch (error) {
    channel.send({ id, error: plainError(error) } satisfies Reply);
  }
}
