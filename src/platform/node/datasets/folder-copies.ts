import { setImmediate as nextTurn } from 'node:timers/promises';
import { type DuplicateImages, findDuplicates } from '../../../data/duplicates.ts';
import { memoryDataset } from '../../../data/memory.ts';
import { classCounts } from '../../../data/statistics.ts';
import type { FolderListing } from './folder-listing.ts';

/** Groups of places in a listing. */
export interface FolderCopies {
  /** Files with the same bytes. */
  readonly exact: readonly (readonly number[])[];
  /** Images that hardly differ: saved anew, resized, a little lighter. Exact copies are among them. */
  readonly near: readonly (readonly number[])[];
}

/** Every image in one small size, by which copies are found whatever size a model takes. */
export const COPY_SHAPE = { height: 32, width: 36, channels: 3 };
/** Beyond, exact copies alone are looked for: the small images would take 170 MB. */
export const MOST_COMPARED = 50_000;

/** Measured on photos: of a copy that was saved anew, at half the size, or lighter, the hash differs by no more. */
const MOST_BITS = 4;
/** Of a class whose images are mostly alike (parts before one camera), likeness says nothing. */
const LARGEST_GROUP = { images: 3, ofClass: 0.1 };

/**
 * Finds the copies among the good images of a listing.
 *
 * @param small uint8 `[files, 32, 36, 3]`; undefined where there are too many
 */
export async function findCopies(
  listing: FolderListing,
  contentHashes: readonly string[],
  bad: ReadonlyMap<number, string>,
  small: Uint8Array | undefined,
): Promise<FolderCopies> {
  const slots = [...listing.files.keys()].filter((slot) => !bad.has(slot));
  const byHash = new Map<string, number[]>();
  for (const slot of slots) {
    const same = byHash.get(contentHashes[slot]);
    if (same) same.push(slot);
    else byHash.set(contentHashes[slot], [slot]);
  }
  const exact = [...byHash.values()].filter((group) => group.length > 1);
  if (!small) return { exact, near: [] };
  const dataset = memoryDataset({
    name: listing.root,
    classNames: listing.classNames,
    imageShape: COPY_SHAPE,
    labels: listing.files.map(({ label }) => label),
    pixels: small,
    hash: '',
  });
  const search = findDuplicates([dataset], { mostBits: MOST_BITS, plain: false });
  let found: readonly DuplicateImages[];
  for (;;) {
    const { done, value } = search.next();
    if (done) {
      found = value;
      break;
    }
    await nextTurn();
  }
  const counts = classCounts(dataset);
  const near = found
    .map(({ images }) => images.map(({ index }) => index).filter((slot) => !bad.has(slot)))
    .filter((group) => group.length > 1 && saysSomething(listing, counts, contentHashes, group));
  return { exact, near };
}

/** A group of a few images, or of a small fraction of each class; exact copies count once. */
function saysSomething(
  { files }: FolderListing,
  counts: Uint32Array,
  contentHashes: readonly string[],
  group: readonly number[],
): boolean {
  const different = new Set(group.map((slot) => contentHashes[slot])).size;
  if (different <= LARGEST_GROUP.images) return true;
  return group.every((slot) => different <= LARGEST_GROUP.ofClass * counts[files[slot].label]);
}

/**
 * For every file of a listing a number that its copies share: the lowest place among them. Images of one group count as
 * copies.
 */
export function copyNumbers(
  { files, groups = [] }: FolderListing,
  { exact, near }: FolderCopies,
): Uint32Array {
  const numbers = Uint32Array.from({ length: files.length }, (_, slot) => slot);
  const byGroup = new Map<string, number[]>();
  for (const [slot, group] of groups.entries()) {
    if (group === undefined) continue;
    const slots = byGroup.get(group);
    if (slots) slots.push(slot);
    else byGroup.set(group, [slot]);
  }
  const root = (slot: number): number => {
    let at = slot;
    while (numbers[at] !== at) at = numbers[at];
    return at;
  };
  for (const group of [...exact, ...near, ...byGroup.values()]) {
    for (const slot of group.slice(1)) {
      const [a, b] = [root(group[0]), root(slot)];
      numbers[Math.max(a, b)] = Math.min(a, b);
    }
  }
  return numbers.map((_, slot) => root(slot));
}
