import { createHash } from 'node:crypto';
import type { KeptCorrections } from '../../../data/kept-corrections.ts';
import { pickTags, rarestTags } from '../../../data/tags.ts';
import { HarrierError, nearestName } from '../../../errors.ts';
import { formatCount, formatQuantity, printable } from '../../../format/format.ts';
import { shortList } from './folder-layout.ts';
import type { FolderListing, ListingOptions } from './folder-listing.ts';
import { byCode } from './folder-tree.ts';
import type { LabelRules } from './label-rules.ts';

/** Which classes there are: `merge` is done first. */
type ClassChoice = Pick<LabelRules, 'merge' | 'classes'>;

/**
 * A listing with some classes merged, and then with some alone. Images of others are left out; of images with any number
 * of labels all stay, without the other labels. What decides on which side of a split an image is does not change.
 *
 * @throws HarrierError `bad-option` for a class that there is not, is in two merged ones, or where fewer than two are left
 *   (for training)
 */
export function withClasses(
  listing: FolderListing,
  { merge, classes, purpose = 'training' }: ClassChoice & Pick<ListingOptions, 'purpose'>,
): FolderListing {
  if (!merge && !classes) return listing;
  const where = listing.source ?? listing.root;
  const targets = mergedNames(listing.classNames, merge ?? {}, where);
  const merged = [...new Set(targets)].sort(byCode);
  const classNames = classes ? chosenNames(merged, classes, where) : merged;
  const least = purpose === 'training' && !listing.tags ? 2 : 1;
  if (classNames.length < least) {
    throw new HarrierError('bad-option', 'one class is left, and a model needs two or more', {
      where,
      received: `only "${printable(classNames[0])}"`,
      options: [classes ? 'classes' : 'merge'],
    });
  }
  const places = targets.map((name) => classNames.indexOf(name));
  const tags = listing.tags && mergedTags(listing.tags, places, classNames.length);
  const labels = tags ? rarestTags(tags, classNames.length) : listing.files.map(({ label }) => places[label]);
  const { files: all } = listing;
  const kept = [...all.keys()]
    .filter((slot) => labels[slot] >= 0)
    .sort(
      (a, b) =>
        byCode(all[a].part ?? '', all[b].part ?? '') ||
        labels[a] - labels[b] ||
        byCode(all[a].path, all[b].path),
    );
  const files = kept.map((slot) => ({ ...all[slot], label: labels[slot] }));
  const { groups, times, values } = listing;
  return {
    ...listing,
    classNames,
    files,
    notes: [...listing.notes, ...choiceNotes(listing, { merge, classes: classNames, kept: kept.length })],
    key: hashOf([listing.key, merge, classes]),
    choice: hashOf([merge, classes]),
    ...(tags && { tags: pickTags(tags, classNames.length, kept) }),
    ...(groups && { groups: kept.map((slot) => groups[slot]) }),
    ...(times && { times: kept.map((slot) => times[slot]) }),
    ...(values && { values: kept.map((slot) => values[slot]) }),
  };
}

/**
 * Label corrections in the names of the chosen classes: one to a merged class names what that is part of, and an image
 * whose right class is not used is left out.
 */
export function chosenCorrections(
  kept: KeptCorrections,
  { merge = {}, classes }: ClassChoice,
): KeptCorrections {
  const targets = new Map(
    Object.entries(merge).flatMap(([name, parts]) =>
      parts.map((part) => [part.normalize('NFC'), name.normalize('NFC')] as const),
    ),
  );
  const used = classes && new Set(classes.map((name) => name.normalize('NFC')));
  return Object.fromEntries(
    Object.entries(kept).map(([image, { label, ...mark }]) => {
      if (label === undefined) return [image, mark];
      const name = targets.get(label) ?? label;
      return [image, used && !used.has(name) ? { ...mark, excluded: true } : { ...mark, label: name }];
    }),
  );
}

