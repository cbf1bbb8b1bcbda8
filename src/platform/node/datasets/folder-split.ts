import { HarrierError } from '../../../errors.ts';
import type { FolderListing } from './folder-listing.ts';

/** Places in the listing of the images of each part. */
export interface FolderParts {
  readonly train: readonly number[];
  readonly test: readonly number[];
  /** Only where the folder has training, test and validation parts. */
  readonly validation?: readonly number[];
}

/** Share of the images that are kept for the test when the folder has no test part. */
const TEST_SHARE = 0.2;

/**
 * Sorts the good images of a folder into training and test.
 *
 * Where the folder names its parts, they hold; a validation part stands in for a missing test part. Otherwise an
 * image's own bytes decide: about one in five, those whose SHA-256 begins low, go to the test. So the same images
 * always split the same way, wherever they lie and whatever they are called; a copy never stands on both sides; and
 * adding images moves none. A class with two images or more has at least one on each side.
 *
 * @throws HarrierError `bad-data` when a class has no image to learn from, or there is none to test with
 */
export function splitFolder(
  listing: FolderListing,
  contentHashes: readonly string[],
  bad: ReadonlyMap<number, string>,
): FolderParts {
  const good = [...listing.files.keys()].filter((slot) => !bad.has(slot));
  const inPart = (part: string) => good.filter((slot) => listing.files[slot].part === part);
  const hasParts = listing.files.some((file) => file.part === 'test' || file.part === 'validation');
  if (hasParts) {
    const [train, test, validation] = [inPart('train'), inPart('test'), inPart('validation')];
    checkTrain(listing, train);
    if (test.length === 0) return { train, test: validation.length > 0 ? validation : noTest(listing) };
    return validation.length > 0 ? { train, test, validation } : { train, test };
  }
  const isTest = new Set<number>();
  for (const label of listing.classNames.keys()) {
    const order = good
      .filter((slot) => listing.files[slot].label === label)
      .sort((a, b) =>
        contentHashes[a] < contentHashes[b] ? -1 : contentHashes[a] > contentHashes[b] ? 1 : a - b,
      );
    if (order.length < 2) continue;
    const low = order.filter((slot) => isLow(contentHashes[slot])).length;
    const count = Math.min(order.length - 1, Math.max(1, low));
    for (const slot of order.slice(0, count)) isTest.add(slot);
  }
  const train = good.filter((slot) => !isTest.has(slot));
  checkTrain(listing, train);
  return { train, test: isTest.size > 0 ? good.filter((slot) => isTest.has(slot)) : noTest(listing) };
}

function isLow(hash: string): boolean {
  return Number.parseInt(hash.slice(0, 8), 16) / 2 ** 32 < TEST_SHARE;
}

function checkTrain(listing: FolderListing, train: readonly number[]): void {
  const seen = new Set(train.map((slot) => listing.files[slot].label));
  const lacking = listing.classNames.find((_, label) => !seen.has(label));
  if (lacking === undefined) return;
  throw new HarrierError('bad-data', `no image of the class "${lacking}" can be used for training`, {
    where: listing.root,
    next: 'Add images of that class, or remove its folder.',
  });
}

function noTest(listing: FolderListing): never {
  throw new HarrierError('bad-data', 'there is no image to test with', {
    where: listing.root,
    expected: 'a test folder with images, or at least two images of some class',
    next: 'Add images.',
  });
}
