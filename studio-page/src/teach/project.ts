import { computed, signal } from '@preact/signals';
import { HarrierError } from 'harrier/src/errors.ts';
import { askBeforeLosing } from '../leaving.ts';
import { newId } from '../new-id.ts';
import { mergedClasses } from './merged-classes.ts';
import type { TaughtImage } from './messages.ts';
import { readJson, removalsEnded, removeFiles, store, writeJson } from './store.ts';
import { aloneInBrowser, hearTabs, inTurn, isAlone, tellTabs } from './tabs.ts';

/** A class that the user makes. */
export interface TaughtClass {
  readonly id: string;
  readonly name: string;
  readonly images: readonly TaughtImage[];
}

interface StoredProject {
  readonly format: 1;
  readonly classes: readonly {
    readonly id: string;
    readonly name: string;
    /** The name that format 1 has for images. */
    readonly pictures: readonly {
      readonly id: string;
      readonly name: string;
      readonly type: string;
      readonly burst?: string;
    }[];
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
      /** What else comes back with them. */
      readonly undone?: () => void;
    }
  | undefined
>(undefined);
/** Why the browser does not keep what is here; it stays until all of it is kept. */
export const notKept = signal<unknown>(undefined);
/** Images that are only in this page, by id; also those that were removed and may be brought back. */
export const unkept = signal<ReadonlySet<string>>(new Set());
/** How many images of the classes are only in this page. */
export const unkeptImages = computed(() => unkeptOf(classes.value ?? []).length);
askBeforeLosing(() => unkeptImages.peek() > 0);

const unkeptOf = (all: readonly TaughtClass[]): TaughtImage[] =>
  all.flatMap(({ images }) => images.filter(({ id }) => unkept.value.has(id)));

let loading: Promise<void> | undefined;

/** Reads what was kept, once; a first visit begins with two empty classes. */
export function loadProject(): Promise<void> {
  loading ??= load();
  return loading;
}

/** Whether what was kept has been read: nothing is written over what could not be. */
let isRead = false;

async function load(): Promise<void> {
  let found: readonly TaughtClass[] = [];
  try {
    found = await readClasses();
    isRead = true;
  } catch (error) {
    notKept.value = error;
  }
  // Another tab may be about to name an image that it has written, or to bring one back. What stays is removed next time.
  await aloneInBrowser(async () => {
    if (isRead) await removeStrays(found);
  }).catch(() => {});
  classes.value = found.length > 0 ? found : [emptyClass(1), emptyClass(2)];
  agreed = now();
  hearTabs('classes', follow);
}

/** What the browser keeps; an image that is in this page already stays as it is. */
async function readClasses(): Promise<readonly TaughtClass[]> {
  const stored = await storedClasses();
  const storage = await store();
  const here = new Map((classes.peek() ?? []).flatMap(({ images }) => images.map((each) => [each.id, each])));
  const found: TaughtClass[] = [];
  for (const { id, name, pictures } of stored) {
    const there = await Promise.all(
      pictures.map(async ({ type, ...image }): Promise<TaughtImage | undefined> => {
        const known = here.get(image.id);
        if (known) return known;
        const bytes = await storage.read(imageFile(image.id));
        return bytes && { ...image, blob: new Blob([bytes], { type }) };
      }),
    );
    found.push({ id, name, images: there.filter((image) => image !== undefined) });
  }
  return found;
}

const storedClasses = async (): Promise<StoredProject['classes']> =>
  (await readJson<StoredProject>(PROJECT))?.classes ?? [];

/** The classes as this tab and the others knew them last: what differs from them was done here. */
let agreed: readonly TaughtClass[] = [];

/** Another tab has changed the classes: they become the same here. */
function follow(): void {
  writing = writing.then(async () => {
    if (!(await takeOthers().catch(() => false))) return;
    isRead = true;
    if (!isAlike(kept(now()), agreed)) change(now());
  });
}

/** Has what others have kept come to what is here. @returns whether anything is kept */
async function takeOthers(): Promise<boolean> {
  const found = await readClasses();
  if (found.length === 0) return false;
  const mine = now();
  classes.value = isAlike(mine, agreed) ? found : mergedClasses(agreed, mine, found);
  agreed = kept(found);
  return true;
}

/** Without what is in this page alone: others do not know it, and it stays when they keep theirs. */
const kept = (all: readonly TaughtClass[]): readonly TaughtClass[] =>
  all.map((each) => ({ ...each, images: each.images.filter(({ id }) => !unkept.peek().has(id)) }));

const isAlike = (some: readonly TaughtClass[], others: readonly TaughtClass[]) =>
  JSON.stringify(storedOf(some)) === JSON.stringify(storedOf(others));

/** Keeps the classes, one tab after another. */
function writeClasses(): Promise<void> {
  return inTurn(async () => {
    await takeOthers();
    // First: the list may need its room. What is left is tried again with the next change.
    await removeForgotten().catch(() => {});
    const mine = now();
    await writeJson(PROJECT, storedOf(mine));
    agreed = kept(mine);
  });
}

/** Images that no class has any more, and their features. */
async function removeStrays(known: readonly TaughtClass[]): Promise<void> {
  const used = idsOf(known);
  await removeFiles((name) => {
    const id = imageOf(name);
    return id !== undefined && !used.has(id);
  });
}

/** Images that were removed here, that Undo brings back no more, and whose files are there still. */
const forgotten = new Set<string>();
let removedBefore: typeof removed.value;
removed.subscribe((next) => {
  if (removedBefore) {
    const used = usedImages();
    for (const id of idsOf(removedBefore.bringBack(now()))) if (!used.has(id)) forgotten.add(id);
  }
  removedBefore = next;
});

/** Removes the files of forgotten images. While another tab is open they stay: it may bring them back. */
async function removeForgotten(): Promise<void> {
  // Another tab may have brought some back.
  for (const id of usedImages()) forgotten.delete(id);
  const gone = new Set(forgotten);
  if (gone.size === 0 || !(await isAlone())) return;
  await removeFiles((name) => {
    const id = imageOf(name);
    // It may have been added again meanwhile.
    return id !== undefined && gone.has(id) && forgotten.has(id);
  });
  for (const id of gone) forgotten.delete(id);
}

/** Images that are here, and those that Undo would bring back. */
function usedImages(): Set<string> {
  return idsOf([...now(), ...(removed.peek()?.bringBack(now()) ?? [])]);
}

function idsOf(all: readonly TaughtClass[]): Set<string> {
  return new Set(all.flatMap(({ images }) => images.map(({ id }) => id)));
}

/** The image that a file is, or has the features of. */
function imageOf(name: string): string | undefined {
  const isOfImage = name.startsWith(imageFile('')) || name.startsWith('features-');
  // Both names end in the image's id: five groups of digits.
  return isOfImage ? name.split('-').slice(-5).join('-') : undefined;
}

function emptyClass(number: number): TaughtClass {
  return { id: newId(), name: `Class ${number}`, images: [] };
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

/** Everything anew: no classes, no images, and nothing of them in the browser's storage. What is added from here on stays. */
export async function clearProject(): Promise<void> {
  removed.value = undefined;
  isRead = true;
  // What is here may not be written yet, and some of what is kept could perhaps not be read before.
  agreed = [...agreed, ...now()];
  writing = writing.then(async () => {
    const there = await storedClasses().catch(() => []);
    agreed = [
      ...agreed,
      ...there.map(({ pictures, ...each }) => ({ ...each, images: pictures.map(withoutBytes) })),
    ];
  });
  change([emptyClass(1), emptyClass(2)]);
  await keep(() => removeFiles((name) => name !== PROJECT));
  // Nothing brings those back that were there before.
  const used = idsOf(now());
  for (const [id, url] of urls) {
    if (used.has(id)) continue;
    URL.revokeObjectURL(url);
    urls.delete(id);
  }
}

/** An image that is only known to have been there. */
function withoutBytes({ type, ...image }: StoredProject['classes'][number]['pictures'][number]): TaughtImage {
  return { ...image, blob: new Blob([], { type }) };
}

/** Adds an image to a class, also to one that was removed last and may be brought back. */
export function addToClass(classId: string, image: TaughtImage): void {
  const withIt = (all: readonly TaughtClass[]) =>
    all.map((each) => (each.id === classId ? { ...each, images: [...each.images, image] } : each));
  const last = removed.peek();
  if (now().some(({ id }) => id === classId)) change(withIt(now()));
  else if (last) removed.value = { ...last, bringBack: (later) => withIt(last.bringBack(later)) };
}

/** Brings back what was removed last no more, which makes room in the browser's storage. */
export function forgetRemoved(): void {
  removed.value = undefined;
  change(now());
}

/** Brings back what was removed last. */
export function undo(): void {
  const last = removed.peek();
  if (!last) return;
  const gone = idsOf(now());
  last.undone?.();
  change(last.bringBack(now()));
  removed.value = undefined;
  // Of a project that was opened in between, what Undo takes away does not come back.
  for (const id of usedImages()) gone.delete(id);
  for (const id of gone) forgotten.add(id);
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

const urls = new Map<string, string>();

/** Where an image can be shown from. */
export function imageUrlOf({ id, blob }: TaughtImage): string {
  const known = urls.get(id);
  if (known) return known;
  const url = URL.createObjectURL(blob);
  urls.set(id, url);
  return url;
}

/** The classes as they are now. */
export const now = (): readonly TaughtClass[] => classes.peek() ?? [];

let writing = Promise.resolve();
let waitingToWrite = false;

/** Makes these the classes, and keeps them. */
export function change(next: readonly TaughtClass[]): void {
  classes.value = next;
  if (waitingToWrite) return;
  waitingToWrite = true;
  writing = writing.then(async () => {
    // Many changes one after another are written once.
    await new Promise((resolve) => setTimeout(resolve, 100));
    waitingToWrite = false;
    if (!isRead) return;
    await keep(writeClasses);
    await keepTheRest();
    tellTabs('classes');
  });
}

function storedOf(all: readonly TaughtClass[]): StoredProject {
  return {
    format: 1,
    classes: all.map(({ id, name, images }) => ({
      id,
      name,
      pictures: images.map(({ blob, ...image }) => ({ ...image, type: blob.type })),
    })),
  };
}

/** Keeps an image. Where there is no room for it, it is in this page alone. */
export async function keepImage({ id, blob }: TaughtImage): Promise<void> {
  forgotten.delete(id);
  await removalsEnded();
  const isKept = await keep(async () => {
    await (await store()).write(imageFile(id), new Uint8Array(await blob.arrayBuffer()));
  });
  const before = unkept.peek();
  if (isKept !== before.has(id)) return;
  const after = new Set(before);
  if (isKept) after.delete(id);
  else after.add(id);
  unkept.value = after;
}

/** Tries again to keep what there was no room for: something may have been removed. */
async function keepTheRest(): Promise<void> {
  const still = unkeptOf(now());
  if (still.length === 0) return;
  for (const image of still) {
    await keepImage(image);
    // There is no room for the others either.
    if (unkept.peek().has(image.id)) return;
  }
  if (unkeptImages.peek() === 0) notKept.value = undefined;
}

/**
 * Without room the page works on, and says that it will forget.
 * @returns whether it is kept
 */
async function keep(write: () => Promise<void>): Promise<boolean> {
  try {
    await write();
    if (isRead && unkeptImages.peek() === 0) notKept.value = undefined;
    return true;
  } catch (error) {
    if (!(error instanceof HarrierError)) throw error;
    // The name of a file means nothing to its user.
    notKept.value = new HarrierError(error.code, error.summary, { ...error.details, where: undefined });
    return false;
  }
}
