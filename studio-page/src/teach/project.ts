import { signal } from '@preact/signals';
import { HarrierError } from 'harrier/src/errors.ts';
import type { DroppedFile } from '../dropped.ts';
import type { TaughtImage } from './messages.ts';
import { readJson, store, writeJson } from './store.ts';
import { ask } from './tools.ts';

/** A class that the user makes. */
export interface TaughtClass {
  readonly id: string;
  readonly name: string;
  readonly images: readonly TaughtImage[];
}

/** A file that was not taken, and why. */
export interface Refusal {
  readonly id: string;
  readonly classId: string;
  readonly message: string;
}

interface StoredProject {
  readonly format: 1;
  readonly classes: readonly {
    readonly id: string;
    readonly name: string;
    /** The name that format 1 has for images. */
    readonly pictures: readonly { readonly id: string; readonly name: string; readonly type: string }[];
  }[];
}

const PROJECT = 'project.json';
/** Named as format 1 names them. */
const imageFile = (id: string) => `picture-${id}`;

/** The classes with their images, as they are now; undefined until what was kept has been read. */
export const classes = signal<readonly TaughtClass[] | undefined>(undefined);
/** What was removed last, and the classes with it again: whatever else has changed since stays changed. */
export const removed = signal<
  | {
      readonly what: string;
      readonly bringBack: (now: readonly TaughtClass[]) => readonly TaughtClass[];
    }
  | undefined
>(undefined);
export const refusals = signal<readonly Refusal[]>([]);
/** Why the browser does not keep what is here. */
export const notKept = signal<unknown>(undefined);
/** Images that are still being read, by class. */
export const reading = signal<Readonly<Record<string, number>>>({});

let loading: Promise<void> | undefined;

/** Reads what was kept, once; a first visit begins with two empty classes. */
export function loadProject(): Promise<void> {
  loading ??= load();
  return loading;
}

async function load(): Promise<void> {
  let found: TaughtClass[] = [];
  try {
    const stored = await readJson<StoredProject>(PROJECT);
    const storage = await store();
    for (const { id, name, pictures } of stored?.classes ?? []) {
      const there = await Promise.all(
        pictures.map(async (image) => {
          const bytes = await storage.read(imageFile(image.id));
          return bytes && { id: image.id, name: image.name, blob: new Blob([bytes], { type: image.type }) };
        }),
      );
      found.push({ id, name, images: there.filter((image) => image !== undefined) });
    }
    await removeStrays(found);
  } catch (error) {
    notKept.value = error;
    found = [];
  }
  classes.value = found.length > 0 ? found : [emptyClass(1), emptyClass(2)];
}

/**
 * Images that no class has any more, and their features. While the page is open they stay, so that removing them can be
 * undone.
 */
async function removeStrays(known: readonly TaughtClass[]): Promise<void> {
  const used = new Set(known.flatMap(({ images }) => images.map(({ id }) => id)));
  const storage = await store();
  for (const name of await storage.names()) {
    const isOfImage = name.startsWith(imageFile('')) || name.startsWith('features-');
    // Both names end in the image's id: five groups of digits.
    const id = name.split('-').slice(-5).join('-');
    if (isOfImage && !used.has(id)) await storage.remove(name);
  }
}

function emptyClass(number: number): TaughtClass {
  return { id: crypto.randomUUID(), name: `Class ${number}`, images: [] };
}

export function addClass(): TaughtClass {
  const now = classes.peek() ?? [];
  const names = new Set(now.map(({ name }) => name));
  let number = now.length + 1;
  while (names.has(`Class ${number}`)) number++;
  const made = emptyClass(number);
  change([...now, made]);
  return made;
}

export function renameClass(id: string, name: string): void {
  change(now().map((each) => (each.id === id ? { ...each, name } : each)));
}

export function removeClass(id: string): void {
  const before = now();
  const { name } = before.find((each) => each.id === id)!;
  removed.value = { what: `“${name}”`, bringBack: (later) => withAgain(later, before, [id]) };
  change(before.filter((each) => each.id !== id));
}

export function removeImages(classId: string, ids: readonly string[]): void {
  const before = now();
  const imagesOf = (
    all: readonly TaughtClass[],
    of: (images: TaughtClass['images']) => TaughtClass['images'],
  ) => all.map((each) => (each.id === classId ? { ...each, images: of(each.images) } : each));
  const all = before.find(({ id }) => id === classId)?.images ?? [];
  removed.value = {
    what: ids.length === 1 ? 'an image' : `${ids.length} images`,
    bringBack: (later) => imagesOf(later, (images) => withAgain(images, all, ids)),
  };
  change(imagesOf(before, (images) => images.filter(({ id }) => !ids.includes(id))));
}

