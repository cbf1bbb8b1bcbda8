import { fsync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';

const sync = promisify(fsync);

/** Has the system write what it holds of a file. Yarn's Plug'n'Play puts handles without `sync` in the place of Node's. */
export async function toDisk({ fd }: FileHandle): Promise<void> {
  await sync(fd);
}
