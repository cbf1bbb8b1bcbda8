import { signal } from '@preact/signals';
import { imageFormatOf } from 'harrier/src/data/image-bytes.ts';
import type { DroppedFile } from '../dropped.ts';
import { newId } from '../new-id.ts';
import type { TaughtImage } from './messages.ts';
import { addClass, addToClass, keepImage, now, renameClass } from './project.ts';
import { ask } from './tools.ts';

/** A file that may be an image. */
export interface ImageFile extends Pick<TaughtImage, 'burst'> {
  readonly blob: Blob;
  readonly name: string;
}

/** A file that was not taken, and why. */
export interface Refusal {
  readonly id: string;
  readonly classId: string;
  readonly message: string;
}

export const refusals = signal<readonly Refusal[]>([]);
/** Changes when all that is here goes: images that are still being read are then added to nothing. */
let generation = 0;

/** Adds none of the images that are still being read. */
export function endAdditions(): void {
  generation++;
}

/** Tells, later, whether what is being added now is still wanted. */
export function additions(): () => boolean {
  const own = generation;
  return () => own === generation;
}

/** Images that are still being read, by class. */
export const reading = signal<Readonly<Record<string, number>>>({});

/**
 * Adds files to a class, one after another; what is no image is left out and spoken of.
 *
 * @param files images, or whatever was dropped
 */
export async function addFiles(classId: string, files: readonly ImageFile[]): Promise<void> {
  const isWanted = additions();
  count(classId, files.length);
  for (const { blob, name, burst } of files) {
    try {
      if (!isWanted()) continue;
      const kept = await ask('shrink', blob, name);
      // From memory: a file on disk may change or go.
      const content = imageBlob(new Uint8Array(await kept.arrayBuffer()), kept.type);
      if (!isWanted()) continue;
      await addImage(classId, {
        id: newId(),
        name,
        blob: content,
        ...(burst !== undefined && { burst }),
      });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      refusals.value = [...refusals.peek(), { id: newId(), classId, message }];
    } finally {
      count(classId, -1);
    }
  }
}

/**
 * Adds files to the classes that their folders name: those that are there, and new ones. Files in no folder go to a class
 * that is given.
 */
export async function addFolders(files: readonly DroppedFile[], classId: string): Promise<void> {
  const isWanted = additions();
  const byName = new Map<string | undefined, DroppedFile[]>();
  for (const each of files) {
    const name = each.path.split('/').at(-2)?.normalize('NFC');
    byName.set(name, [...(byName.get(name) ?? []), each]);
  }
  // In the order of the names, whatever the order in which the files were listed.
  for (const [name, own] of [...byName].sort(([a = ''], [b = '']) => (a < b ? -1 : 1))) {
    if (!isWanted()) return;
    const id = name === undefined ? classId : classNamed(name);
    await addFiles(
      id,
      own.map(({ file }) => ({ blob: file, name: file.name })),
    );
  }
}

/** The class of that name: one that is there, an untouched one that takes the name, or a new one. */
function classNamed(name: string): string {
  const all = now();
  const known = all.find((each) => each.name.trim() === name);
  if (known) return known.id;
  const untouched = all.find((each) => each.images.length === 0 && /^Class \d+$/.test(each.name));
  const { id } = untouched ?? addClass();
  renameClass(id, name);
  return id;
}

export function forgetRefusals(classId: string): void {
  refusals.value = refusals.peek().filter((each) => each.classId !== classId);
}

/** An image with its media type, which files without a known ending lack. */
export function imageBlob(bytes: Uint8Array<ArrayBuffer>, type: string): Blob {
  return new Blob([bytes], { type: type || `image/${(imageFormatOf(bytes) ?? 'PNG').toLowerCase()}` });
}

/** Keeps an image and adds it to a class. */
export async function addImage(classId: string, image: TaughtImage): Promise<void> {
  await keepImage(image);
  addToClass(classId, image);
}

function count(classId: string, more: number): void {
  const counts = reading.peek();
  reading.value = { ...counts, [classId]: (counts[classId] ?? 0) + more };
}
