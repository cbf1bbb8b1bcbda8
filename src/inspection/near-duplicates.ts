import type { Dataset } from '../data/dataset.ts';
import { findDuplicates } from '../data/duplicates.ts';
import type { Neighbours } from './neighbours.ts';
import { robustSpread } from './robust.ts';

/** How images of a group are alike: the same pixels, hardly different, or the same thing once more. */
export const DUPLICATE_KINDS = ['exact', 'near', 'alike'] as const;
export type DuplicateKind = (typeof DUPLICATE_KINDS)[number];

/** Images that show the same. */
export interface DuplicateGroup {
  /** The weakest likeness that holds the group together. */
  readonly kind: DuplicateKind;
  /** Two or more, in order. */
  readonly images: readonly number[];
}

/** Measured: of photos that were saved anew, at half the size, or lighter, the hash differs by no more. */
const MOST_BITS = 4;
/** Of a class whose images are mostly alike (parts before one camera), likeness says nothing. */
const LARGEST = { images: 3, ofClass: 0.1 };
/**
 * Features count as those of the same image from this similarity: it lies so many deviations above the nearest neighbour
 * of the median image, within these limits. Measured on two sets of photos: mirrored photos and such that lack their
 * border have similarities of 0.83 to 0.96; different photos below 0.72, and of one person's hand below 0.87.
 */
const LIKENESS = { deviations: 3.5, least: 0.8, most: 0.9 };

/**
 * Images that are there more than once: by the difference hash and their pixels (`findDuplicates`), and by features,
 * which also find photos that were cropped or mirrored.
 *
 * @param small all images in one small size, such as 36 × 32
 */
export function nearDuplicates(
  small: Dataset,
  { count, indices, cosines }: Neighbours,
  classCounts: ArrayLike<number>,
  onProgress: (done: number, total: number) => void,
): DuplicateGroup[] {
  const links: { a: number; b: number; kind: DuplicateKind }[] = [];
  const search = findDuplicates([small], { mostBits: MOST_BITS, plain: false });
  for (let next = search.next(); ; next = search.next()) {
    if (!next.done) {
      onProgress(next.value.done, next.value.total);
      continue;
    }
    for (const { kind, images } of next.value) {
      const group = images.map(({ index }) => index);
      if (kind === 'near' && !saysSomething(group, small.labels, classCounts)) continue;
      for (const b of group.slice(1)) links.push({ a: group[0], b, kind });
    }
    break;
  }
  const least = leastLikeness(count, cosines);
  for (let image = 0; image < small.size && count > 0; image++) {
    for (let i = 0; i < count; i++) {
      const at = image * count + i;
      if (cosines[at] >= least) links.push({ a: image, b: indices[at], kind: 'alike' });
    }
  }
  return grouped(links, small.size);
}

function saysSomething(group: readonly number[], labels: Uint16Array, counts: ArrayLike<number>): boolean {
  if (group.length <= LARGEST.images) return true;
  return group.every((image) => group.length <= LARGEST.ofClass * counts[labels[image]]);
}

function leastLikeness(count: number, cosines: Float32Array): number {
  if (count === 0) return 1;
  const nearest = Float64Array.from({ length: cosines.length / count }, (_, image) => cosines[image * count]);
  const { median, deviation } = robustSpread(nearest);
  const { deviations, least, most } = LIKENESS;
  return Math.min(most, Math.max(least, median + deviations * deviation));
}

/** Images that links connect. The surest links come first: what they connect keeps its kind. */
function grouped(
  links: readonly { readonly a: number; readonly b: number; readonly kind: DuplicateKind }[],
  images: number,
): DuplicateGroup[] {
  const before = Uint32Array.from({ length: images }, (_, i) => i);
  const kinds = new Map<number, DuplicateKind>();
  const root = (image: number): number => {
    let at = image;
    while (before[at] !== at) at = before[at];
    return at;
  };
  const rank = ({ kind }: { readonly kind: DuplicateKind }) => DUPLICATE_KINDS.indexOf(kind);
  for (const { a, b, kind } of [...links].sort((one, other) => rank(one) - rank(other))) {
    const [one, other] = [root(a), root(b)];
    if (one === other) continue;
    const first = Math.min(one, other);
    before[Math.max(one, other)] = first;
    kinds.set(first, kind);
  }
  const groups = new Map<number, number[]>();
  for (let image = 0; image < images; image++) {
    const first = root(image);
    groups.set(first, [...(groups.get(first) ?? []), image]);
  }
  return [...groups]
    .filter(([, members]) => members.length > 1)
    .map(([first, members]) => ({ kind: kinds.get(first)!, images: members }))
    .sort((a, b) => rank(a) - rank(b) || a.images[0] - b.images[0]);
}
