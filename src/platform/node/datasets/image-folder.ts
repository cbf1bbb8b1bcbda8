import { createHash } from 'node:crypto';
import { join } from 'node:path';
import sharp from 'sharp';
import {
  checkGather,
  type Dataset,
  type DatasetSplits,
  type ImageShape,
  imageBytes,
} from '../../../data/dataset.ts';
import { hashHeader } from '../../../data/hash.ts';
import { pickImages } from '../../../data/pixel-source.ts';
import type { OnProgress } from '../../../data/progress.ts';
import { classCounts } from '../../../data/statistics.ts';
import { HarrierError } from '../../../errors.ts';
import { cacheDirectory, makeDirectory } from '../files/cache.ts';
import { withLock } from '../files/lock.ts';
import {
  cacheName,
  type DecodedFolder,
  decodeFolder,
  readFolderCache,
  removeOldCaches,
  saveFolderCache,
} from './folder-cache.ts';
import { type FolderListing, listImageFolder, type Part } from './folder-listing.ts';
import { splitFolder } from './folder-split.ts';
import { openPixelStore, type PixelStore } from './pixel-store.ts';

/** How a folder of images is read. */
export interface ImageFolderOptions {
  /** Height and width that every image is scaled to. By default it follows from the images: see `imageFolder`. */
  readonly imageSize?: number;
  /** Leave out files that are no usable image, instead of failing. */
  readonly skipBad?: boolean;
  /** Harrier's cache folder; decoded images lie in its sub-folder `folders`. */
  readonly cacheDirectory?: string;
  /** Up to how many bytes of decoded images are held in memory; beyond, each is read from the cache file. */
  readonly memoryBytes?: number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** A file that was left out, and why. */
export interface SkippedFile {
  readonly file: string;
  readonly reason: string;
}

/** A folder of images as data sets, and the files that were skipped. */
export interface ImageFolderSplits extends DatasetSplits {
  /** Only where the folder has training, test and validation parts. */
  readonly validation?: Dataset;
  readonly skipped: readonly SkippedFile[];
  /** Sentences about what is no error, but may be a mistake. */
  readonly notes: readonly string[];
}

const MEMORY_BYTES = 512 * 2 ** 20;

/**
 * A data set of one's own: a folder with one sub-folder of images per class, or `train`, `test` and `val` folders of
 * such. PNG, JPEG, WebP, AVIF, GIF and TIFF; see `decodeImage` for how each becomes pixels and `splitFolder` for how
 * a folder without a test part is split.
 *
 * The images are decoded once, into a cache that is made anew when a file is added, removed or changed. Without
 * `imageSize`, images that all have one square size up to 96 keep it; others become 32 × 32 when most are that small,
 * else 64 × 64.
 *
 * @throws HarrierError `not-found` when there is no such folder; `bad-data` when it is a file, is empty, has one
 * class, an empty class, or holds a file that is no usable image (unless `skipBad`); `bad-option` for a size that is
 * no whole number from 1 to 4096; `storage` when the cache cannot be written; the signal's reason when aborted
 */
export async function imageFolder(
  path: string,
  options: ImageFolderOptions = {},
): Promise<ImageFolderSplits> {
  if (options.imageSize !== undefined) checkSize(options.imageSize);
  const listing = await listImageFolder(path);
  const size = options.imageSize ?? (await usualSize(listing));
  const shape: ImageShape = { height: size, width: size, channels: 3 };
  const directory = join(options.cacheDirectory ?? cacheDirectory(), 'folders');
  const { prefix, name } = cacheName(listing, shape);
  const cache = join(directory, name);

  const cached = await readFolderCache(cache, listing);
  const fromCache = cached && (await assemble(listing, shape, cache, cached, options));
  if (fromCache) return fromCache;
  await makeDirectory(directory);
  const { onProgress, signal } = options;
  const onWait = (holder: number, seconds: number) =>
    onProgress?.({
      what: `waiting for process ${holder}, which is decoding the same folder`,
      done: Math.floor(seconds),
      total: 0,
      unit: 'seconds',
    });
  return withLock(`${cache}.lock`, { onWait, signal }, async () => {
    const meanwhile = await readFolderCache(cache, listing);
    const ready = meanwhile && (await assemble(listing, shape, cache, meanwhile, options));
    if (ready) return ready;
    await removeOldCaches(cache, prefix);
    const decoded = await decodeFolder(cache, listing, shape, options);
    // Kept even when there are bad files: the same command with `skipBad` then starts at once.
    await saveFolderCache(cache, decoded);
    return (await assemble(listing, shape, cache, decoded, options))!;
  });
}

/** The data sets of a decoded folder; undefined when the cache turns out to be damaged. */
async function assemble(
  listing: FolderListing,
  shape: ImageShape,
  cache: string,
  decoded: DecodedFolder,
  options: ImageFolderOptions,
): Promise<ImageFolderSplits | undefined> {
  const skipped = [...decoded.bad].map(([slot, reason]) => ({
    file: join(listing.root, listing.files[slot].path),
    reason,
  }));
  if (skipped.length > 0 && !options.skipBad) throw badFiles(skipped, listing.files.length);
  const parts = splitFolder(listing, decoded.contentHashes, decoded.bad);
  const store = openPixelStore(decoded.pixelFile, imageBytes(shape), options.memoryBytes ?? MEMORY_BYTES);
  const hashes: Record<string, string> = {};
  const dataset = (part: Part, slots: readonly number[]): Dataset => {
    const labels = Uint16Array.from(slots, (slot) => listing.files[slot].label);
    // What is in memory is cheap to check; what is not had its file's size and time checked.
    const known = store.inMemory ? undefined : decoded.hashes[part];
    hashes[part] = known ?? hashImages(listing.classNames, shape, labels, slots, store);
    return folderDataset(listing, shape, part, slots, labels, hashes[part], store);
  };
  const train = dataset('train', parts.train);
  const test = dataset('test', parts.test);
  const validation = parts.validation && dataset('validation', parts.validation);
  const isKnown = (part: string) => decoded.hashes[part] !== undefined;
  if (Object.keys(hashes).some((part) => isKnown(part) && decoded.hashes[part] !== hashes[part]))
    return undefined;
  if (!Object.keys(hashes).every(isKnown)) await saveFolderCache(cache, { ...decoded, hashes });
  return { train, test, ...(validation && { validation }), skipped, notes: notesOn(test) };
}

function notesOn(test: Dataset): string[] {
  const counts = classCounts(test);
  const lacking = test.classNames.filter((_, label) => counts[label] === 0).map((name) => `"${name}"`);
  if (lacking.length === 0) return [];
  const which = lacking.length > 5 ? `${lacking.slice(0, 5).join(', ')} and others` : lacking.join(', ');
  return [`${test.name} has no image of ${which}: nothing is known about how well that is recognised.`];
}

function folderDataset(
  listing: FolderListing,
  imageShape: ImageShape,
  part: Part,
  slots: readonly number[],
  labels: Uint16Array,
  hash: string,
  store: PixelStore,
): Dataset {
  const bytes = imageBytes(imageShape);
  const own = { name: `${listing.root}/${part}`, size: slots.length, imageShape };
  return {
    ...own,
    classNames: listing.classNames,
    labels,
    hash,
    pixelSource: pickImages(store.source, Uint32Array.from(slots)),
    gather(indices, out) {
      checkGather(own, indices, out);
      for (let i = 0; i < indices.length; i++) store.read(slots[indices[i]], out, i * bytes);
    },
    describe: (index) => join(listing.root, listing.files[slots[index]].path),
  };
}

function hashImages(
  classNames: readonly string[],
  shape: ImageShape,
  labels: Uint16Array,
  slots: readonly number[],
  store: PixelStore,
): string {
  const hash = createHash('sha256').update(hashHeader(classNames, shape, labels));
  const image = new Uint8Array(imageBytes(shape));
  for (const slot of slots) {
    store.read(slot, image, 0);
    hash.update(image);
  }
  return hash.digest('hex');
}

function badFiles(skipped: readonly SkippedFile[], total: number): HarrierError {
  const [first] = skipped;
  const count = skipped.length === 1 ? '1 file of' : `${skipped.length} files of`;
  return new HarrierError(
    'bad-data',
    `${count} ${total} cannot be used; the first: ${first.reason.replace(/ Replace [^.]*\.$/, '')}`,
    { where: first.file, next: 'Repair or remove them, or have them left out.', options: ['skipBad'] },
  );
}

function checkSize(size: number): void {
  if (Number.isInteger(size) && size >= 1 && size <= 4096) return;
  throw new HarrierError('bad-option', 'images cannot have this size', {
    where: 'image size',
    expected: 'a whole number from 1 to 4096',
    received: `${size}`,
  });
}

/** The default size, from the headers of up to a hundred images spread over the folder. */
async function usualSize(listing: FolderListing): Promise<number> {
  const step = Math.max(1, Math.floor(listing.files.length / 100));
  const sizes: [width: number, height: number][] = [];
  for (let i = 0; i < listing.files.length; i += step) {
    const header = await sharp(join(listing.root, listing.files[i].path), { limitInputPixels: false })
      .metadata()
      .catch(() => undefined);
    if (header) sizes.push([header.width, header.height]);
  }
  if (sizes.length === 0) return 64;
  const [[first]] = sizes;
  if (first <= 96 && sizes.every(([width, height]) => width === first && height === first)) return first;
  const shorter = sizes.map(([width, height]) => Math.min(width, height)).sort((a, b) => a - b);
  return shorter[Math.floor(shorter.length / 2)] <= 48 ? 32 : 64;
}
