import { join } from 'node:path';
import sharp from 'sharp';
import { HarrierError } from '../../../errors.ts';
import type { FolderListing } from './folder-listing.ts';

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
