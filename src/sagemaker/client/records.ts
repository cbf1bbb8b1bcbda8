import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OnProgress } from '../../data/progress.ts';
import { HarrierError } from '../../errors.ts';
import { storageError } from '../../platform/node/files/cache.ts';
import { readError } from '../../platform/node/files/read-error.ts';
import { OTHER_TEMPORARY, temporaryFolder } from '../../platform/node/files/temporary-folder.ts';
import { readImageFile } from '../../platform/node/images/decode.ts';
import { isImageName } from '../../platform/node/images/image-names.ts';
import type { Aws } from './aws.ts';
import { type S3Address, uploadFile } from './s3.ts';
import { TRANSFORM_RECORD_BYTES } from './transform.ts';

/** A file of lines, so that several machines have something to do. */
const PART_BYTES = 64 * 2 ** 20;

/**
 * Packs the images of a folder as JSON Lines, `{"id": "cat/1.jpg", "image": {"b64": …}}`, and uploads them in parts. A
 * transform job reads such lines by the dozen, where it would ask for each image file by itself.
 *
 * @returns their address and the number of images
 * @throws HarrierError `bad-data` for a folder without images, or an image that is larger than a record may be; `storage`
 *   where the system's temporary folder has no room for a part
 */
export async function uploadRecords(
  aws: Aws,
  { bucket, key }: S3Address,
  folder: string,
  { onProgress, signal }: { onProgress?: OnProgress; signal?: AbortSignal },
): Promise<{ address: string; images: number }> {
  const names = await imagesBelow(folder);
  const scratch = temporaryFolder('records');
  try {
    let done = 0;
    for (let part = 0; done < names.length; part++) {
      const name = `part-${String(part).padStart(5, '0')}.jsonl`;
      const path = join(scratch, name);
      const failed = (error: unknown): never => {
        throw storageError(error, path, OTHER_TEMPORARY);
      };
      const file = await open(path, 'wx').catch(failed);
      try {
        let size = 0;
        while (done < names.length && size < PART_BYTES) {
          signal?.throwIfAborted();
          const line = await recordOf(folder, names[done]);
          size += line.length;
          await file.appendFile(line).catch(failed);
          done++;
          onProgress?.({ what: 'packing images', done, total: names.length, unit: 'images' });
        }
      } finally {
        await file.close();
      }
      await uploadFile(aws, { bucket, key: `${key}/${name}` }, path, { signal });
      await rm(path);
    }
    return { address: `s3://${bucket}/${key}/`, images: names.length };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function imagesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error) => {
    throw readError(error, folder, 'folder');
  });
  const names = entries
    .filter((entry) => !entry.isDirectory() && isImageName(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length).replaceAll('\\', '/'))
    .map((name) => name.replace(/^\/+/, ''))
    .filter((name) => !name.split('/').some((part) => part.startsWith('.')))
    .sort();
  if (names.length > 0) return names;
  throw new HarrierError('bad-data', 'this folder holds no images', { where: folder });
}

async function recordOf(folder: string, id: string): Promise<string> {
  const bytes = await readImageFile(join(folder, id));
  const line = `${JSON.stringify({ id, image: { b64: bytes.toString('base64') } })}\n`;
  if (line.length <= TRANSFORM_RECORD_BYTES) return line;
  throw new HarrierError('bad-data', 'this image is too large for a line of a transform job', {
    where: join(folder, id),
    expected: `at most ${Math.floor((TRANSFORM_RECORD_BYTES * 3) / 4 / 1e6)} MB`,
    received: `${(bytes.length / 1e6).toFixed(1)} MB`,
    next: 'Scale it down first.',
  });
}
