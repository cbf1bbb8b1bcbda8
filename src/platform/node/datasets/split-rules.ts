import { createHash } from 'node:crypto';
import { HarrierError } from '../../../errors.ts';
import { formatCount, formatNumber, formatQuantity, printable } from '../../../format/format.ts';
import { isInRange, rangeWords, TEST_SPLIT, valueWords } from '../../../options/range.ts';
import type { FolderListing } from './folder-listing.ts';
import { capturesOf } from './path-expression.ts';

/** Fraction of the images that is kept for testing where the data has no test part and nobody says how many. */
export const TEST_FRACTION = 0.2;

/** What decides, besides the content of images, on which side of a split they are. */
export interface SplitRules {
  /** The fraction of the images that is kept for testing where the data has no test part: default 0.2, at most 0.5. */
  readonly testSplit?: number | undefined;
  /** A regular expression over each file's path; its first capture names the image's group. */
  readonly groupBy?: string;
  /** `time`: the newest images are the test images, by the column `time` of a list. */
  readonly splitBy?: 'time';
  /**
   * Nothing is set aside for the test where the data brings none: training and test images are all images. `if-needed`: only
   * where they cannot be split.
   */
  readonly pooled?: boolean | 'if-needed';
}

/**
 * A listing with the groups and times that rules name.
 *
 * @throws HarrierError `bad-option` for a fraction or an expression that cannot be used or fits no path, or times that
 *   there are none of; `bad-data` for a group in two parts
 */
export function withSplitRules(
  listing: FolderListing,
  { testSplit, groupBy, splitBy }: SplitRules,
): FolderListing & { readonly splitKey?: string } {
  if (testSplit !== undefined) checkTestSplit(testSplit);
  const grouped = groupBy === undefined ? listing : withGroups(listing, groupBy);
  checkParts(grouped);
  if (splitBy === 'time' && !listing.times) {
    throw new HarrierError('bad-option', 'nothing says when these images were taken', {
      where: listing.source ?? listing.root,
      expected: 'a list of images with a column "time"',
      next: 'Add it, or leave the option out.',
      options: ['splitBy'],
    });
  }
  const { times, ...untimed } = grouped;
  const used = splitBy === 'time' ? grouped : untimed;
  if (testSplit === undefined && groupBy === undefined && splitBy === undefined) return used;
  const rules = [groupBy ? used.groups : undefined, splitBy && times];
  return { ...used, splitKey: keyOf(testSplit === undefined ? rules : [...rules, testSplit]) };
}

/** For people: how many images are kept for testing. */
export function testShare(testSplit: number = TEST_FRACTION): string {
  if (testSplit === TEST_FRACTION) return 'about one image in five';
  return `about ${formatNumber(100 * testSplit, 3)}% of the images`;
}

function checkTestSplit(testSplit: number): void {
  if (isInRange(testSplit, TEST_SPLIT)) return;
  throw new HarrierError('bad-option', 'this fraction of the images cannot be kept for testing', {
    expected: rangeWords(TEST_SPLIT),
    received: valueWords(testSplit),
    options: ['testSplit'],
  });
}

/** Where the data names its test images, none are chosen. */
export function hasOwnTest({ files, source, root }: FolderListing): HarrierError {
  const isNamed = files.some(({ part }) => part === 'test');
  const what = isNamed
    ? 'this data has test images of its own'
    : 'the validation images of this data are its test images';
  return new HarrierError('bad-option', `${what}: no others are kept for testing`, {
    where: source ?? root,
    next: 'Leave the option out, or give the training images alone.',
    options: ['testSplit'],
  });
}

function withGroups(listing: FolderListing, groupBy: string): FolderListing {
  const paths = listing.files.map(({ path }) => path);
  const { found: groups, without, example } = capturesOf(paths, 'groupBy', groupBy);
  const different = new Set(groups.filter((group) => group !== undefined)).size;
  const notes = [
    `${listing.source ?? listing.root}: ${formatQuantity(different, 'group')} by "${printable(groupBy)}".`,
    ...(without > 0
      ? [
          `${formatCount(without)} of ${formatQuantity(groups.length, 'image')} ${without === 1 ? 'is' : 'are'} in no group, such as ${example}: each is split by itself.`,
        ]
      : []),
  ];
  return { ...listing, groups, notes: [...listing.notes, ...notes] };
}

/** @throws HarrierError `bad-data` where the images of one group are in two parts */
function checkParts({ files, groups, hasParts, source, root }: FolderListing): void {
  if (!groups || !hasParts) return;
  const seen = new Map<string, number>();
  for (const [slot, group] of groups.entries()) {
    if (group === undefined) continue;
    const first = seen.get(group) ?? slot;
    seen.set(group, first);
    if (files[first].part === files[slot].part) continue;
    throw new HarrierError('bad-data', `the group "${printable(group)}" is in two parts of the data`, {
      where: source ?? root,
      received: `${files[first].part} (${printable(files[first].path)}) and ${files[slot].part} (${printable(files[slot].path)})`,
      next: 'Put all images of a group into one part, or leave the parts out: Harrier then splits by group.',
    });
  }
}

/** What decides the side of each image: its content, its group's name, or how new it is: the lowest go to the test. */
export function splitKeys(
  { groups, times }: Pick<FolderListing, 'groups' | 'times'>,
  contentHashes: readonly string[],
): readonly string[] {
  if (times) return keysByTime(times);
  if (!groups) return contentHashes;
  return contentHashes.map((hash, slot) => {
    const group = groups[slot];
    return group === undefined ? hash : createHash('sha256').update(group).digest('hex');
  });
}

/** The fraction of images that are newer, as a hash would have it: images of one time have one key. */
function keysByTime(times: readonly number[]): string[] {
  const newestFirst = [...times.keys()].sort((a, b) => times[b] - times[a]);
  const keys = new Array<string>(times.length);
  let [rank, last] = [0, Number.NaN];
  for (const [place, slot] of newestFirst.entries()) {
    if (times[slot] !== last) rank = place;
    last = times[slot];
    const fraction = Math.floor((rank / times.length) * 2 ** 32);
    keys[slot] = fraction.toString(16).padStart(8, '0');
  }
  return keys;
}

/** Of images with times: where more share the newest time, or its groups, there is no split by time. */
const NEWEST_AT_MOST = 0.5;

/** @throws HarrierError `bad-data` where times set no part apart */
export function checkNewest(
  where: string,
  { train, test }: { readonly train: readonly number[]; readonly test: readonly number[] },
  testSplit?: number,
): void {
  const all = train.length + test.length;
  // Half of an odd number is not whole.
  if (test.length <= Math.max(NEWEST_AT_MOST * all, Math.ceil((testSplit ?? 0) * all))) return;
  throw new HarrierError('bad-data', 'the newest images cannot be set apart for the test', {
    where,
    expected: `${testShare(testSplit)}, newer than the others`,
    received: `${test.length} of ${all} images: of one time, or in groups that go on to the end`,
    next: 'Give more exact times or smaller groups, name the test images in a column "split", or leave the option out.',
    options: ['splitBy'],
  });
}

function keyOf(rules: unknown): string {
  return createHash('sha256').update(JSON.stringify(rules)).digest('hex').slice(0, 16);
}
