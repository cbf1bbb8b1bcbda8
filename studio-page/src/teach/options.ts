import { signal } from '@preact/signals';
import type { Way } from './lesson.ts';
import { readJson, removalsEnded, writeJson } from './store.ts';

/** How the user wants trainings. */
export interface ChosenOptions {
  /** Undefined: the best that there is. */
  readonly way?: Way;
  /** As it was typed; empty: what suits the number of images. */
  readonly epochs: string;
  readonly mirrored: boolean;
}

const FILE = 'options.json';
const DEFAULTS: ChosenOptions = { epochs: '', mirrored: true };

/** The options of this project. */
export const options = signal(DEFAULTS);

let loading: Promise<void> | undefined;

/** Reads the options that were kept, once. Where the browser keeps nothing they stay as they are. */
export function loadOptions(): Promise<void> {
  loading ??= readJson<ChosenOptions>(FILE)
    .then((kept) => {
      // What was chosen meanwhile counts.
      if (kept && options.peek() === DEFAULTS) options.value = kept;
    })
    .catch(() => {});
  return loading;
}

let writing: Promise<unknown> = Promise.resolve();

/** Makes these the options, and keeps them where there is room; the default ones where none are given. */
export function setOptions(next: ChosenOptions = DEFAULTS): void {
  options.value = next;
  writing = writing
    .then(removalsEnded)
    .then(() => writeJson(FILE, options.peek()))
    .catch(() => {});
}
