import type { Dataset } from '../../../data/dataset.ts';
import { imagesOfEach } from '../../../data/tags.ts';
import { formatCount, formatQuantity, printable } from '../../../format/format.ts';
import type { DecodedFolder } from './folder-cache.ts';
import type { FolderListing } from './folder-listing.ts';
import type { FolderParts } from './folder-split.ts';

/** Classes that the test has no image of. */
export function absentNotes(test: Dataset): string[] {
  const which = lackingText(test);
  if (which === undefined) return [];
  if (test.tags) return [`${test.name} has no image with the tag ${which}: how well it is found is unknown.`];
  return [`${test.name} has no image of ${which}: the accuracy for it is unknown.`];
}

/** Classes that label corrections leave the training no image of. */
export function unlearnableNotes(train: Dataset): string[] {
  const which = lackingText(train);
  if (which === undefined) return [];
  const lacking = train.tags ? `with the tag ${which}` : `of ${which}`;
  return [`${train.name}: label corrections leave no training image ${lacking}: a model cannot learn it.`];
}

/** Names of the classes that a data set has no image of. */
function lackingText(dataset: Dataset): string | undefined {
  const counts = imagesOfEach(dataset);
  const lacking = dataset.classNames
    .filter((_, label) => counts[label] === 0)
    .map((name) => `"${printable(name)}"`);
  if (lacking.length === 0) return undefined;
  return lacking.length > 5 ? `${lacking.slice(0, 5).join(', ')} and others` : lacking.join(', ');
}

/** Images that parts of a folder share: its own parts, as a split keeps copies together. */
export function copyNotes(
  { root, hasParts }: FolderListing,
  { copies: { exact, near } }: Pick<DecodedFolder, 'copies'>,
  { train, test, validation = [] }: FolderParts,
): string[] {
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
            `${formatCount(alike)} of ${total} ${alike === 1 ? 'is a near-duplicate' : 'are near-duplicates'} of ${kind} images`,
          ]
        : []),
    ];
    return [`${root}: ${found.join(', and ')}: the accuracy on them does not carry over to new images.`];
  };
  return [...note('test', 'train'), ...note('validation', 'train'), ...note('test', 'validation')];
}
