import { HarrierError } from '../../errors.ts';
import type { ByteStorage } from './byte-storage.ts';

const STORE = 'bytes';

/**
 * Storage in a database of the site.
 *
 * @throws HarrierError `storage` when the browser has none to give
 */
export async function openDatabase(name: string): Promise<ByteStorage> {
  const database = await open(name);
  const during = async <T>(
    mode: IDBTransactionMode,
    act: (store: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> => {
    const transaction = database.transaction(STORE, mode);
    const request = act(transaction.objectStore(STORE));
    await new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = transaction.onerror = () => reject(transaction.error ?? request.error);
    });
    return request.result;
  };
  return {
    kind: 'indexeddb',
    read: (name) => during('readonly', (store) => store.get(name)),
    write: async (name, bytes) => void (await during('readwrite', (store) => store.put(bytes, name))),
    remove: async (name) => void (await during('readwrite', (store) => store.delete(name))),
    names: async () => ((await during('readonly', (store) => store.getAllKeys())) as string[]).sort(),
  };
}

function open(name: string): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: unknown): void =>
      reject(
        new HarrierError('storage', 'the browser stores nothing for this page', {
          received: cause instanceof Error ? cause.message : String(cause),
          next: 'Private windows and strict settings block storage. Open the page in an ordinary window.',
          cause,
        }),
      );
    if (typeof indexedDB === 'undefined') return refuse('no storage at all');
    let request: IDBOpenDBRequest;
    try {
      request = indexedDB.open(`harrier/${name}`, 1);
    } catch (cause) {
      return refuse(cause);
    }
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => refuse(request.error);
  });
}
