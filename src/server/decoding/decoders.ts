import type { ChildProcess } from 'node:child_process';
import { Caller } from '../../calls.ts';
import type { ImageInput } from '../../data/dataset.ts';
import { HarrierError } from '../../errors.ts';
import { processChannel, startProcess } from '../../platform/node/worker.ts';
import type { InputImage } from '../service.ts';
import type { DecodeLimits, DecoderCalls } from './calls.ts';
import { MOST_PIXEL_BYTES } from './weight.ts';

export interface DecodersOptions {
  /** Large images that are decoded at the same time, at most. */
  readonly most: number;
  readonly maxPixels: number;
  /** Bytes of memory that all of them together may take, as far as is known now. */
  readonly budget: () => number;
}

/** Milliseconds after which a process that has nothing to do ends, and with it the memory that it kept. */
const IDLE_MS = 10_000;
/** Part of the free memory that decoding may take. */
const FREE_PART = 0.75;

/** Bytes that decoding may take in a process that has a limit and has used a part of it. */
export function decodeBudget(limit: number, used: number): number {
  return Math.max(0, FREE_PART * (limit - used));
}

interface Waiting {
  readonly start: (decoder: Decoder) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Decodes large images in processes of their own, a few at a time: so many that the largest of them fit into the
 * memory. A process is ended when nobody waits for its image any more; nothing else can stop a decoder halfway. Small
 * images never wait for large ones.
 */
export class Decoders {
  readonly #options: DecodersOptions;
  readonly #idle = new Set<Decoder>();
  readonly #busy = new Set<Decoder>();
  readonly #waiting = new Set<Waiting>();
  #isClosed = false;

  constructor(options: DecodersOptions) {
    this.#options = options;
  }

  /** Images that are decoded or wait for it. */
  get images(): number {
    return this.#busy.size + this.#waiting.size;
  }

  /**
   * @param signal ends the work: its reason is thrown
   * @returns the image as the model takes it
   * @throws HarrierError as `decodeImage`; `too-large` for an image that takes more memory than there is
   */
  async decode(
    { bytes, where }: InputImage,
    shape: ImageInput,
    signal: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const decoder = await this.#take(signal);
    const end = () => decoder.end(signal.reason as Error);
    signal.addEventListener('abort', end);
    try {
      const { maxPixels } = this.#options;
      return await decoder.decode(bytes, shape, where, { maxPixels, maxBytes: this.#each().maxBytes });
    } finally {
      signal.removeEventListener('abort', end);
      this.#give(decoder);
    }
  }

  close(): void {
    this.#isClosed = true;
    const closed = new HarrierError('overloaded', 'the server is closed');
    for (const { fail } of this.#waiting) fail(closed);
    this.#waiting.clear();
    for (const decoder of [...this.#idle, ...this.#busy]) decoder.end(closed);
    this.#idle.clear();
  }

  /** How many are decoded at a time, and what each may take. */
  #each(): { readonly count: number; readonly maxBytes: number } {
    const { most, maxPixels, budget } = this.#options;
    const bytes = budget();
    const count = Math.max(1, Math.min(most, Math.floor(bytes / (maxPixels * MOST_PIXEL_BYTES))));
    return { count, maxBytes: bytes / count };
  }

  #take(signal: AbortSignal): Promise<Decoder> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const abort = () => waiting.fail(signal.reason);
      const settle = () => {
        this.#waiting.delete(waiting);
        signal.removeEventListener('abort', abort);
      };
      const waiting: Waiting = {
        start: (decoder) => {
          settle();
          resolve(decoder);
        },
        fail: (error) => {
          settle();
          reject(error);
        },
      };
      signal.addEventListener('abort', abort);
      this.#waiting.add(waiting);
      this.#start();
    });
  }

  #give(decoder: Decoder): void {
    this.#busy.delete(decoder);
    if (decoder.isAlive && !this.#isClosed) {
      this.#idle.add(decoder);
      decoder.whenIdle(IDLE_MS, () => this.#idle.delete(decoder));
    }
    this.#start();
  }

  #start(): void {
    if (this.#isClosed || this.#waiting.size === 0) return;
    const { count } = this.#each();
    for (const { start } of [...this.#waiting].slice(0, Math.max(0, count - this.#busy.size))) {
      const [kept] = [...this.#idle].filter(({ isAlive }) => isAlive);
      const decoder = kept ?? new Decoder();
      this.#idle.delete(decoder);
      this.#busy.add(decoder);
      start(decoder);
    }
  }
}

/** One process that decodes one image at a time. */
class Decoder {
  readonly #process: ChildProcess;
  readonly #calls: Caller<DecoderCalls>;
  #isAlive = true;
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    this.#process = startProcess('./process', import.meta.url);
    this.#calls = new Caller(processChannel(this.#process));
    const gone = (how: string) => {
      this.#isAlive = false;
      clearTimeout(this.#timer);
      this.#calls.fail(
        new HarrierError('too-large', `the process that decoded this image ${how}`, {
          expected: 'an image that the memory of the server is enough for',
          next: 'Scale it down first, or give the server more memory.',
        }),
      );
    };
    this.#process.on('error', (error) => gone(`could not be started: ${error.message}`));
    this.#process.on('exit', (code, signal) =>
      gone(signal ? `was ended by ${signal}` : `ended with code ${code}`),
    );
  }

  get isAlive(): boolean {
    return this.#isAlive;
  }

  async decode(
    bytes: Uint8Array,
    shape: ImageInput,
    where: string,
    limits: DecodeLimits,
  ): Promise<Uint8Array<ArrayBuffer>> {
    clearTimeout(this.#timer);
    return new Uint8Array(await this.#calls.call('decode', [bytes, shape, where, limits]));
  }

  whenIdle(ms: number, onEnd: () => void): void {
    this.#timer = setTimeout(() => {
      onEnd();
      this.end(new Error('nothing to do'));
    }, ms).unref();
  }

  /** At once, whatever it is at. */
  end(reason: Error): void {
    this.#isAlive = false;
    clearTimeout(this.#timer);
    this.#calls.fail(reason);
    this.#process.kill('SIGKILL');
  }
}
