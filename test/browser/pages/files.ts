/** Images and storage in a page. */
import type { Preprocessing } from '../../../src/data/preprocessing.ts';
import { type ByteStorage, decodeImage, openStorage, withTabLock } from '../../../src/platform/web/index.ts';

export function decode(
  bytes: Uint8Array<ArrayBuffer>,
  height: number,
  width: number,
  name: string,
  maxPixels?: number,
  preprocessing?: Preprocessing,
  channels = 3,
): Promise<Uint8Array> {
  const shape = { height, width, channels, preprocessing };
  return decodeImage(new File([bytes], name), shape, undefined, maxPixels);
}

let storage: ByteStorage;

export async function open(folder: string): Promise<string> {
  storage = await openStorage(folder);
  return storage.kind;
}

/** What browsers do that cannot write private files. */
export function forgetPrivateFiles(): void {
  delete (FileSystemFileHandle.prototype as Partial<FileSystemFileHandle>).createWritable;
}

export const read = (name: string) => storage.read(name);
export const write = (name: string, length: number, value: number) =>
  storage.write(name, new Uint8Array(length).fill(value));
/** Reads a file again and again while it is written anew. @returns what was read that no write has written */
export async function readWhileWritten(name: string, times: number): Promise<string[]> {
  await write(name, LENGTH, 0);
  let writing = true;
  const strange: string[] = [];
  const reader = async () => {
    while (writing) {
      const bytes = await storage.read(name);
      if (bytes?.length !== LENGTH || bytes.some((byte) => byte !== bytes[0]))
        strange.push(`${bytes?.length}`);
    }
  };
  const readers = Promise.all(Array.from({ length: 4 }, reader));
  for (let value = 0; value < times; value++) await write(name, LENGTH, value % 256);
  writing = false;
  await readers;
  return strange;
}
const LENGTH = 100_000;

export const remove = (name: string) => storage.remove(name);
export const names = () => storage.names();

let finish: () => void;
let training: Promise<void>;

/** Holds the lock until `finishTraining`. */
export async function startTraining(): Promise<void> {
  await new Promise<void>((started, refused) => {
    training = withTabLock('test', 'training', async () => {
      started();
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
    });
    training.catch(refused);
  });
}

export async function finishTraining(): Promise<void> {
  finish();
  await training;
}
