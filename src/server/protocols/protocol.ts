import type { Answer, InputImage, ServedModel } from '../service.ts';

/** What a route answers. */
export interface Reply {
  readonly status?: number;
  readonly type?: string;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a route is given. */
export interface Call {
  readonly request: Request;
  /** Of the URL, decoded. */
  readonly path: string;
  /** @throws HarrierError `overloaded` while there is none */
  readonly model: () => ServedModel;
  /** Reads the body; a form that is only JSON may be less long. */
  readonly body: <T>(use: (bytes: Uint8Array<ArrayBuffer>) => Promise<T>, form?: 'json') => Promise<T>;
  /** Images that may wait at once. */
  readonly maxQueue: number;
  /** @throws HarrierError `too-large` when a request has more images than may ever wait */
  readonly checkCount: (images: number) => void;
  readonly classify: (images: readonly InputImage[]) => Promise<Answer>;
  /**
   * Lets other requests have their turn: the thread that reads bodies also talks to the network.
   * @throws HarrierError `timed-out` after the deadline, or when nobody waits for the answer
   */
  readonly pause: () => Promise<void>;
}

export type Handler = (call: Call) => Promise<Reply> | Reply;

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** In Hono's language. */
  readonly path: string;
  readonly handler: Handler;
  /** Anyone may ask, even where a token is wanted: is the server alive? */
  readonly isOpen?: boolean;
  /** Refusals put their sentence under `error`, as this protocol's clients expect. */
  readonly errorField?: boolean;
  /** It classifies: limits on how much is done at a time hold for it. */
  readonly classifies?: boolean;
}

export function json(value: unknown, type = 'application/json'): Reply {
  return { type, body: JSON.stringify(value) };
}
