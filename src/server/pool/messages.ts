import { type ErrorCode, type ErrorDetails, HarrierError } from '../../errors.ts';
import type { InputImage, ServedModel } from '../service.ts';

/** What a worker starts with. */
export interface WorkerSetup {
  readonly modelBytes: Uint8Array;
  /** What errors call the model. */
  readonly where: string;
  readonly threads: number;
  /** Threads for a batch that runs alone. More than `threads` takes a second copy of the model. */
  readonly threadsAlone: number;
  readonly maxPixels: number;
}

/** To a worker. */
export type Order =
  | {
      readonly kind: 'batch';
      readonly images: readonly InputImage[];
      /** Nothing else is under way, so that all cores are free for it. */
      readonly alone: boolean;
    }
  | { readonly kind: 'end' };

/** From a worker: once `ready` or `refused`, then a `batch` for each that it was given. */
export type Report =
  | { readonly kind: 'ready'; readonly model: Omit<ServedModel, 'version'> }
  | { readonly kind: 'refused'; readonly failure: Failure }
  | { readonly kind: 'batch'; readonly results: readonly (Float32Array | Failure)[] };

/** A HarrierError on its way between threads. */
export interface Failure {
  /** Undefined for an error that nobody foresaw. */
  readonly code?: ErrorCode;
  readonly summary: string;
  readonly details: Omit<ErrorDetails, 'cause'>;
}

export function failureFrom(error: unknown): Failure {
  if (error instanceof HarrierError) {
    const { cause: _, ...details } = error.details;
    return { code: error.code, summary: error.summary, details };
  }
  return { summary: error instanceof Error ? (error.stack ?? error.message) : String(error), details: {} };
}

export function errorFrom({ code, summary, details }: Failure): Error {
  return code === undefined ? new Error(summary) : new HarrierError(code, summary, details);
}
