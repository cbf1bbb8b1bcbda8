import { unshared } from '../unshared.ts';
import type { ByteStorage } from './byte-storage.ts';

/** Times that a file is opened to be read. */
const READS = 20;

/** Storage in the site's private files; undefined where a browser has none, or none that can be written here. */
export async function openFolder(name: string): Promise<ByteStorage | undefined> {
  const folder = await findFolder(name);
  if (!folder) return undefined;
  return {
    kind: 'opfs',
    async read(name) {
      for (let attempt = 1; ; attempt++) {
        const handle = await folder.getFileHandle(encodeURIComponent(name)).catch(noneFound);
        if (!handle) return undefined;
        try {
          return new Uint8Array(await (await handle.getFile()).arrayBuffer());
        } catch (error) {
          // Another tab or worker has put another file, or none, in its place since it was opened.
          if (attempt === READS || !isReplaced(error)) throw error;
        }
      }
    },
    async write(name, bytes) {
      const handle = await folder.getFileHandle(encodeURIComponent(name), { create: true });
      // It writes beside the file, and puts the whole in its place when it is closed.
      const file = await handle.createWritable();
      try {
        // The room is taken at once: in the middle of writing, a full disk gives errors of many names.
        await file.truncate(bytes.length);
        await file.write(unshared(bytes));
        await file.close();
      } catch (error) {
        await file.abort().catch(() => {});
        // What was made for nothing goes again.
        if ((await handle.getFile()).size === 0) await folder.removeEntry(handle.name).catch(() => {});
        throw error;
      }
    },
    async remove(name) {
      await folder.removeEntry(encodeURIComponent(name)).catch(noneFound);
    },
    async names() {
      const names: string[] = [];
      for await (const [entry, { kind }] of folder as unknown as AsyncIterable<[string, FileSystemHandle]>) {
        if (kind === 'file') names.push(decodeURIComponent(entry));
      }
      return names.sort();
    },
  };
}

async function findFolder(name: string): Promise<FileSystemDirectoryHandle | undefined> {
  if (!('FileSystemFileHandle' in globalThis && 'createWritable' in FileSystemFileHandle.prototype))
    return undefined;
  try {
    const root = await navigator.storage.getDirectory();
    return await root.getDirectoryHandle(encodeURIComponent(name), { create: true });
  } catch {
    // Private windows of some browsers.
    return undefined;
  }
}

function isReplaced(error: unknown): boolean {
  return (
    error instanceof DOMException && (error.name === 'NotReadableError' || error.name === 'NotFoundError')
  );
}

function noneFound(error: unknown): undefined {
  if (error instanceof DOMException && error.name === 'NotFoundError') return undefined;
  throw error;
}
