import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Data and models that lie beside the checkout, or where HARRIER_SHARED says; they are no part of the project. */
const SHARED = process.env.HARRIER_SHARED ?? fileURLToPath(new URL('../../shared', import.meta.url));

/** A file or folder there, and whether it is there: tests that need it are skipped without it. */
export function shared(path: string): {
  readonly path: string;
  readonly isThere: boolean;
  readonly note: string;
} {
  const whole = `${SHARED}/${path}`;
  const isThere = existsSync(whole);
  return { path: whole, isThere, note: isThere ? '' : ` (skipped: ${whole} is not there)` };
}
