import { join } from 'node:path';
import {
  type Dataset,
  type DatasetSplits,
  type ImageInput,
  imageBytes,
  imageInput,
} from '../../../data/dataset.ts';
import type { FolderRules } from '../../../data/folder-rules.ts';
import { type Preprocessing, STRETCHED } from '../../../data/preprocessing.ts';
import type { OnProgress } from '../../../data/progress.ts';
import { HarrierError } from '../../../errors.ts';
import { cacheDirectory, makeDirectory } from '../files/cache.ts';
import { withLock } from '../files/lock.ts';
import { contentKeys } from './content-keys.ts';
import {
  cacheName,
  type DecodedFolder,
  decodeFolder,
  readFolderCache,
  removeOldCaches,
  saveFolderCache,
} from './folder-cache.ts';
import { copyNumbers } from './folder-copies.ts';
import { folderDataset } from './folder-dataset.ts';
import type { FolderPurpose } from './folder-layout.ts';
import { absentNotes, copyNotes } from './folder-notes.ts';
import { bringsTest, splitFolder } from './folder-split.ts';
import { readKeptTest, writeKeptTest } from './kept-test.ts';
import { type LabelRules, labelRules } from './label-rules.ts';
import { listImages } from './list-images.ts';
import { openPixelStore } from './pixel-store.ts';
import { checkNewest, hasOwnTest, type SplitRules, splitKeys, withSplitRules } from './split-rules.ts';
import { checkImageSize, croppedNotes, usualSize } from './usual-size.ts';

/** How a folder of images is read. */
export interface ImageFolderOptions extends SplitRules, LabelRules {
  /** Height and width that every image is scaled to. By default it follows from the images: see `imageFolder`. */
  readonly imageSize?: number | undefined;
  /** How every image comes to that size: by default it is stretched. A model that is trained on brings its own. */
  readonly preprocessing?: Preprocessing | undefined;
  /** Leave out files that are no usable image, instead of failing. */
  readonly skipBad?: boolean;
  /** Images have any number of labels, which a list names (`photo.jpg,cat;dog`); see `Dataset.tags`. */
  readonly multiLabel?: boolean;
  /** Harrier's cache folder; decoded images lie in its sub-folder `folders`. */
  readonly cacheDirectory?: string;
  /** Up to how many bytes of decoded images are held in memory; beyond, each is read from the cache file. */
  readonly memoryBytes?: number;
  /** How the folder is split: by default 4; less for runs that began with older versions. */
  readonly rules?: FolderRules;
  /**
   * Whether a run begins with it: what would be no good split by time is then refused. False: one that has begun goes
   * on, and data that has got a test part since is no wrong `testSplit`.
   */
  readonly isNew?: boolean;
  /** Told how many images are decoded. */
  readonly onProgress?: OnProgress;
  /** Stops when aborted. */
  readonly signal?: AbortSignal;
}

/** A file that was left out, and why. */
export interface SkippedFile {
  /** Path of the file. */
  readonly file: string;
  /** Why it is not a usable image, in a sentence. */
  readonly reason: string;
}

/** A folder of images as data sets, and the files that were skipped. */
export interface ImageFolderSplits extends DatasetSplits {
  /** Only where the folder has training, test and validation parts. */
  readonly validation?: Dataset;
  /** The files that `skipBad` skipped. */
  readonly skipped: readonly SkippedFile[];
  /** Sentences about what is no error, but may be a mistake. */
  readonly notes: readonly string[];
}

/** The images of a folder that a model is evaluated on. */
export interface EvaluationFolder {
  readonly dataset: Dataset;
  /** Which they are: `all` where the folder has no parts. */
  readonly part: 'all' | 'test' | 'validation' | 'train';
  /** Usable images of the folder. */
  readonly total: number;
  readonly skipped: readonly SkippedFile[];
  readonly notes: readonly string[];
}

const MEMORY_BYTES = 512 * 2 ** 20;

/**
 * Opens a folder of images: one sub-folder per class, or `train`, `test` and `val` folders of such, or a list of
 * images with their labels (CSV or JSON Lines). `labelBy` finds labels in paths instead. Without a test part, about one
 * image in five (`testSplit`) is kept for testing, chosen by its content.
 *
 * The images are decoded once, into a cache that is made again when a file is added, removed or changed. Without
 * `imageSize`, images that all have one square size up to 96 keep it. Others become 32 × 32 if most are that small,
 * else 64 × 64.
 *
 * @throws HarrierError `not-found` when there is no such folder; `bad-data` when it is a file, is empty, has one
 *   class, an empty class or an ambiguous layout, or contains a file that is not a usable image (unless `skipBad`);
 *   `bad-option` for a size that is not a whole number from 1 to 4096, or a `testSplit`
 *   that is out of range or has no use; `storage` when the cache cannot be written; the
 *   signal's reason when aborted
 */
