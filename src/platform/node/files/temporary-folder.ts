import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storageError } from './cache.ts';

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
    const variable = process.platform === 'win32' ? 'TEMP' : 'TMPDIR';
    throw storageError(error, tmpdir(), `set ${variable} to another folder`);
  }
}
