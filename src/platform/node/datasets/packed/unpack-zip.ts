import { createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { type Entry, openPromise, type ZipFile } from 'yauzl';
import { HarrierError } from '../../../../errors.ts';
import { EntryRules, namesIn } from './entry-rules.ts';
import type { UnpackOptions } from './unpacked-folder.ts';

/** The bits of a Unix mode that tell what a file is, and their value for a symbolic link. */
const [KIND, LINK] = [0o170000, 0o120000];

/**
 * Unpacks a zip file into an empty folder. Links, and files that systems leave in archives, are left out.
 *
 * @throws HarrierError `bad-data` for a file that is no zip file, is damaged or encrypted, or has paths that lead out of
 *   it; `too-large` for one that would fill the disk
 */
export async function unpackZip(
  path: string,
  folder: string,
  { onProgress, signal }: UnpackOptions,
): Promise<void> {
  const { size } = await stat(path);
  const rules = new EntryRules(path, size, await namesIn(folder));
  try {
    const zip = await openPromise(path, { strictFileNames: false, validateEntrySizes: true });
    try {
      let done = 0;
      for await (const entry of zip.eachEntry()) {
        signal?.throwIfAborted();
        onProgress?.({ what: `unpacking ${path}`, done: done++, total: zip.entryCount, unit: 'files' });
        await unpackEntry(zip, entry, folder, rules, path, signal);
      }
    } finally {
      zip.close();
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw asHarrierError(error, path);
  }
  rules.checkAll();
}

async function unpackEntry(
  zip: ZipFile,
  entry: Entry,
  folder: string,
  rules: EntryRules,
  where: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const name = nameOf(entry);
  const isFolder = name.endsWith('/');
  const isLink = ((entry.externalFileAttributes >>> 16) & KIND) === LINK;
  const parts = rules.pathOf(name, entry.uncompressedSize);
  if (isFolder || isLink || !parts) return;
  if (entry.isEncrypted()) {
    throw new HarrierError('bad-data', 'this zip file is encrypted', {
      where,
      received: name,
      next: 'Unpack it, and give the folder.',
    });
  }
  const file = join(folder, ...parts);
  await mkdir(dirname(file), { recursive: true });
  let sum = 0;
  const summed = async function* (chunks: AsyncIterable<Buffer>) {
    for await (const chunk of chunks) {
      sum = crc32(chunk, sum);
      yield chunk;
    }
  };
  await pipeline(await zip.openReadStreamPromise(entry), summed, createWriteStream(file), { signal });
  if (sum === entry.crc32) return;
  throw new HarrierError('bad-data', 'a file in this archive is damaged', {
    where,
    received: name,
    next: 'Copy or download it again, or pack the images again.',
  });
}

/** The flag of a name in UTF-8 (APPNOTE 4.4.4, bit 11), and the field with such a name (4.6.9). */
const [UTF8_FLAG, UTF8_FIELD] = [0x800, 0x7075];

/**
 * An entry's path. Some programs, among them the Finder's, write UTF-8 without saying so. Names of the old code page are
 * hardly ever valid UTF-8.
 */
function nameOf(entry: Entry): string {
  const { fileName, fileNameRaw, generalPurposeBitFlag, extraFields } = entry;
  const isStated =
    (generalPurposeBitFlag & UTF8_FLAG) !== 0 || extraFields.some(({ id }) => id === UTF8_FIELD);
  if (isStated) return fileName;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(fileNameRaw).replaceAll('\\', '/');
  } catch {
    return fileName;
  }
}

function asHarrierError(error: unknown, path: string): unknown {
  if (error instanceof HarrierError) return error;
  const { syscall, message } = error as NodeJS.ErrnoException;
  if (typeof syscall === 'string') return error;
  const isOutside = /invalid relative path|absolute path/.test(message);
  return isOutside
    ? new HarrierError('bad-data', 'a path in this archive leads out of it: nothing is unpacked', {
        where: path,
        received: message.replace(/^[^:]*: /, ''),
        next: 'Do not trust it. Pack the images again.',
        cause: error,
      })
    : new HarrierError('bad-data', 'this is no zip file, or it is damaged', {
        where: path,
        received: message,
        next: 'Copy or download it again, or pack the images again.',
        cause: error,
      });
}
