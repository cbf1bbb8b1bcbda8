import { basename } from 'node:path';
import { Parser, type ReadEntry } from 'tar';
import { HarrierError } from '../../../errors.ts';

/**
 * Reads the files called `names` (in whatever folder) out of a tar archive, gzipped or not, into memory.
 *
 * @param where what to call the archive in errors
 * @returns bytes by file name
 * @throws HarrierError `bad-data` when the archive is malformed or a file is not in it; the stream's own error
 */
export async function readTarEntries(
  archive: NodeJS.ReadableStream,
  names: readonly string[],
  where: string,
): Promise<Map<string, Buffer>> {
  const wanted = new Set(names);
  const found = new Map<string, Buffer>();
  await new Promise<void>((resolve, reject) => {
    const parser = new Parser({
      strict: true,
      onReadEntry(entry: ReadEntry) {
        const name = basename(entry.path);
        if (!wanted.has(name) || found.has(name)) {
          entry.resume();
          return;
        }
        const chunks: Buffer[] = [];
        entry.on('data', (chunk: Buffer) => chunks.push(chunk));
        entry.on('end', () => found.set(name, Buffer.concat(chunks)));
      },
    });
    parser.on('end', () => resolve());
    parser.on('error', (cause: Error) => {
      reject(new HarrierError('bad-data', `the archive is malformed (${cause.message})`, { where, cause }));
    });
    archive.on('error', reject);
    archive.pipe(parser as unknown as NodeJS.WritableStream);
  });
  const missing = names.filter((name) => !found.has(name));
  if (missing.length > 0) {
    throw new HarrierError('bad-data', `the archive does not contain ${missing.join(', ')}`, { where });
  }
  return found;
}
