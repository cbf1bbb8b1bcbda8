import { join } from 'node:path';
import { type Preprocessing, seenFraction } from '../../../data/preprocessing.ts';
import { HarrierError } from '../../../errors.ts';
import { formatPercent } from '../../../format/format.ts';
import { imageFileSize } from '../images/image-file-size.ts';
import type { FolderListing } from './folder-listing.ts';
import { type ListImagesOptions, listImages } from './list-images.ts';

/** @throws HarrierError `bad-option` for a size that images cannot have */
export function checkImageSize(size: number): void {
  if (Number.isInteger(size) && size >= 1 && size <= 4096) return;
  throw new HarrierError('bad-option', 'images cannot have this size', {
    where: 'image size',
    expected: 'a whole number from 1 to 4096',
    received: `${size}`,
  });
}

/** The default size of images, from the headers of up to a hundred of them, spread over the folder. */
export async function usualSize(listing: FolderListing): Promise<number> {
  const sizes = await sampledSizes(listing);
  if (sizes.length === 0) return 64;
  const [[first]] = sizes;
  if (first <= 96 && sizes.every(([width, height]) => width === first && height === first)) return first;
  return middle(sizes.map(([width, height]) => Math.min(width, height))) <= 48 ? 32 : 64;
}

/**
 * The longer side, in pixels, of the middle one of up to a hundred images of a folder by size; undefined where there are
 * none that can be read, or the folder is none of images.
 *
 * @throws HarrierError `network` when they cannot be fetched; the signal's reason when aborted
 */
export async function typicalSide(
  path: string,
  options: ListImagesOptions = {},
): Promise<number | undefined> {
  const listing = await listImages(path, { ...options, skipMissing: true }).catch((error) => {
    if (error instanceof HarrierError && error.code !== 'network') return undefined;
    throw error;
  });
  const sizes = listing ? await sampledSizes(listing) : [];
  return sizes.length === 0 ? undefined : middle(sizes.map(([width, height]) => Math.max(width, height)));
}

/** With less than this of the typical photo, what is left out may be what counts. */
const ENOUGH_SEEN = 0.7;

/** Says how little of the photos a model sees that looks at their middle, where that is little. */
export async function croppedNotes(
  listing: FolderListing,
  preprocessing: Preprocessing | undefined,
): Promise<string[]> {
  if (preprocessing?.resize !== 'crop') return [];
  const sizes = await sampledSizes(listing);
  if (sizes.length === 0) return [];
  const seen = middle(sizes.map(([width, height]) => seenFraction(preprocessing, width / height)));
  if (seen >= ENOUGH_SEEN) return [];
  return [
    `The model looks at the middle of each photo: at ${formatPercent(seen, 0)} of the typical one. If the edges count, ` +
      'try --resize pad or --resize stretch.',
  ];
}

async function sampledSizes(listing: FolderListing): Promise<[width: number, height: number][]> {
  const step = Math.max(1, Math.floor(listing.files.length / 100));
  const sizes: [width: number, height: number][] = [];
  for (let i = 0; i < listing.files.length; i += step) {
    const size = await imageFileSize(join(listing.root, listing.files[i].path));
    if (size) sizes.push([size.width, size.height]);
  }
  return sizes;
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
