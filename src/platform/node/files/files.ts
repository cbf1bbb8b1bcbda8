import { readFile } from 'node:fs/promises';
import type { RuntimeFiles } from '../../../runtime/index.ts';
import { writeAtomically } from './cache.ts';
import { readError } from './read-error.ts';

/** The file system, for `model.save` and callbacks. */
export const files: RuntimeFiles = {
  read: (path) =>
    readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw readError(error, path, 'file');
    }),
  write: (path, bytes) => writeAtomically(path, bytes, { next: 'choose another path' }),
};
