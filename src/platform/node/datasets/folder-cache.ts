import { createHash } from 'node:crypto';
import { type FileHandle, open, readdir, rm, stat, statfs } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { type ImageInput, imageBytes } from '../../../data/dataset.ts';
import type { OnProgress } from '../../../data/progress.ts';
import { HarrierError } from '../../../errors.ts';
import { formatBytes, formatQuantity } from '../../../format/format.ts';
import { jsonObject } from '../../../json-text.ts';
import { storageError, temporaryName, writeAtomically } from '../files/cache.ts';
import { isUnused, noteUse, UNUSED_MS, UNUSED_WITHOUT_ROOM_MS } from '../files/last-used.ts';
import { renameInto } from '../files/rename-into.ts';
import { toDisk } from '../files/to-disk.ts';
import { DECODER_VERSION, decodeImage, HEIC_UNREAD, readImageFile } from '../images/decode.ts';
import { readsHeic } from '../images/heic.ts';
import { readIfThere, sha256Hex } from './cifar10-files.ts';
import { isFailureKey } from './content-keys.ts';
import { COPY_SHAPE, type FolderCopies, findCopies, MOST_COMPARED } from './folder-copies.ts';
import type { FolderListing } from './folder-listing.ts';

/** Raised when more is known of the same files. */
const VERSION = 2;

/** What became of the files of a listing. */
export interface DecodedFolder {
  /** The decoded images, one slot per file of the listing (a bad file's slot holds zeros). */
  readonly pixelFile: string;
  /** SHA-256 (hex) of every file's bytes; empty for a file that could not be read. */
  readonly contentHashes: readonly string[];
  /** Why a file is no image, by its place in the listing. */
  readonly bad: ReadonlyMap<number, string>;
  readonly copies: FolderCopies;
  /** Whether it may be kept: false where a file could not be read for a reason that passes. */
  readonly lasting: boolean;
  /** `Dataset.hash` of each part, where known. */
  readonly hashes: Readonly<Record<string, string>>;
}

interface Metadata {
  readonly version: number;
  readonly contentHashes: string[];
  readonly bad: [number, string][];
  readonly copies: FolderCopies;
  readonly hashes: Record<string, string>;
  /** Size and time of the pixel file: another hand in it shows. */
  readonly pixelBytes: number;
  readonly pixelTime: number;
}

/**
 * Names of the cache files of a folder; they change with its content, so a stale cache is never read.
 * @param keys of the content of every file: see `contentKeys`
 */
export function cacheName(
  listing: FolderListing,
  keys: readonly string[],
  shape: ImageInput,
): { prefix: string; name: string } {
  const root = resolve(listing.source ?? listing.root);
  const size = sizeName(shape);
  const folder = createHash('sha256')
    .update(JSON.stringify([root, size, ...(listing.choice === undefined ? [] : [listing.choice])]))
    .digest('hex')
    .slice(0, 16);
  const content = createHash('sha256').update(
    JSON.stringify([VERSION, DECODER_VERSION, size, listing.classNames]),
  );
  if (listing.key !== undefined) content.update(listing.key);
  for (const [slot, { path }] of listing.files.entries()) content.update(JSON.stringify([path, keys[slot]]));
  const label = basename(root)
    .replace(/[^A-Za-z0-9_-]+/g, '_')
    .slice(0, 40);
  const prefix = `${label}-${size}-${folder}-`;
  return { prefix, name: prefix + content.digest('hex').slice(0, 16) };
}

/** The size of the images, and how they came to it where that is not the usual way. */
function sizeName({ height, width, preprocessing }: ImageInput): string {
  const size = `${height}x${width}`;
  if (!preprocessing) return size;
  const { resize, cropFraction, interpolation } = preprocessing;
  return [size, resize, ...(resize === 'crop' ? [cropFraction.toFixed(4)] : []), interpolation].join('-');
}

