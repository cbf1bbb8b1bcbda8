import type { FolderRules } from '../../../data/folder-rules.ts';
import { HarrierError } from '../../../errors.ts';
import type { FolderListing } from './folder-listing.ts';
import { TEST_FRACTION, testShare } from './split-rules.ts';

/** Places in the listing of the images of each part. */
export interface FolderParts {
  readonly train: readonly number[];
  readonly test: readonly number[];
  /** Only where the folder has training, test and validation parts. */
  readonly validation?: readonly number[];
  /** Of the test images those that are in the test because the images are too few for a split by content alone. */
  readonly standIns?: readonly number[];
}

/** What is known of the images of a listing. */
export interface FolderContent {
  readonly contentHashes: readonly string[];
  readonly bad: ReadonlyMap<number, string>;
  /** For every file a number that its copies share. */
  readonly copies: Uint32Array;
  /** Hashes of images that stay in the test whatever their hash: see `readKeptTest`. */
  readonly keptTest?: ReadonlySet<string>;
}

/** What `splitFolder` is told besides. */
export interface SplitOptions {
  /** Fraction of the images that is kept for testing; default 0.2. */
  readonly testSplit?: number;
  /** Whether images that cannot be split are all for training, in place of an error. */
  readonly mayHaveNoTest?: boolean;
}

/**
 * Sorts the good images of a folder into training and test.
 *
 * Where the folder names its parts, they hold; a validation part stands in for a missing test part. Otherwise an
 * image's own bytes decide: about one in five, those whose SHA-256 begins low, go to the test. So the same images
 * always split the same way, wherever they lie and whatever they are called, and a test image stays one however many
 * images are added. The test images of a smaller fraction are among those of a larger one. Copies, and images that hardly
 * differ, go to one side: the test where one of them is low. A class always has an image to learn from; a small one may
 * have none to test with. Where no image at all is low, those of the usual fraction are the test, else the lowest of each
 * class stands in (`standIns`), and is to be kept as `keptTest`.
 *
 * @throws HarrierError `bad-data` when a class has no image to learn from, or there is none to test with
 */
export function splitFolder(
  listing: FolderListing,
  content: FolderContent,
  rules: FolderRules,
  { testSplit = TEST_FRACTION, mayHaveNoTest = false }: SplitOptions = {},
): FolderParts {
  const good = [...listing.files.keys()].filter((slot) => !content.bad.has(slot));
  const inPart = (part: string) => good.filter((slot) => listing.files[slot].part === part);
  if (bringsTest(listing)) {
    const [train, test, validation] = [inPart('train'), inPart('test'), inPart('validation')];
    checkTrain(listing, train);
    if (test.length === 0)
      return { train, test: validation.length > 0 ? validation : noTest(listing, testSplit) };
    return validation.length > 0 ? { train, test, validation } : { train, test };
  }
  const { isTest, standIns = undefined } =
    rules === 1
      ? { isTest: testImagesOfBefore(listing, content.contentHashes, good) }
      : chosenTest(listing, content, good, testSplit);
  const train = good.filter((slot) => !isTest.has(slot));
  checkTrain(listing, train);
  if (isTest.size === 0 && !mayHaveNoTest) {
    const perClass = groupsByClass(listing, groupsOf(content, good));
    if (good.length > perClass.length && perClass.every((own) => own.length < 2)) belongTogether(listing);
    noTest(listing, testSplit);
  }
  const test = good.filter((slot) => isTest.has(slot));
  return { train, test, ...(standIns && { standIns: test.filter((slot) => standIns.has(slot)) }) };
}

/** Whether a listing names images to evaluate on: a training part alone is split. */
export function bringsTest({ files }: FolderListing): boolean {
  return files.some(({ part }) => part === 'test' || part === 'validation');
}

interface Group {
  readonly slots: number[];
  /** The lowest hash of its images. More images make it lower, so a test group stays one. */
  key: string;
  isKept: boolean;
}

function chosenTest(
  listing: FolderListing,
  content: FolderContent,
  good: readonly number[],
  testSplit: number,
): { readonly isTest: Set<number>; readonly standIns?: Set<number> } {
  const chosen = (isChosen: (group: Group) => boolean) => testImages(listing, content, good, isChosen);
  const low = (fraction: number) => chosen(({ key, isKept }) => isKept || isLow(key, fraction));
  const own = low(testSplit);
  if (own.size > 0 && testSplit <= TEST_FRACTION) return { isTest: own };
  const usual = testSplit === TEST_FRACTION ? own : low(TEST_FRACTION);
  if (usual.size > 0) return { isTest: own.size > 0 ? own : usual };
  const lowest = lowestOfEachClass(listing, content, good);
  const standIns = chosen(({ key }) => lowest.includes(key));
  if (own.size === 0) return { isTest: standIns, standIns };
  // Of a larger fraction: what a smaller one tests with is among its test images too.
  return { isTest: chosen(({ key }) => isLow(key, testSplit) || lowest.includes(key)), standIns };
}