export async function imageFolder(
  path: string,
  options: ImageFolderOptions = {},
): Promise<ImageFolderSplits> {
  const { cacheDirectory: cache = cacheDirectory(), testSplit, splitBy, pooled = false, rules = 4 } = options;
  const keptTest = rules !== 1 && !splitBy ? await readKeptTest(path, cache) : undefined;
  let newlyKept: readonly string[] = [];
  const opened = await openFolder(path, 'training', options, (folder) => {
    const { listing, decoded } = folder;
    const copies = copyNumbers(listing, decoded.copies);
    const own = rules === 1 ? undefined : copies;
    // A run that has begun takes the data as it is, to say what has changed.
    if (testSplit !== undefined && options.isNew !== false && bringsTest(listing)) throw hasOwnTest(listing);
    const allImages = () => {
      const good = [...listing.files.keys()].filter((slot) => !decoded.bad.has(slot));
      const all = folder.dataset('all', good, 'all', own);
      return { train: all, test: all, skipped: folder.skipped, notes: listing.notes };
    };
    if (pooled === true && !(rules >= 3 ? bringsTest(listing) : listing.hasParts)) return allImages();
    const contentHashes = splitKeys(listing, decoded.contentHashes);
    const content = { ...decoded, contentHashes, copies, keptTest };
    const parts = splitFolder(listing, content, rules, {
      testSplit,
      mayHaveNoTest: pooled === 'if-needed',
    });
    if (parts.test.length === 0) return allImages();
    if (options.isNew && splitBy && !bringsTest(listing)) checkNewest(path, parts, testSplit);
    if (parts.standIns && !splitBy) newlyKept = parts.standIns.map((slot) => contentHashes[slot]);
    // Other rules, another split: each has a hash of its own.
    const kept = (part: string) =>
      [part, ...(rules === 1 ? ['rules 1'] : []), ...(listing.splitKey ? [listing.splitKey] : [])].join(', ');
    const train = folder.dataset('train', parts.train, kept('train'), own);
    const test = folder.dataset('test', parts.test, kept('test'), own);
    const validation =
      parts.validation && folder.dataset('validation', parts.validation, kept('validation'), own);
    const notes = [...listing.notes, ...copyNotes(listing, decoded, parts), ...absentNotes(test)];
    return { train, test, ...(validation && { validation }), skipped: folder.skipped, notes };
  });
  if (rules !== 1 && newlyKept.length > 0)
    await writeKeptTest(path, cache, [...(keptTest ?? []), ...newlyKept]);
  return opened;
}

/**
 * The images of a folder to evaluate a model on: those of its test part, else of its validation part, else of its
 * training part, and all of a folder without parts. One class, or a test part alone, is enough.
 *
 * @throws HarrierError as `imageFolder` does
 */
export async function evaluationFolder(
  path: string,
  options: ImageFolderOptions = {},
): Promise<EvaluationFolder> {
  return openFolder(path, 'evaluation', options, (folder) => {
    const { listing, decoded } = folder;
    const good = [...listing.files.keys()].filter((slot) => !decoded.bad.has(slot));
    const order = ['test', 'validation', 'train'] as const;
    const inPart = (part: string) => good.filter((slot) => listing.files[slot].part === part);
    const part = listing.hasParts ? (order.find((each) => inPart(each).length > 0) ?? 'test') : 'all';
    const slots = part === 'all' ? good : inPart(part);
    if (slots.length === 0) {
      throw new HarrierError('bad-data', 'there are no usable images', { where: path, next: 'Add images.' });
    }
    const { skipped } = folder;
    return {
      // Training, which sets a fifth aside, keeps the hash of what is left under "train".
      dataset: folder.dataset(
        part,
        slots,
        part === 'train' ? 'train, whole' : part,
        copyNumbers(listing, decoded.copies),
      ),
      part,
      total: good.length,
      skipped,
      notes: listing.notes,
    };
  });
}

/** A folder whose images are decoded. */
interface OpenFolder {
  readonly listing: ReturnType<typeof withSplitRules>;
  readonly decoded: DecodedFolder;
  readonly skipped: readonly SkippedFile[];
  /** @param kept under which name the cache keeps the hash */
  dataset(part: string, slots: readonly number[], kept: string, copies?: Uint32Array): Dataset;
}