/** Everything anew: no classes, no images, and nothing of them in the browser's storage. */
export async function clearProject(): Promise<void> {
  removed.value = undefined;
  refusals.value = [];
  change([emptyClass(1), emptyClass(2)]);
  await keep(async () => {
    const storage = await store();
    for (const name of await storage.names()) {
      if (name !== PROJECT) await storage.remove(name);
    }
  });
}

/** Brings back what was removed last. */
export function undo(): void {
  const last = removed.peek();
  if (!last) return;
  removed.value = undefined;
  change(last.bringBack(now()));
}

/** A list with items again that were removed from it: each behind the one that it stood behind before. */
function withAgain<T extends { readonly id: string }>(
  list: readonly T[],
  before: readonly T[],
  ids: readonly string[],
): readonly T[] {
  const result = [...list];
  const place = (id: string) => result.findIndex((each) => each.id === id);
  before.forEach((item, i) => {
    if (!ids.includes(item.id) || place(item.id) >= 0) return;
    const previous = before.slice(0, i).findLast(({ id }) => place(id) >= 0);
    result.splice(previous ? place(previous.id) + 1 : 0, 0, item);
  });
  return result;
}

/**
 * Adds files to a class, one after another; what is no image is left out and spoken of.
 *
 * @param files images, or whatever was dropped
 */
export async function addFiles(
  classId: string,
  files: readonly { readonly blob: Blob; readonly name: string }[],
): Promise<void> {
  count(classId, files.length);
  for (const { blob, name } of files) {
    try {
      const kept = await ask('shrink', blob, name);
      const id = crypto.randomUUID();
      const bytes = new Uint8Array(await kept.arrayBuffer());
      await keep(async () => (await store()).write(imageFile(id), bytes));
      // From memory: a file on disk may change or go.
      const image = { id, name, blob: new Blob([bytes], { type: kept.type }) };
      change(
        now().map((each) => (each.id === classId ? { ...each, images: [...each.images, image] } : each)),
      );
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      refusals.value = [...refusals.peek(), { id: crypto.randomUUID(), classId, message }];
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
  const byName = new Map<string | undefined, DroppedFile[]>();
  for (const each of files) {
    const name = each.path.split('/').at(-2)?.normalize('NFC');
    byName.set(name, [...(byName.get(name) ?? []), each]);
  }
  // In the order of the names, whatever the order in which the files were listed.
  for (const [name, own] of [...byName].sort(([a = ''], [b = '']) => (a < b ? -1 : 1))) {
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

const urls = new Map<string, string>();

/** Where an image can be shown from. */
export function imageUrlOf({ id, blob }: TaughtImage): string {
  const known = urls.get(id);
  if (known) return known;
  const url = URL.createObjectURL(blob);
  urls.set(id, url);
  return url;
}

const now = (): readonly TaughtClass[] => classes.peek() ?? [];

function count(classId: string, more: number): void {
  const counts = reading.peek();
  reading.value = { ...counts, [classId]: (counts[classId] ?? 0) + more };
}

let writing = Promise.resolve();
let waitingToWrite = false;

function change(next: readonly TaughtClass[]): void {
  classes.value = next;
  if (waitingToWrite) return;
  waitingToWrite = true;
  writing = writing.then(async () => {
    // Many changes one after another are written once.
    await new Promise((resolve) => setTimeout(resolve, 100));
    waitingToWrite = false;
    await keep(() => writeJson(PROJECT, storedOf(now())));
  });
}

/** Waits until what is shown is what is kept. */
export async function projectKept(): Promise<void> {
  await writing;
}

function storedOf(all: readonly TaughtClass[]): StoredProject {
  return {
    format: 1,
    classes: all.map(({ id, name, images }) => ({
      id,
      name,
      pictures: images.map((image) => ({ id: image.id, name: image.name, type: image.blob.type })),
    })),
  };
}

/** Without room the page works on, and says that it will forget. */
async function keep(write: () => Promise<void>): Promise<void> {
  try {
    await write();
    notKept.value = undefined;
  } catch (error) {
    if (!(error instanceof HarrierError)) throw error;
    // The name of a file means nothing to its user.
    notKept.value = new HarrierError(error.code, error.summary, { ...error.details, where: undefined });
  }
}
