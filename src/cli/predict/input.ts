import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { HarrierError } from '../../errors.ts';
import { readError } from '../../platform/node/files/read-error.ts';
import { readImageFile } from '../../platform/node/images/decode.ts';
import { isAddress, type RemoteImages } from '../../platform/node/remote/remote-images.ts';

/** What stands for standard input. */
export const STANDARD_INPUT = '-';
const MAX_BYTES = 2 ** 30;

/**
 * The bytes of an image that was named on the command line or in a list: a file, a pipe, an address, or `-`.
 * @throws HarrierError as `readImageFile` and `RemoteImages.fetch` do
 */
export async function readInput(
  name: string,
  remote: RemoteImages,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  if (name === STANDARD_INPUT) return bytesOf(process.stdin, 'standard input');
  if (isAddress(name)) return remote.fetch(name, signal);
  const info = await stat(name).catch(() => undefined);
  if (info?.isFIFO() || info?.isCharacterDevice() || info?.isSocket())
    return bytesOf(createReadStream(name), name);
  return readImageFile(name);
}

export async function textOfStandardInput(): Promise<string> {
  return Buffer.from(await bytesOf(process.stdin, 'standard input')).toString('utf8');
}

async function bytesOf(stream: Readable, where: string): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of stream) {
      size += part.length;
      if (size > MAX_BYTES) {
        throw new HarrierError('bad-data', 'this file is too large for an image', {
          where,
          expected: 'at most 1 GiB',
        });
      }
      parts.push(Buffer.from(part));
    }
  } catch (error) {
    throw readError(error, where, 'file');
  }
  return Buffer.concat(parts);
}