/** A choice as far as there are such classes: that of a run, for other data. */
export function choiceWithin(
  classNames: readonly string[],
  { merge = {}, classes }: ClassChoice,
): ClassChoice {
  const isThere = (name: string) => classNames.includes(name.normalize('NFC'));
  const merged = Object.entries(merge)
    .map(([name, parts]) => [name, parts.filter(isThere)] as const)
    .filter(([, parts]) => parts.length > 0);
  const made = merged.map(([name]) => name);
  const used = classes?.filter((name) => made.includes(name) || isThere(name));
  return {
    ...(merged.length > 0 && { merge: Object.fromEntries(merged) }),
    ...(used && used.length > 0 && { classes: used }),
  };
}

/** For each class the name that it has when merged. @throws HarrierError `bad-option` */
function mergedNames(
  classNames: readonly string[],
  merge: NonNullable<LabelRules['merge']>,
  where: string,
): string[] {
  const targets = new Map<string, string>();
  for (const [given, parts] of Object.entries(merge)) {
    const target = given.normalize('NFC');
    for (const part of parts.map((name) => name.normalize('NFC'))) {
      if (!classNames.includes(part)) throw unknownClass(part, classNames, 'merge', where);
      const other = targets.get(part);
      if (other !== undefined && other !== target) {
        throw new HarrierError(
          'bad-option',
          `"${part}" is in two merged classes, "${other}" and "${target}"`,
          {
            where,
            next: 'Name it once.',
            options: ['merge'],
          },
        );
      }
      targets.set(part, target);
    }
  }
  const chained = [...targets].find(
    ([part, target]) => part !== target && (targets.get(target) ?? target) !== target,
  );
  if (chained) {
    const [part, target] = chained;
    throw new HarrierError(
      'bad-option',
      `"${part}" is merged into "${target}", which is itself merged into "${targets.get(target)}"`,
      { where, next: `Name "${part}" there.`, options: ['merge'] },
    );
  }
  return classNames.map((name) => targets.get(name) ?? name);
}

/** @throws HarrierError `bad-option` */
function chosenNames(known: readonly string[], classes: readonly string[], where: string): string[] {
  const names = classes.map((name) => name.normalize('NFC'));
  const stranger = names.find((name) => !known.includes(name));
  if (stranger !== undefined) throw unknownClass(stranger, known, 'classes', where);
  return [...new Set(names)].sort(byCode);
}

function unknownClass(
  name: string,
  known: readonly string[],
  option: 'merge' | 'classes',
  where: string,
): HarrierError {
  const near = nearestName(name, known);
  return new HarrierError('bad-option', `there is no class "${printable(name)}"`, {
    where,
    next: `${near === undefined ? '' : `Did you mean "${printable(near)}"? `}There are: ${shortList(known)}.`,
    options: [option],
  });
}

/** Multi-hot rows in which a class has the labels of those that are merged into it. */
function mergedTags(tags: Uint8Array, places: readonly number[], classes: number): Uint8Array {
  const rows = new Uint8Array((tags.length / places.length) * classes);
  for (let i = 0; i < tags.length; i++) {
    const place = places[i % places.length];
    if (tags[i] === 1 && place >= 0) rows[Math.floor(i / places.length) * classes + place] = 1;
  }
  return rows;
}

function choiceNotes(
  { source, root, classNames: before, files, tags }: FolderListing,
  { merge = {}, classes, kept }: { merge?: LabelRules['merge']; classes: readonly string[]; kept: number },
): string[] {
  const where = source ?? root;
  const parts = new Set(Object.values(merge).flat());
  const mergedIn = Object.entries(merge).map(
    ([name, own]) =>
      `${where}: ${shortList(own)} ${own.length === 1 ? 'is' : 'are'} the class "${printable(name)}".`,
  );
  const others = before.filter((name) => !classes.includes(name) && !parts.has(name));
  if (others.length === 0 && kept === files.length) return mergedIn;
  const images = tags
    ? 'other labels are left out'
    : `${formatCount(kept)} of ${formatQuantity(files.length, 'image')}, as the others are of other classes`;
  return [...mergedIn, `${where}: only ${shortList(classes)} (${images}).`];
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
