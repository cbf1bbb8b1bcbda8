import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Elsewhere, storageError } from './cache.ts';

/** What to do where the system's folder for what is needed for a moment cannot be written. */
export const OTHER_TEMPORARY: Elsewhere = `set ${process.platform === 'win32' ? 'TEMP' : 'TMPDIR'} to another folder`;

/**
 * Makes an empty folder for what is needed for a moment; whoever asks for it removes it.
 *
 * @param name of what it is for, within the folder's name
 * @throws HarrierError `storage` where the system's folder for such cannot be written
 */
export function temporaryFolder(name: string): string {
  try {
    return mkdtempSync(join(tmpdir(), `harrier-${name}-`));
  } catch (error) {
    throw storageError(error, tmpdir(), OTHER_TEMPORARY);
  }
}
