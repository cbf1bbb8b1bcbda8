import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HarrierError } from '../../../errors.ts';
import { withClasses } from './class-choice.ts';
import { type FolderListing, listImageFolder } from './folder-listing.ts';
import { lookInto } from './folder-tree.ts';
import { isManifestName } from './manifest.ts';
import { type ListManifestOptions, listManifest } from './manifest-listing.ts';
import { listByNames } from './names-listing.ts';
import { packedFolder, type UnpackOptions } from './packed/index.ts';
import { capturesOf, isExpression } from './path-expression.ts';

/** How `listImages` reads a folder, or a list. */
export interface ListImagesOptions extends Omit<ListManifestOptions, 'isForeign'>, UnpackOptions {}

/** Files with labels that may lie beside the images of a folder, in the order in which they are looked for. */
const SIDECARS = ['labels', 'metadata', 'tags', '_classes'].flatMap((name) =>
  ['csv', 'tsv', 'jsonl', 'ndjson'].map((end) => `${name}.${end}`),
);

/**
 * The images of a folder, of a list of images where the path is called like one, or of what is packed: an archive, a
 * Parquet file, a data set of the hub. A folder whose images lie in no class folders may have their list in it, called
 * `labels.csv` or so. With `labelBy`, the paths of images say their classes.
 *
 * @throws HarrierError as `packedFolder`, `listImageFolder`, `listManifest`, `listByNames`, `capturesOf` and `withClasses`
 *   do; `bad-option` where `by` names a column and there is no list
 */
export async function listImages(path: string, options: ListImagesOptions = {}): Promise<FolderListing> {
  const listing = await listAll(path, options);
  return withClasses(options.by === undefined ? listing : withValues(listing, options.by), options);
}

/** Values that a list says, or that an expression finds in paths. */
function withValues(listing: FolderListing, by: string): FolderListing {
  const { values, files, source, root } = listing;
  if (values?.some((value) => value !== undefined)) return listing;
  if (isExpression(by)) {
    const paths = files.map(({ path }) => path);
    return { ...listing, values: capturesOf(paths, 'by', by).found };
  }
  throw new HarrierError(
    'bad-option',
    values ? `the column "${by}" is empty` : `there is no list with a column "${by}"`,
    {
      where: source ?? root,
      next: values
        ? 'Name another column.'
        : 'Give a list as data, or an expression over the paths of the images with a capture in parentheses: --by "_(cam\\d+)_".',
      options: ['by'],
    },
  );
}

async function listAll(path: string, options: ListImagesOptions): Promise<FolderListing> {
  if (isManifestName(path)) {
    if (options.labelBy === undefined) return listManifest(path, options);
    throw new HarrierError('bad-option', 'a list says the labels itself', {
      where: path,
      next: 'Leave the option out, or give the folder of the images.',
      options: ['labelBy'],
    });
  }
  const folder = await packedFolder(path, options);
  if (folder === undefined) return listFolder(path, options);
  const inWords = (text: string) => text.replaceAll(folder, path);
  try {
    const { notes, ...listing } = await listFolder(folder, { ...options, isForeign: true });
    return { ...listing, source: path, called: path, notes: notes.map(inWords) };
  } catch (error) {
    throw error instanceof HarrierError ? renamed(error, inWords) : error;
  }
}

type FolderOptions = ListImagesOptions & Pick<ListManifestOptions, 'isForeign'>;

async function listFolder(folder: string, options: FolderOptions): Promise<FolderListing> {
  const { labelBy, columns, multiLabel } = options;
  if (labelBy !== undefined) {
    const other = multiLabel ? '--multi-label' : columns && '--columns';
    if (other === undefined) return listByNames(folder, labelBy, options);
    throw new HarrierError('bad-option', `--label-by and ${other} cannot be combined`, {
      where: folder,
      next: 'Paths say one class for each image; a list may say more.',
    });
  }
  const [list, ...others] = await listsBeside(folder);
  if (list === undefined && multiLabel) {
    throw new HarrierError('bad-data', 'no list says which labels its images have', {
      where: folder,
      expected:
        'a list (.csv, .jsonl) with a line "file,tags", then one such as "photo.jpg,cat;dog" for each image',
      ...(options.purpose === 'evaluation'
        ? { next: 'The model gives images any number of labels: give such a list as data.' }
        : {
            next: 'Give the list as data. Images in one folder per class have one class each: leave --multi-label out.',
            options: ['multiLabel'],
          }),
    });
  }
  if (list !== undefined) {
    const { notes, ...listing } = await listManifest(list, options);
    return {
      ...listing,
      notes: [...notes, ...others.map((other) => `${other} is not read: ${list} comes first.`)],
    };
  }
  if (columns === undefined) return listImageFolder(folder, options);
  throw new HarrierError('bad-option', 'there is no list whose columns could be named', {
    where: folder,
    expected: `one beside the images, such as ${SIDECARS[0]}`,
    next: 'Give the list itself as data, or leave the option out.',
    options: ['columns'],
  });
}

/** The list in a folder that has no class folders: images in it, or in one folder. */
export async function listBeside(folder: string): Promise<string | undefined> {
  const [first] = await listsBeside(folder);
  return first;
}

/** Such lists, the one that is read before the others. */
async function listsBeside(folder: string): Promise<string[]> {
  const lists = await listsIn(folder);
  if (lists.length === 0) return [];
  const { folders, images } = await lookInto(folder);
  return images > 0 || folders.length <= 1 ? lists : [];
}

/** The lists in a folder, however its images lie. */
export async function listsIn(folder: string): Promise<string[]> {
  const isThere = await Promise.all(SIDECARS.map((name) => stat(join(folder, name)).catch(() => undefined)));
  return SIDECARS.filter((_, i) => isThere[i]?.isFile()).map((name) => join(folder, name));
}

/** Whether a file of a folder is called like its list. */
export function isSidecarName(name: string): boolean {
  return SIDECARS.includes(name);
}

/** The error in the words of the user, who does not know the folder of the cache. */
function renamed({ code, summary, details }: HarrierError, inWords: (text: string) => string): HarrierError {
  const { where, received, next } = details;
  return new HarrierError(code, inWords(summary), {
    ...details,
    ...(where !== undefined && { where: inWords(where) }),
    ...(received !== undefined && { received: inWords(received) }),
    ...(next !== undefined && { next: inWords(next) }),
  });
}
