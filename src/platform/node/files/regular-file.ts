import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { HarrierError } from '../../../errors.ts';
import { readError } from './read-error.ts';

/** Opens for reading, and does not wait for the writer of a pipe that stands in a file's place. */
export const READ_AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * The bytes of a file.
 * @throws HarrierError `not-found` or `storage` when it cannot be read, `bad-data` for a pipe or a device
 */
export async function readRegularFile(path: string): Promise<Buffer> {
  try {
    const file = await open(path, READ_AT_ONCE);
    try {
      const info = await file.stat();
      if (info.isFile() || info.isDirectory()) return await file.readFile();
      throw new HarrierError('bad-data', 'this is a pipe or a device', { where: path, expected: 'a file' });
    } finally {
      await file.close();
    }
  } catch (error) {
    throw readError(error, path, 'file');
  }
}
