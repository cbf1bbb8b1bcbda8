/** Images and storage in a page. */
import type { Preprocessing } from '../../../src/data/preprocessing.ts';
import {
  type ByteStorage,
  decodeImage,
  type ImageSource,
  openStorage,
  withTabLock,
} from '../../../src/platform/web/index.ts';

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

/** Every kind of image that a page can have, made of the bytes of a file and decoded. */
export async function decodeKinds(
  bytes: Uint8Array<ArrayBuffer>,
  side: number,
  channels: number,
): Promise<Record<string, Uint8Array>> {
  const blob = new Blob([bytes]);
  const address = URL.createObjectURL(blob);
  const bitmap = await createImageBitmap(blob);
  const { width, height } = bitmap;
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const offscreen = new OffscreenCanvas(width, height);
  for (const each of [canvas, offscreen]) {
    (each.getContext('2d') as CanvasRenderingContext2D).drawImage(bitmap, 0, 0);
  }
  const pixels = canvas.getContext('2d')!.getImageData(0, 0, width, height);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  const kinds: Record<string, ImageSource> = {
    blob,
    file: new File([blob], 'photo.png'),
    bytes,
    shared,
    buffer: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    address,
    url: new URL(address),
    img: Object.assign(new Image(), { src: address }),
    canvas,
    offscreen,
    bitmap,
    pixels,
  };
  const shape = { height: side, width: side, channels };
  const decoded: Record<string, Uint8Array> = {};
  for (const [kind, image] of Object.entries(kinds)) decoded[kind] = await decodeImage(image, shape);
  return decoded;
}

/** What is said of images that cannot be used. */
export async function kindsRefused(): Promise<Record<string, string>> {
  const canvas = Object.assign(document.createElement('canvas'), { width: 40, height: 30 });
  const video = document.createElement('video');
  const refused: Record<string, Parameters<typeof decodeImage>> = {
    large: [canvas, SMALL, 'camera', 100],
    early: [video, SMALL],
    named: [video, SMALL, 'camera'],
    missing: ['missing.png', SMALL],
    number: [7 as unknown as Blob, SMALL],
    nothing: [undefined as unknown as Blob, SMALL],
    object: [{ width: 3, height: 4 }, SMALL, 'mine'],
  };
  const said: Record<string, string> = {};
  for (const [name, given] of Object.entries(refused)) {
    said[name] = await decodeImage(...given).then(String, ({ message }) => message);
  }
  return said;
}
const SMALL = { height: 8, width: 8, channels: 3 };

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
