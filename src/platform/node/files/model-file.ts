import { closeSync, openSync, readSync, realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { HarrierError } from '../../../errors.ts';
import {
  decodeModel,
  type ExternalData,
  type ExternalReader,
  encodeModel,
  keepsExternalData,
} from '../../../onnx/index.ts';
import { readError } from './read-error.ts';
import { READ_AT_ONCE, readRegularFile } from './regular-file.ts';

/** Protocol buffers hold less than 2 GiB. */
const LARGEST = 2 ** 31 - 1;

/**
 * The bytes of an `.onnx` file, complete in themselves: weights that it keeps in other files beside it are put inside.
 * PyTorch's default exporter writes such files. A file that holds its own weights comes back as it is.
 *
 * @throws HarrierError `not-found` or `storage` when a file cannot be read, `bad-graph` when the other file is
 *   elsewhere or too short, `too-large` when one file cannot hold all
 */
export async function readModelFile(file: string): Promise<Uint8Array> {
  const bytes = await readRegularFile(file);
  if (!keepsExternalData(bytes)) return bytes;
  return encodeModel(decodeModel(bytes, file, externalReader(file)));
}

/** The files beside a model in which its weights are; none where it holds them itself, or cannot be read. */
export async function filesOfWeights(file: string): Promise<string[]> {
  const bytes = await readRegularFile(file).catch(() => undefined);
  if (!bytes || !keepsExternalData(bytes)) return [];
  const places: string[] = [];
  try {
    locationsOfWeights(bytes, file, (location) => places.push(join(dirname(file), location)));
  } catch {
    // Whoever reads it says what is wrong with it.
  }
  return places;
}

/**
 * Tells each path, relative to a model's folder, at which some of its weights lie.
 * @throws HarrierError `bad-graph` for what is no model; what `tell` throws
 */
export function locationsOfWeights(
  bytes: Uint8Array,
  file: string,
  tell: (location: string, where: string) => void,
): void {
  const told = new Set<string>();
  decodeModel(bytes, file, ({ location, length }, where) => {
    if (!told.has(location)) tell(location, where);
    told.add(location);
    return new Uint8Array(length);
  });
}

/** Reads external data from the folder of a model file, and from nowhere else. */
export function externalReader(file: string): ExternalReader {
  const folder = realpathSync(dirname(file));
  let total = 0;
  return (data, where) => {
    total += data.length;
    if (total > LARGEST) {
      throw new HarrierError('too-large', 'its weights do not fit into one file', {
        where: file,
        expected: 'less than 2 GiB',
        next: 'Use a smaller model, or one in float16.',
      });
    }
    return readRange(placeOf(data.location, folder, where), data, where);
  };
}

/** @throws HarrierError `bad-graph` for a path that leads out of the folder, by links too */
function placeOf(location: string, folder: string, where: string): string {
  const path = join(folder, location);
  const outside = () =>
    new HarrierError(
      'bad-graph',
      "its weights are in a file outside the model's folder, which Harrier does not read",
      {
        where,
        received: JSON.stringify(location),
        next: 'Copy the file beside the model, or save the model as one file.',
      },
    );
  if (isAbsolute(location) || !isInside(path, folder)) throw outside();
  let real: string;
  try {
    real = realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw readError(error, path, 'file');
    throw new HarrierError('not-found', 'its weights are in another file, which does not exist', {
      where,
      expected: path,
      next: 'Copy that file beside the model, or save the model as one file (external data off).',
      cause: error,
    });
  }
  if (!isInside(real, folder)) throw outside();
  return real;
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function readRange(path: string, { location, offset, length }: ExternalData, where: string): Uint8Array {
  let file: number | undefined;
  try {
    file = openSync(path, READ_AT_ONCE);
    const bytes = new Uint8Array(length);
    let done = 0;
    while (done < length) {
      const count = readSync(file, bytes, done, length - done, offset + done);
      if (count === 0) {
        throw new HarrierError('bad-graph', 'the file of its weights is too short', {
          where,
          expected: `${offset + length} bytes in ${location}`,
          received: `${offset + done}`,
          next: 'It is incomplete or belongs to another model: copy both files again.',
        });
      }
      done += count;
    }
    return bytes;
  } catch (error) {
    throw readError(error, path, 'file');
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
