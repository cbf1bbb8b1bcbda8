import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Backbone, FeatureStore } from '../../backbones/index.ts';
import { imageBytes } from '../../data/dataset.ts';
import type { OnProgress } from '../../data/progress.ts';
import { HarrierError } from '../../errors.ts';
import { formatQuantity } from '../../format/format.ts';
import { filesBelow } from '../../platform/node/datasets/folder-tree.ts';
import { isSidecarName } from '../../platform/node/datasets/list-images.ts';
import { nativeSha256 } from '../../platform/node/files/sha256.ts';
import { DECODER_VERSION, decodeImage, readImageFile } from '../../platform/node/images/decode.ts';
import { isImageName } from '../../platform/node/images/image-names.ts';

/** A file that is left out, and why. */
export interface UnusableFile {
  /** Path below the folder. */
  readonly file: string;
  readonly reason: string;
}

/** The images below a folder, in the order of their paths. */
export interface UnsortedImages {
  /** Paths below the folder, with `/` between their parts. */
  readonly files: readonly string[];
  /** float32 `[images, size]`. */
  readonly features: Float32Array;
  readonly size: number;
  /** Images that cannot be read. */
  readonly unusable: readonly UnusableFile[];
  /** Files that are no images: they are not looked at. */
  readonly others: readonly string[];
}

export interface UnsortedImagesOptions {
  readonly store?: FeatureStore;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** Images that are read and computed at once. */
const CHUNK = 16;
/** New rows are kept in files of so many. */
const KEPT_TOGETHER = 256;

/** The names of images below a folder, and of its other files. @throws HarrierError when the folder cannot be read */
export async function listUnsorted(
  folder: string,
): Promise<{ readonly images: string[]; readonly others: string[]; readonly garbled: UnusableFile[] }> {
  const info = await stat(folder).catch(() => undefined);
  if (!info?.isDirectory()) {
    throw new HarrierError('not-found', info ? 'this is not a folder' : 'there is no such folder', {
      where: folder,
      expected: 'a folder of images',
      next: 'Check the path.',
    });
  }
  const images: string[] = [];
  const others: string[] = [];
  const garbled: UnusableFile[] = [];
  for (const { path, problem } of await filesBelow(folder, '.')) {
    const file = path.slice('./'.length);
    if (isSidecarName(file)) continue;
    if (problem) garbled.push({ file, reason: `${file}: ${problem}` });
    else (isImageName(file) ? images : others).push(file);
  }
  if (images.length > 0) return { images, others, garbled };
  throw new HarrierError('bad-data', 'this folder contains no images', {
    where: folder,
    expected: "files with an image's extension (.png, .jpg, …), also in sub-folders",
    ...(others.length > 0 && { received: `${others.length} other files, such as ${others[0]}` }),
    next: 'Check the path.',
  });
}

/**
 * Features of all images below a folder: those that the store has are not computed again, whatever the files are called.
 * @throws HarrierError as `listUnsorted`; `bad-data` when no image can be read; the signal's reason when aborted
 */
export async function readUnsorted(
  folder: string,
  backbone: Backbone,
  { store, onProgress, signal }: UnsortedImagesOptions = {},
): Promise<UnsortedImages> {
  const { images, others, garbled } = await listUnsorted(folder);
  const { size, imageShape } = backbone;
  const way = Buffer.from(JSON.stringify([DECODER_VERSION, imageShape]));
  const unusable = [...garbled];
  const good: { readonly file: string; readonly row: Float32Array }[] = [];
  let fresh = new Map<string, Float32Array>();
  const keep = async () => {
    if (fresh.size > 0) await store?.write(fresh);
    fresh = new Map();
  };
  const progress = (done: number) =>
    onProgress?.({ what: 'looking at the images', done, total: images.length, unit: 'images' });
  const keys = new Map<string, string>();
  for (const file of images) {
    signal?.throwIfAborted();
    try {
      const bytes = await readImageFile(join(folder, file));
      keys.set(file, nativeSha256().update(bytes).update(way).digest().slice(0, 32));
    } catch (error) {
      unusable.push({ file, reason: reasonOf(error) });
    }
  }
  const known = new Map(await store?.read([...keys.values()]));
  const missing = [...keys].filter(([, key]) => !known.has(key));
  const broken = new Set<string>();
  progress(keys.size - missing.length);
  try {
    for (let start = 0; start < missing.length; start += CHUNK) {
      signal?.throwIfAborted();
      const part = missing.slice(start, start + CHUNK).filter(([, key]) => !known.has(key));
      const decoded = await Promise.all(
        part.map(([file]) =>
          decodeImage(join(folder, file), imageShape).catch((error: unknown) => {
            unusable.push({ file, reason: reasonOf(error) });
            broken.add(file);
            return undefined;
          }),
        ),
      );
      const there = part.filter((_, i) => decoded[i] !== undefined);
      if (there.length > 0) {
        const pixels = new Uint8Array(there.length * imageBytes(imageShape));
        const whole = decoded.filter((image) => image !== undefined);
        for (const [i, image] of whole.entries()) pixels.set(image, i * imageBytes(imageShape));
        const rows = await backbone.features(pixels);
        for (const [i, [, key]] of there.entries()) {
          const row = rows.slice(i * size, (i + 1) * size);
          known.set(key, row);
          fresh.set(key, row);
        }
        if (fresh.size >= KEPT_TOGETHER) await keep();
      }
      progress(keys.size - missing.length + start + Math.min(CHUNK, missing.length - start));
    }
  } finally {
    await keep();
  }
  for (const [file, key] of keys) {
    const row = known.get(key);
    if (row && !broken.has(file)) good.push({ file, row });
  }
  if (good.length === 0) {
    throw new HarrierError('bad-data', 'none of the images can be read', {
      where: folder,
      received: formatQuantity(unusable.length, 'file'),
      next: `The first: ${unusable[0]?.reason}`,
    });
  }
  const features = new Float32Array(good.length * size);
  good.forEach(({ row }, i) => {
    features.set(row, i * size);
  });
  return { files: good.map(({ file }) => file), features, size, unusable, others };
}

function reasonOf(error: unknown): string {
  if (error instanceof HarrierError) return error.message;
  throw error;
}
