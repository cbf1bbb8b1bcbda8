import { createHash } from 'node:crypto';
import { HarrierError } from '../../../errors.ts';
import { formatCount, formatQuantity, printable } from '../../../format/format.ts';
import { isImageName } from '../images/image-names.ts';
import { shortList } from './folder-layout.ts';
import type { FolderFile, FolderListing, ListingOptions } from './folder-listing.ts';
import { byCode, type FoundFile, filesBelow } from './folder-tree.ts';
import { type Part, partNamed } from './part-names.ts';
import { capturesOf } from './path-expression.ts';

interface NamesOptions extends Pick<ListingOptions, 'purpose'> {
  /** Leave out images whose paths do not match. */
  readonly skipMissing?: boolean;
}

/**
 * The images of a folder, each of the class that an expression finds in its path: `labelBy` of `LabelRules`. Folders are
 * no classes. Where each image lies in a folder such as `train` or `test`, directly below the root, these are the parts.
 *
 * @throws HarrierError `bad-option` for an expression that cannot be used or fits no path; `bad-data` where it fits not
 *   all (unless `skipMissing`), fewer than two classes are left (for training), or a class has no training image; as
 *   `filesBelow` does
 */
export async function listByNames(
  root: string,
  labelBy: string,
  { purpose = 'training', skipMissing = false }: NamesOptions = {},
): Promise<FolderListing> {
  const all = (await filesBelow(root, ''))
    .map((file) => ({ ...file, path: file.path.slice(1) }))
    .filter(({ path }) => isImageName(path));
  const { images, hasParts } = withParts(all);
  if (images.length === 0) {
    throw new HarrierError('bad-data', 'the folder holds no images', {
      where: root,
      expected: 'images in the folder, or in its sub-folders',
    });
  }
  const paths = images.map(({ path }) => path);
  const { found, without, example } = capturesOf(paths, 'labelBy', labelBy);
  if (without > 0 && !skipMissing) {
    throw new HarrierError(
      'bad-data',
      `${formatCount(without)} of ${formatQuantity(images.length, 'image')} ${without === 1 ? 'has a path that does' : 'have paths that do'} not match, such as ${example}`,
      {
        where: labelBy,
        next: 'Correct the expression, or have such images left out.',
        options: ['skipBad'],
      },
    );
  }
  const labelled = images.flatMap((file, slot) => {
    const name = found[slot];
    return name === undefined ? [] : [{ ...file, name }];
  });
  const isTraining = purpose === 'training';
  const named = hasParts && isTraining ? labelled.filter(({ part }) => part === 'train') : labelled;
  const classNames = [...new Set(named.map(({ name }) => name))].sort(byCode);
  checkNames(root, labelBy, classNames, labelled, isTraining);
  const places = new Map(classNames.map((name, place) => [name, place]));
  const files = labelled
    .map(({ name, ...file }): FolderFile => ({ ...file, label: places.get(name)! }))
    .sort((a, b) => byCode(a.part ?? '', b.part ?? '') || a.label - b.label || byCode(a.path, b.path));
  return {
    root,
    classNames,
    hasParts,
    files,
    notes: [
      `${root}: ${formatQuantity(classNames.length, 'class', 'classes')} by "${printable(labelBy)}": ${shortList(classNames)}.`,
      ...(without > 0
        ? [
            `${root}: ${formatQuantity(without, 'image')} of ${formatCount(images.length)} ${without === 1 ? 'does' : 'do'} not match and ${without === 1 ? 'is' : 'are'} left out, such as ${example}.`,
          ]
        : []),
    ],
    key: createHash('sha256')
      .update(JSON.stringify(files.map(({ label, part }) => [classNames[label], part ?? ''])))
      .digest('hex'),
  };
}

interface PartFile extends FoundFile {
  readonly part: Part | undefined;
}

/** Images with their parts, without those of a folder such as `unlabeled` beside the parts. */
function withParts(all: readonly FoundFile[]): { images: PartFile[]; hasParts: boolean } {
  const parts = all.map(({ path }) => (path.includes('/') ? partNamed(path.split('/')[0]) : undefined));
  const hasParts = !parts.includes(undefined) && parts.includes('train');
  if (!hasParts) return { images: all.map((file) => ({ ...file, part: undefined })), hasParts };
  return {
    images: all.flatMap((file, slot) => {
      const part = parts[slot];
      return part === undefined || part === 'unused' ? [] : [{ ...file, part }];
    }),
    hasParts,
  };
}

/** @throws HarrierError `bad-data` */
function checkNames(
  root: string,
  labelBy: string,
  classNames: readonly string[],
  labelled: readonly { readonly name: string; readonly path: string }[],
  isTraining: boolean,
): void {
  const least = isTraining ? 2 : 1;
  if (classNames.length < least || classNames.length > 65_536) {
    throw new HarrierError('bad-data', `"${printable(labelBy)}" finds classes that cannot be learned`, {
      where: root,
      expected: `${least} to 65,536 of them`,
      received: classNames.length === 1 ? `only "${printable(classNames[0])}"` : `${classNames.length}`,
      options: ['labelBy'],
    });
  }
  const known = new Set(classNames);
  const stranger = labelled.find(({ name }) => !known.has(name));
  if (!stranger) return;
  throw new HarrierError('bad-data', `no training image is of the class "${printable(stranger.name)}"`, {
    where: `${root}/${stranger.path}`,
    next: 'Remove the image, or add training images of that class.',
  });
}