function testImages(
  listing: FolderListing,
  content: FolderContent,
  good: readonly number[],
  isChosen: (group: Group) => boolean,
): Set<number> {
  const groups = groupsOf(content, good);
  const test = new Set(groups.filter(isChosen));
  for (const own of groupsByClass(listing, groups)) {
    // The highest: whichever images are added, those below it stay in the test.
    const last = own.at(-1);
    if (last && own.every((group) => test.has(group))) test.delete(last);
  }
  return new Set([...test].flatMap(({ slots }) => slots));
}

/** The key of the lowest group of each class with two or more. */
function lowestOfEachClass(
  listing: FolderListing,
  content: FolderContent,
  good: readonly number[],
): string[] {
  return groupsByClass(listing, groupsOf(content, good)).flatMap((own) =>
    own.length > 1 ? [own[0].key] : [],
  );
}

/** Copies together, in the order of their keys; kept ones first. */
function groupsOf({ contentHashes, copies, keptTest }: FolderContent, good: readonly number[]): Group[] {
  const groups = new Map<number, Group>();
  for (const slot of good) {
    const hash = contentHashes[slot];
    const isKept = keptTest?.has(hash) ?? false;
    const group = groups.get(copies[slot]);
    if (!group) groups.set(copies[slot], { slots: [slot], key: hash, isKept });
    else {
      group.slots.push(slot);
      if (hash < group.key) group.key = hash;
      group.isKept ||= isKept;
    }
  }
  return [...groups.values()].sort((a, b) =>
    a.isKept === b.isKept ? (a.key < b.key ? -1 : 1) : a.isKept ? -1 : 1,
  );
}

function groupsByClass(listing: FolderListing, groups: readonly Group[]): Group[][] {
  const byClass: Set<Group>[] = listing.classNames.map(() => new Set());
  for (const group of groups) {
    for (const slot of group.slots) for (const label of labelsOf(listing, slot)) byClass[label].add(group);
  }
  return byClass.map((own) => [...own]);
}

/** The classes that a file shows: one, or any number. */
function labelsOf({ files, tags, classNames }: FolderListing, slot: number): readonly number[] {
  if (!tags) return [files[slot].label];
  return [...classNames.keys()].filter((label) => tags[slot * classNames.length + label] === 1);
}

/** Rules 1: a class with two images or more has at least one on each side, even if its lowest then moves. */
function testImagesOfBefore(
  { files, classNames }: FolderListing,
  contentHashes: readonly string[],
  good: readonly number[],
): Set<number> {
  const isTest = new Set<number>();
  for (const label of classNames.keys()) {
    const order = good
      .filter((slot) => files[slot].label === label)
      .sort((a, b) =>
        contentHashes[a] < contentHashes[b] ? -1 : contentHashes[a] > contentHashes[b] ? 1 : a - b,
      );
    if (order.length < 2) continue;
    const low = order.filter((slot) => isLow(contentHashes[slot])).length;
    const count = Math.min(order.length - 1, Math.max(1, low));
    for (const slot of order.slice(0, count)) isTest.add(slot);
  }
  return isTest;
}

function isLow(hash: string, fraction = TEST_FRACTION): boolean {
  return Number.parseInt(hash.slice(0, 8), 16) / 2 ** 32 < fraction;
}

function checkTrain(listing: FolderListing, train: readonly number[]): void {
  const seen = new Set(train.flatMap((slot) => labelsOf(listing, slot)));
  const lacking = listing.classNames.find((_, label) => !seen.has(label));
  if (lacking === undefined) return;
  if (listing.tags) {
    throw new HarrierError('bad-data', `no training image has the tag "${lacking}"`, {
      where: listing.source ?? listing.root,
      next: 'Add training images with that tag, or remove it from the list.',
    });
  }
  throw new HarrierError('bad-data', `no image of the class "${lacking}" can be used for training`, {
    where: listing.source ?? listing.root,
    next: `Add images of that class, or remove its ${listing.source === undefined ? 'folder' : 'lines'}.`,
  });
}

function noTest(listing: FolderListing, testSplit: number): never {
  throw new HarrierError('bad-data', 'there are no test images', {
    where: listing.source ?? listing.root,
    expected: `a test folder with images, or more images: Harrier keeps ${testShare(testSplit)} for testing`,
    next: 'Add images.',
  });
}

function belongTogether({ groups, source, root }: FolderListing): never {
  const [belong, others] = groups
    ? ['are of one group', 'images of other groups']
    : ['are copies of each other, or hardly differ', 'images that differ'];
  throw new HarrierError('bad-data', `there are no test images: all images of each class ${belong}`, {
    where: source ?? root,
    expected: `${others} in some class: images that belong together are not split`,
    next: `Add ${others}, or a test part.`,
  });
}
