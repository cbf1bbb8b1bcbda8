import type { ErrorCode } from '../../errors.ts';
import type { TrialOptions } from './options.ts';

/** What a worker is told. */
export type Order =
  /** Train the run in `folder`, beginning or going on, until so many epochs are done. */
  | { readonly kind: 'train'; readonly folder: string; readonly given: TrialOptions; readonly until: number }
  /** Save, and report where the trial stands. */
  | { readonly kind: 'stop' };

/** What a worker reports. */
export type News =
  /** Epochs done, with the share of the one under way. */
  | { readonly kind: 'progress'; readonly epochs: number }
  /** The order is carried out, or was stopped. */
  | { readonly kind: 'done'; readonly stopped: boolean }
  | { readonly kind: 'failed'; readonly message: string; readonly code?: ErrorCode };