/** The decoded folder if the cache holds it whole, else undefined. */
export async function readFolderCache(
  path: string,
  listing: FolderListing,
): Promise<DecodedFolder | undefined> {
  const text = await readIfThere(`${path}.json`);
  const pixels = await stat(`${path}.pixels`).catch(() => undefined);
  if (!text || !pixels) return undefined;
  // A file of another kind is a stale cache like any other.
  const metadata = jsonObject(text.toString('utf8')) as Partial<Metadata> | undefined;
  const fits =
    isWhole(metadata) &&
    metadata.version === VERSION &&
    metadata.contentHashes?.length === listing.files.length &&
    metadata.copies !== undefined &&
    metadata.pixelBytes === pixels.size &&
    metadata.pixelTime === pixels.mtimeMs;
  if (!fits) return undefined;
  const { contentHashes, bad, copies, hashes } = metadata;
  // Files may be bad for want of a package that is there now.
  if (bad.some(([, why]) => why.startsWith(HEIC_UNREAD)) && (await readsHeic())) return undefined;
  await noteUse(`${path}.json`);
  return {
    pixelFile: `${path}.pixels`,
    contentHashes,
    bad: new Map(bad),
    copies,
    lasting: true,
    hashes,
  };
}

function isWhole(metadata: Partial<Metadata> | undefined): metadata is Metadata {
  return Array.isArray(metadata?.contentHashes) && Array.isArray(metadata.bad);
}

/**
 * Decodes every file of a listing, several at once, into a new pixel file. `saveFolderCache` completes the cache.
 *
 * @param keys of the content of every file, as they were before
 * @throws HarrierError `storage` when the cache cannot be written; the signal's reason when aborted
 */
export async function decodeFolder(
  path: string,
  listing: FolderListing,
  keys: readonly string[],
  shape: ImageInput,
  { onProgress, signal }: { onProgress?: OnProgress; signal?: AbortSignal },
): Promise<DecodedFolder> {
  const pixelFile = `${path}.pixels`;
  const temporary = temporaryName(pixelFile);
  const bytes = imageBytes(shape);
  const total = listing.files.length;
  const contentHashes = new Array<string>(total).fill('');
  const bad = new Map<number, string>();
  const smallBytes = imageBytes(COPY_SHAPE);
  const small = total <= MOST_COMPARED ? new Uint8Array(total * smallBytes) : undefined;
  let lasting = true;
  const report = (done: number) =>
    onProgress?.({
      what: `decoding the images of ${listing.called ?? listing.root}`,
      done,
      total,
      unit: 'images',
    });
  let file: FileHandle | undefined;
  await checkRoom(dirname(path), total, shape);
  try {
    const out = await open(temporary, 'wx');
    file = out;
    await out.truncate(total * bytes);
    let next = 0;
    let done = 0;
    report(0);
    const worker = async () => {
      for (let slot = next++; slot < total; slot = next++) {
        signal?.throwIfAborted();
        const { path: name, problem } = listing.files[slot];
        const where = join(listing.root, name);
        try {
          if (problem) throw new HarrierError('bad-data', problem);
          const content = await readImageFile(where);
          contentHashes[slot] = sha256Hex(content);
          await writeAll(out, await decodeImage(content, shape, where), slot * bytes);
          small?.set(await decodeImage(content, COPY_SHAPE, where), slot * smallBytes);
        } catch (error) {
          // The cache's own failure is not the image's, nor is one of the machine.
          if (!(error instanceof HarrierError) || isOfMachine(error)) {
            next = total; // the other workers stop too
            throw error;
          }
          if (!CONTENT_CODES.has(error.code) && !isFailureKey(keys[slot])) lasting = false;
          bad.set(slot, error.message.replace(`${where}: `, ''));
        }
        report(++done);
      }
    };
    // Decoding runs in libuv's threads, four unless the user set more.
    const workers = Math.min(8, Math.max(2, availableParallelism()));
    await settleAll(Array.from({ length: workers }, worker));
    await toDisk(out);
    await out.close();
    file = undefined;
    await renameInto(temporary, pixelFile);
    const sorted = new Map([...bad].sort(([a], [b]) => a - b));
    const copies = await findCopies(listing, contentHashes, sorted, small);
    return { pixelFile, contentHashes, bad: sorted, copies, lasting, hashes: {} };
  } catch (error) {
    await file?.close().catch(() => {});
    await rm(temporary, { force: true }).catch(() => {});
    signal?.throwIfAborted();
    throw storageError(error, dirname(path));
  }
}

