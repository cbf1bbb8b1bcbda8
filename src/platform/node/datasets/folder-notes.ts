import type { Dataset } from '../../../data/dataset.ts';
import { classCounts } from '../../../data/statistics.ts';
import { formatCount, formatQuantity, printable } from '../../../format/format.ts';
import type { DecodedFolder } from './folder-cache.ts';
import type { FolderListing } from './folder-listing.ts';
import type { FolderParts } from './folder-split.ts';

/** Classes that the test has no image of. */
export function absentNotes(test: Dataset): string[] {
  const counts = classCounts(test);
  const lacking = test.classNames
    .filter((_, label) => counts[label] === 0)
    .map((name) => `"${printable(name)}"`);
  if (lacking.length === 0) return [];
  const which = lacking.length > 5 ? `${lacking.slice(0, 5).join(', ')} and others` : lacking.join(', ');
  return [`${test.name} has no image of ${which}: nothing is known about how well that is recognised.`];
}

/** Images that two parts share, and images that lie in several classes. */
export function copyNotes(
  listing: FolderListing,
  { copies, bad }: DecodedFolder,
  parts: FolderParts,
): string[] {
  return [...contradictions(listing, copies.exact, bad), ...sharedNotes(listing, copies, parts)];
}

function sharedNotes(
  { root, hasParts }: FolderListing,
  { exact, near }: DecodedFolder['copies'],
  { train, test, validation = [] }: FolderParts,
): string[] {
  // Otherwise the split has kept them together.
  if (!hasParts) return [];
  const sides = { train, test, validation };
  const sharedBy = (
    part: 'test' | 'validation',
    other: 'train' | 'validation',
    groups: DecodedFolder['copies']['exact'],
  ) => {
    const [own, others] = [new Set(sides[part]), new Set(sides[other])];
    const shared = groups.filter((group) => group.some((slot) => others.has(slot)));
    return new Set(shared.flatMap((group) => group.filter((slot) => own.has(slot))));
  };
  const note = (part: 'test' | 'validation', other: 'train' | 'validation'): string[] => {
    const same = sharedBy(part, other, exact);
    const alike = [...sharedBy(part, other, near)].filter((slot) => !same.has(slot)).length;
    if (same.size === 0 && alike === 0) return [];
    const total = formatQuantity(sides[part].length, `${part} image`);
    const kind = other === 'train' ? 'training' : other;
    const found = [
      ...(same.size > 0
        ? [
            `${formatCount(same.size)} of ${total} ${same.size === 1 ? 'is' : 'are'} among the ${kind} images too`,
          ]
        : []),
      ...(alike > 0
        ? [
            `${formatCount(alike)} of ${total} hardly ${alike === 1 ? 'differs' : 'differ'} from ${kind} images`,
          ]
        : []),
    ];
    return [`${root}: ${found.join(', and ')}: accuracy on them says little about new images.`];
  };
  return [...note('test', 'train'), ...note('validation', 'train'), ...note('test', 'validation')];
}

function contradictions(
  { root, files, classNames }: FolderListing,
  exact: DecodedFolder['copies']['exact'],
  bad: ReadonlyMap<number, string>,
): string[] {
  const groups = exact.filter(
    (group) => new Set(group.filter((slot) => !bad.has(slot)).map((slot) => files[slot].label)).size > 1,
  );
  if (groups.length === 0) return [];
  const [group] = groups;
  const other = group.find((slot) => files[slot].label !== files[group[0]].label)!;
  const pair = [group[0], other].map((slot) => printable(files[slot].path));
  const classes = [group[0], other].map((slot) => `"${printable(classNames[files[slot].label])}"`);
  return [
    `${root}: ${groups.length === 1 ? '1 image lies' : `${formatCount(groups.length)} images lie`} in more than one class, such as ${pair[0]} (${classes[0]}) and ${pair[1]} (${classes[1]}): one of the labels is wrong.`,
  ];
}
