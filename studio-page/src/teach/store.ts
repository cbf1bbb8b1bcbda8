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
