import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Parser, type ReadEntry } from 'tar';
import { HarrierError } from '../../../../errors.ts';
import { EntryRules, namesIn } from './entry-rules.ts';
import type { UnpackOptions } from './unpacked-folder.ts';

/**
 * Unpacks a tar file, compressed with gzip or not, into an empty folder, in one pass. Links, and files that systems
 * leave in archives, are left out.
 *
 * @throws HarrierError `bad-data` for a file that is no tar file, is damaged, or has paths that lead out of it;
 *   `too-large` for one that would fill the disk
 */
export async function unpackTar(
  path: string,
  folder: string,
  { onProgress, signal }: UnpackOptions,
): Promise<void> {
  const { size } = await stat(path);
  const rules = new EntryRules(path, size, await namesIn(folder));
  const ending = new AbortController();
  let failure: unknown;
  const writing = new Set<Promise<void>>();
  const stream = createReadStream(path, { signal });
  stream.on('data', () => {
    onProgress?.({ what: `unpacking ${path}`, done: stream.bytesRead, total: size, unit: 'bytes' });
  });
  await new Promise<void>((done) => {
    const end = (error?: unknown) => {
      failure ??= error;
      // The rest of an entry that was being written never comes.
      if (error) ending.abort();
      done();
    };
    const parser = new Parser({
      strict: true,
      onReadEntry(entry: ReadEntry) {
        let parts: readonly string[] | undefined;
        try {
          const isFile = entry.type === 'File' || entry.type === 'OldFile' || entry.type === 'ContiguousFile';
          parts = failure || !isFile ? undefined : rules.pathOf(entry.path, entry.size);
          if (parts?.some((part) => part.includes('\ufffd'))) throw garbledName(path, entry.path);
        } catch (error) {
          failure = error;
          // Nothing of it is read any further.
          stream.destroy();
          end(error);
        }
        if (!parts) {
          entry.resume();
          return;
        }
        const file = join(folder, ...parts);
        // The parser waits with the next entry until this one is read, which is before it is written.
        const work = write(entry, file, ending.signal)
          .catch(end)
          .finally(() => writing.delete(work));
        writing.add(work);
      },
    });
    parser.on('end', () => end());
    parser.on('error', end);
    stream.on('error', end);
    stream.pipe(parser as unknown as NodeJS.WritableStream);
  });
  await Promise.all(writing);
  signal?.throwIfAborted();
  if (failure) throw asHarrierError(failure, path);
  rules.checkAll();
}

/** Names that are not UTF-8 would fall together. */
function garbledName(path: string, name: string): HarrierError {
  return new HarrierError('bad-data', 'a name in this archive is not UTF-8', {
    where: path,
    received: name,
    next: 'Rename the files, and pack them again; or unpack it yourself, and give the folder.',
  });
}

async function write(entry: ReadEntry, file: string, signal: AbortSignal): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await pipeline(entry as unknown as NodeJS.ReadableStream, createWriteStream(file), { signal });
}

function asHarrierError(error: unknown, path: string): unknown {
  if (error instanceof HarrierError) return error;
  const { syscall, message } = error as NodeJS.ErrnoException;
  if (syscall === 'open' || syscall === 'write' || syscall === 'mkdir') return error;
  return new HarrierError('bad-data', 'this is no tar file, or it is damaged', {
    where: path,
    received: message,
    next: 'Copy or download it again, or pack the images again.',
    cause: error,
  });
}