/** What has no room is known before hours of decoding. @throws HarrierError `storage` */
async function checkRoom(folder: string, images: number, shape: ImageInput): Promise<void> {
  const { needed, free, suffices } = await roomFor(folder, images, shape);
  if (suffices) return;
  throw new HarrierError('storage', 'there is no room for the decoded images', {
    where: folder,
    expected: `${formatBytes(needed)}, for ${formatQuantity(images, 'image')} of ${shape.width} × ${shape.height} pixels`,
    received: `${formatBytes(free)} free`,
    next: 'Free some space, set HARRIER_CACHE to a folder of another disk, or take fewer or smaller images.',
  });
}

async function roomFor(folder: string, images: number, shape: ImageInput) {
  const needed = images * imageBytes(shape);
  const free = await statfs(folder).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  );
  // Some file systems do not know, or say nothing: writing tells.
  return { needed, free, suffices: free === 0 || needed <= free };
}

/** What an image itself is to blame for; anything else may pass. */
const CONTENT_CODES: ReadonlySet<string> = new Set(['bad-data', 'not-supported', 'too-large', 'bad-shape']);

/** Too many open files, no memory: of no image, and no reason to leave one out. */
export function isOfMachine({ code, cause }: HarrierError): boolean {
  const { code: reason = '' } = (cause ?? {}) as NodeJS.ErrnoException;
  return code === 'storage' && ['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN'].includes(reason);
}

/**
 * Writes down what belongs to the pixel file: from then on the cache is used. Nothing is written where a file could
 * not be read for a reason that passes.
 * @throws HarrierError `storage`
 */
export async function saveFolderCache(path: string, decoded: DecodedFolder): Promise<void> {
  if (!decoded.lasting) return;
  const { size, mtimeMs } = await stat(decoded.pixelFile).catch((error) => {
    throw storageError(error, decoded.pixelFile);
  });
  const metadata: Metadata = {
    version: VERSION,
    contentHashes: [...decoded.contentHashes],
    bad: [...decoded.bad],
    copies: decoded.copies,
    hashes: { ...decoded.hashes },
    pixelBytes: size,
    pixelTime: mtimeMs,
  };
  await writeAtomically(`${path}.json`, JSON.stringify(metadata));
}

/**
 * Removes caches of the folder's other contents that have not been used for a day, or an hour where the disk has no room
 * for another, and what killed processes left half-written.
 *
 * @param name of the cache that is to be made, which begins with `prefix`
 */
export async function removeOldCaches(
  directory: string,
  { prefix, name: keep }: ReturnType<typeof cacheName>,
  listing: Pick<FolderListing, 'files'>,
  shape: ImageInput,
): Promise<void> {
  const { suffices } = await roomFor(directory, listing.files.length, shape);
  const longest = suffices ? UNUSED_MS : UNUSED_WITHOUT_ROOM_MS;
  const names = (await readdir(directory)).filter((name) => name.startsWith(prefix));
  // Pixels before the description beside them, whose time counts for both.
  for (const name of names.sort().reverse()) {
    const old = join(directory, name);
    const isOld = /\.(pixels|json)$/.test(name)
      ? !name.startsWith(keep) && (await isUnused(await described(old), longest))
      : name.endsWith('.tmp') && (name.startsWith(keep) || (await isUnused(old, UNUSED_WITHOUT_ROOM_MS)));
    // On Windows a file in use cannot be removed; the next run tries again.
    if (isOld) await rm(old, { force: true }).catch(() => {});
  }
}

/** The file whose time counts: of pixels the description beside them, where there is one. */
async function described(path: string): Promise<string> {
  const description = path.replace(/\.pixels$/, '.json');
  return stat(description).then(
    () => description,
    () => path,
  );
}

async function writeAll(file: FileHandle, data: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < data.length; ) {
    done += (await file.write(data, done, data.length - done, position + done)).bytesWritten;
  }
}

/** Waits for all, then throws the first failure: nobody writes to a file that is closed already. */
async function settleAll(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  const failure = results.find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
}
