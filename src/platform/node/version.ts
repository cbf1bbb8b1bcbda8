import { readFileSync } from 'node:fs';

/** Harrier's version, from its package. */
export const HARRIER_VERSION: string = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
).version;
