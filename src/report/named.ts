import { h, type JSX } from 'preact';

/**
 * The name of a class within other words: one that is written from right to left turns neither an arrow nor a number
 * beside it round, and no translator changes it.
 */
export function named(name: string): JSX.Element {
  return h('bdi', { translate: 'no' }, name);
}
