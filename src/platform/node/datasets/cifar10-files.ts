import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory, storageError } from '../files/cache.ts';

/** The classes in the order of their labels. */
export const CIFAR10_CLASSES: readonly string[] = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
];

/** The six files of the binary version and their SHA-256. */
export const CIFAR10_FILES: Readonly<Record<string, string>> = {
  'data_batch_1.bin': 'cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5',
  'data_batch_2.bin': 'a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed',
  'data_batch_3.bin': 'bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67',
  'data_batch_4.bin': '014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48',
  'data_batch_5.bin': '755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add',
  'test_batch.bin': '8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b',
};

export const RECORDS_PER_FILE = 10_000;
export const PLANE_BYTES = 32 * 32;
/** One label byte, then the planes red, green and blue. */
export const RECORD_BYTES = 1 + 3 * PLANE_BYTES;

/** The folder of the six files: `cifar10` in the cache directory. */
export function cifar10Directory(cache: string = cacheDirectory()): string {
  return join(cache, 'cifar10');
}

/** Whether one file of CIFAR-10 is there and whole. */
export interface Cifar10FileCheck {
  /** Name of the file. */
  readonly name: string;
  /** Path in the cache. */
  readonly path: string;
  /** SHA-256, hex. */
  readonly expected: string;
  /** SHA-256, hex; undefined when the file is not there. */
  readonly actual: string | undefined;
  /** Whether the SHA-256 is the expected one. */
  readonly ok: boolean;
}

/**
 * Checks the six files of a folder against their SHA-256 without loading or fetching anything.
 *
 * @throws HarrierError `storage` when a file is there and cannot be read
 */
export async function verifyCifar10(
  directory: string = cifar10Directory(),
): Promise<readonly Cifar10FileCheck[]> {
  const checks: Cifar10FileCheck[] = [];
  for (const [name, expected] of Object.entries(CIFAR10_FILES)) {
    const path = join(directory, name);
    const bytes = await readIfThere(path);
    const actual = bytes && sha256Hex(bytes);
    checks.push({ name, path, expected, actual, ok: actual === expected });
  }
  return checks;
}

/** A file's bytes, or undefined when there is none. @throws HarrierError `storage` */
export async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw storageError(error, path);
  }
}

export function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/**
 * Planes to interleaved pixels once, here: then a batch is one copy an image.
 *
 * @param first where the first record goes
 * @returns the number of records
 */
export function readRecords(
  records: Uint8Array,
  pixels: Uint8Array,
  labels: Uint16Array,
  first: number,
): number {
  const count = records.length / RECORD_BYTES;
  for (let n = 0; n < count; n++) {
    const record = n * RECORD_BYTES;
    labels[first + n] = records[record];
    const red = record + 1;
    const green = red + PLANE_BYTES;
    const blue = green + PLANE_BYTES;
    let out = (first + n) * 3 * PLANE_BYTES;
    for (let i = 0; i < PLANE_BYTES; i++) {
      pixels[out++] = records[red + i];
      pixels[out++] = records[green + i];
      pixels[out++] = records[blue + i];
    }
  }
  return count;
}
