import type { FetchModelOptions } from '../platform/node/backbones/fetch-model.ts';
import { licenseNote, notesOn, type StartingModel } from '../runs/starting-model.ts';
import type { Reporter } from './reporter.ts';

/** How commands fetch a model: with progress, and a note where one source stands in for another. */
export function fetchingFor(reporter: Reporter, signal?: AbortSignal): FetchModelOptions {
  return {
    onProgress: reporter.work,
    onNote: (sentence) => reporter.note(`Note: ${sentence}`),
    signal,
  };
}

/** Says what there is to know of a model before it is used: its licence, what was assumed, another size of images. */
export function noteModel(model: StartingModel, reporter: Reporter): void {
  for (const sentence of notesOn(model)) reporter.note(`Note: ${sentence}`);
}

/** Says what the licence of a fetched model asks for, where it asks for more than to be named. */
export function noteLicense(model: Pick<StartingModel, 'name' | 'source'>, reporter: Reporter): void {
  const warning = licenseNote(model);
  if (warning) reporter.note(`Note: ${warning}`);
}
