import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import { checkGather, type Dataset, type ImageInput, imageBytes } from '../../../data/dataset.ts';
import { hashHeader } from '../../../data/hash.ts';
import { pickImages } from '../../../data/pixel-source.ts';
import { pickTags } from '../../../data/tags.ts';
import type { FolderListing } from './folder-listing.ts';
import type { PixelStore } from './pixel-store.ts';

/** Some images of a decoded folder. */
export interface FolderImages {
  readonly listing: FolderListing;
  readonly imageShape: ImageInput;
  /** `train`, `test`, …: the name of the data set is the folder's, a slash, and this. */
  readonly part: string;
  /** Places in the listing. */
  readonly slots: readonly number[];
  readonly store: PixelStore;
  /** For every file of the listing a number that its copies share. */
  readonly copies?: Uint32Array;
  /** The hash, where it is known. */
  readonly hash?: string;
}

/** Images of a decoded folder as a data set. */
export function folderDataset({
  listing,
  imageShape,
  part,
  slots,
  store,
  copies,
  hash,
}: FolderImages): Dataset {
  const bytes = imageBytes(imageShape);
  const labels = Uint16Array.from(slots, (slot) => listing.files[slot].label);
  const tags = listing.tags && pickTags(listing.tags, listing.classNames.length, slots);
  const own = { name: `${listing.called ?? listing.root}/${part}`, size: slots.length, imageShape };
  return {
    ...own,
    classNames: listing.classNames,
    labels,
    ...(tags && { tags }),
    hash:
      hash ?? hashImages(hashHeader(listing.classNames, imageShape, labels, tags), imageShape, slots, store),
    pixelSource: pickImages(store.source, Uint32Array.from(slots)),
    ...(copies && { copies: Uint32Array.from(slots, (slot) => copies[slot]) }),
    ...(listing.times && { times: Float64Array.from(slots, (slot) => listing.times![slot]) }),
    gather(indices, out) {
      checkGather(own, indices, out);
      for (let i = 0; i < indices.length; i++) store.read(slots[indices[i]], out, i * bytes);
    },
    describe: (index) => join(listing.called ?? listing.root, listing.files[slots[index]].path),
    file: (index) => resolve(listing.root, listing.files[slots[index]].path),
  };
}

function hashImages(
  header: Uint8Array,
  shape: ImageInput,
  slots: readonly number[],
  store: PixelStore,
): string {
  const hash = createHash('sha256').update(header);
  const image = new Uint8Array(imageBytes(shape));
  for (const slot of slots) {
    store.read(slot, image, 0);
    hash.update(image);
  }
  return hash.digest('hex');
}
