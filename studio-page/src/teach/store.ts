// Not from all of harrier/web: the first view reads the model that was taught.
import type { ByteStorage } from 'harrier/src/platform/web/byte-storage.ts';
import { openStorage } from 'harrier/src/platform/web/storage.ts';

let opened: Promise<ByteStorage> | undefined;

/** Where this page keeps what is taught; the worker that trains keeps its checkpoints in the same place. */
export function store(): Promise<ByteStorage> {
  opened ??= openStorage('teach');
  opened.catch(() => {
    opened = undefined;
  });
  return opened;
}

/** What is kept as JSON under a name; undefined when there is nothing, or nothing that can be read. */
export async function readJson<T>(name: string): Promise<T | undefined> {
  const bytes = await (await store()).read(name);
  if (!bytes) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as T;
  } catch {
    return undefined;
  }
}

export async function writeJson(name: string, value: unknown): Promise<void> {
  await (await store()).write(name, new TextEncoder().encode(JSON.stringify(value)));
}

/** What is being removed now. */
let removing: Promise<unknown> = Promise.resolve();

/** Removes what is kept under names that a condition meets; also the others where one cannot be removed. */
export function removeFiles(isGone: (name: string) => boolean): Promise<void> {
  const own = (async () => {
    const storage = await store();
    const names = (await storage.names()).filter(isGone);
    const ends = await Promise.allSettled(names.map((name) => storage.remove(name)));
    const failed = ends.find(({ status }) => status === 'rejected');
    if (failed) throw (failed as PromiseRejectedResult).reason;
  })();
  removing = Promise.allSettled([removing, own]);
  return own;
}

/** Waits for what is being removed: what is kept under the same names after it stays. */
export async function removalsEnded(): Promise<void> {
  await removing;
}