async function openFolder<T>(
  path: string,
  purpose: FolderPurpose,
  options: ImageFolderOptions,
  make: (folder: OpenFolder) => T,
): Promise<T> {
  const { onProgress, signal, imageSize } = options;
  if (imageSize !== undefined) checkImageSize(imageSize);
  const { rules, skipBad } = options;
  const withTimes = options.splitBy === 'time';
  const listed = await listImages(path, {
    purpose,
    rawNames: rules === 1,
    skipMissing: skipBad,
    withTimes,
    multiLabel: options.multiLabel,
    ...labelRules(options),
    cacheDirectory: options.cacheDirectory,
    onProgress,
    signal,
  });
  // Who only evaluates splits nothing.
  const isTraining = purpose === 'training';
  const split = isTraining ? withSplitRules(listed, options) : listed;
  const cropped = isTraining ? await croppedNotes(listed, options.preprocessing) : [];
  const listing = { ...split, notes: [...split.notes, ...cropped] };
  const size = imageSize ?? (await usualSize(listing));
  const shape = imageInput({ height: size, width: size, channels: 3 }, options.preprocessing ?? STRETCHED);
  const directory = join(options.cacheDirectory ?? cacheDirectory(), 'folders');
  const keys = await contentKeys(listing, signal);
  const names = cacheName(listing, keys, shape);
  const cache = join(directory, names.name);

  const cached = await readFolderCache(cache, listing);
  const fromCache = cached && (await assemble(listing, shape, cache, cached, options, make));
  if (fromCache) return fromCache.made;
  await makeDirectory(directory);
  const onWait = (holder: number, seconds: number) =>
    onProgress?.({
      what: `waiting for process ${holder}, which is decoding the same folder`,
      done: Math.floor(seconds),
      total: 0,
      unit: 'seconds',
    });
  return withLock(`${cache}.lock`, { onWait, signal }, async () => {
    const meanwhile = await readFolderCache(cache, listing);
    const ready = meanwhile && (await assemble(listing, shape, cache, meanwhile, options, make));
    if (ready) return ready.made;
    await removeOldCaches(directory, names, listing, shape);
    const decoded = await decodeFolder(cache, listing, keys, shape, options);
    // Kept even when there are bad files: the same command with `skipBad` then starts at once.
    await saveFolderCache(cache, decoded);
    return (await assemble(listing, shape, cache, decoded, options, make))!.made;
  });
}

/** What is made of a decoded folder; undefined when the cache turns out to be damaged. */
async function assemble<T>(
  listing: OpenFolder['listing'],
  shape: ImageInput,
  cache: string,
  decoded: DecodedFolder,
  options: ImageFolderOptions,
  make: (folder: OpenFolder) => T,
): Promise<{ readonly made: T } | undefined> {
  const skipped = [...decoded.bad].map(([slot, reason]) => ({
    file: join(listing.called ?? listing.root, listing.files[slot].path),
    reason: listing.called === undefined ? reason : reason.replaceAll(listing.root, listing.called),
  }));
  if (skipped.length > 0 && !options.skipBad) throw badFiles(skipped, listing.files.length);
  const store = openPixelStore(decoded.pixelFile, imageBytes(shape), options.memoryBytes ?? MEMORY_BYTES);
  const hashes: Record<string, string> = {};
  const made = make({
    listing,
    decoded,
    skipped,
    dataset: (part, slots, kept, copies) => {
      // What is in memory is cheap to check; what is not had its file's size and time checked.
      const hash = store.inMemory ? undefined : decoded.hashes[kept];
      const dataset = folderDataset({ listing, imageShape: shape, part, slots, store, copies, hash });
      hashes[kept] = dataset.hash;
      return dataset;
    },
  });
  const isKnown = (part: string) => decoded.hashes[part] !== undefined;
  if (Object.keys(hashes).some((part) => isKnown(part) && decoded.hashes[part] !== hashes[part]))
    return undefined;
  if (!Object.keys(hashes).every(isKnown))
    await saveFolderCache(cache, { ...decoded, hashes: { ...decoded.hashes, ...hashes } });
  return { made };
}

function badFiles(skipped: readonly SkippedFile[], total: number): HarrierError {
  const [first] = skipped;
  const count = skipped.length === 1 ? '1 file of' : `${skipped.length} files of`;
  return new HarrierError(
    'bad-data',
    `${count} ${total} cannot be used; the first of them: ${first.reason.replace(/ Replace [^.]*\.$/, '')}`,
    { where: first.file, next: 'Repair or remove them, or skip them.', options: ['skipBad'] },
  );
}
