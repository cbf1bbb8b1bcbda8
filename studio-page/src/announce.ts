import { signal } from '@preact/signals';

/** What screen readers say next. */
export const announced = signal('');

/** Says the end of long work to who cannot see that the page has changed. */
export function announce(words: string): void {
  // The same words twice are said twice.
  announced.value = announced.peek() === words ? `${words} ` : words;
}
