import { signal } from '@preact/signals';
import { isUnwanted } from '../dropped.ts';
import { addFolders, addImage, additions, endAdditions, imageBlob } from './add-images.ts';
import { options, setOptions } from './options.ts';
import { addClass, change, now, removed, renameClass } from './project.ts';
import { type Entry, packProject, projectOf, type SavedProject } from './project-file.ts';
import { keepTaught, taught } from './taught.ts';
import { ask } from './tools.ts';
import { forgetTaught } from './training.ts';

/** A file that the user wants to open, and how far that is. */
export interface Opening {
  readonly file: File;
  /** `asking`: whether it takes the place of what is here. */
  readonly state: 'asking' | 'reading' | 'failed';
  readonly done?: number;
  readonly total?: number;
  readonly error?: unknown;
}

export const opening = signal<Opening | undefined>(undefined);

/** Whether a file is opened as a project, rather than added as an image. */
export const isArchive = (name: string): boolean => /\.zip$/i.test(name);

/** The project that is being read. The next is offered after it. */
let reading: Promise<void> = Promise.resolve();

/** Opens a project file or an archive of images; asks first where something would go. */
export async function offerProject(file: File): Promise<void> {
  for (let last: unknown; last !== reading; ) {
    last = reading;
    await last;
  }
  const isEmpty = now().every(({ images }) => images.length === 0) && !taught.peek();
  opening.value = { file, state: 'asking' };
  if (isEmpty) void openProject('replace');
}

/**
 * Opens the file that was offered. One that is damaged changes nothing.
 *
 * @param how `replace`: what is here goes, but its images can be brought back; `add`: the images come to those that are
 *   here
 */
export function openProject(how: 'replace' | 'add'): Promise<void> {
  reading = open(how);
  return reading;
}

async function open(how: 'replace' | 'add'): Promise<void> {
  const { file } = opening.peek()!;
  opening.value = { file, state: 'reading' };
  const before = now();
  const chosen = options.peek();
  let isWanted = additions();
  try {
    const entries = await ask('unpack', file, file.name);
    const project = projectOf(entries, file.name);
    if (project) await checkImages(project, file);
    if (!isWanted()) {
      opening.value = undefined;
      return;
    }
    if (how === 'replace') {
      forgetTaught();
      endAdditions();
      isWanted = additions();
      change([]);
    }
    if (project) await addProject(project, how);
    else await addEntries(entries);
    if (!isWanted()) {
      opening.value = undefined;
      return;
    }
    while (now().length < 2) addClass();
    if (how === 'replace' && before.some(({ images }) => images.length > 0)) {
      const undone = () => setOptions(chosen);
      removed.value = { what: 'what was here before', bringBack: () => before, undone };
    }
    opening.value = undefined;
  } catch (error) {
    opening.value = { file, state: 'failed', error };
  }
}

/** @throws HarrierError of the first image that is none */
async function checkImages({ classes }: SavedProject, file: File): Promise<void> {
  const images = classes.flatMap((each) => each.images);
  for (const [done, { bytes, type, name }] of images.entries()) {
    opening.value = { file, state: 'reading', done, total: images.length };
    await ask('check', new Blob([bytes], { type }), name);
  }
}

async function addProject({ classes, options, taught }: SavedProject, how: 'replace' | 'add'): Promise<void> {
  const isWanted = additions();
  // Files of before have none.
  if (options && how === 'replace') setOptions(options);
  const filled = new Set<string>();
  for (const { name, images } of classes) {
    const all = now();
    const known =
      all.find((each) => each.name.trim() === name.trim()) ??
      all.find((each) => isUntouched(each) && !filled.has(each.id));
    const { id: classId } = known ?? addClass();
    filled.add(classId);
    renameClass(classId, name);
    const here = new Set(now().flatMap((each) => each.images.map(({ id }) => id)));
    for (const { bytes, type, ...image } of images) {
      if (!isWanted()) return;
      // What is here already is not added once more.
      if (!here.has(image.id)) await addImage(classId, { ...image, blob: imageBlob(bytes, type) });
    }
  }
  if (taught && how === 'replace') await keepTaught(taught);
}

const isUntouched = ({ name, images }: { readonly name: string; readonly images: readonly unknown[] }) =>
  images.length === 0 && /^Class \d+$/.test(name);

/** An archive of folders of images. */
async function addEntries(entries: readonly Entry[]): Promise<void> {
  const files = entries
    .filter(({ path }) => !path.split('/').some(isUnwanted))
    .map(({ path, bytes }) => ({ path, file: new File([bytes], path.split('/').at(-1)!) }));
  const { id } = now()[0] ?? addClass();
  await addFolders(files, id);
}

/** All that is here, as a file. */
export async function savedProject(): Promise<Blob> {
  const model = taught.peek();
  const classes = await Promise.all(
    now().map(async ({ name, images }) => ({
      name,
      images: await Promise.all(
        images.map(async ({ blob, ...image }) => ({
          ...image,
          type: blob.type,
          bytes: new Uint8Array(await blob.arrayBuffer()),
        })),
      ),
    })),
  );
  const bytes = packProject({ classes, options: options.peek(), ...(model && { taught: model }) });
  return new Blob([bytes], { type: 'application/zip' });
}
