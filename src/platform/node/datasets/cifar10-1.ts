import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Dataset } from '../../../data/dataset.ts';
import { memoryDataset } from '../../../data/memory.ts';
import { decodeNpy } from '../../../data/npy.ts';
import { HarrierError } from '../../../errors.ts';
import { readError } from '../files/read-error.ts';
import { CIFAR10_CLASSES } from './cifar10-files.ts';

const SIDE = 32;
const IMAGES = '_data.npy';
const LABELS = '_labels.npy';

/**
 * CIFAR-10.1, a second test set for CIFAR-10 that was collected years later in the same way: the published pair
 * `cifar10.1_v6_data.npy` (uint8 `[2000, 32, 32, 3]`) and `cifar10.1_v6_labels.npy`, or version 4 with 2,021 images.
 *
 * B. Recht, R. Roelofs, L. Schmidt, V. Shankar, "Do CIFAR-10 Classifiers Generalize to CIFAR-10?", 2018;
 * https://github.com/modestyachts/CIFAR-10.1
 *
 * @param path the folder of the pair (of several pairs the last by name, which is the newest), or one of its files
 * @throws HarrierError `not-found`, `bad-data` or `not-supported` when a file is missing or holds something else
 */
export async function cifar10Point1(path: string): Promise<Dataset> {
  const stem = await findPair(path);
  const [images, labels] = await Promise.all([readArray(stem + IMAGES), readArray(stem + LABELS)]);
  const [count, ...shape] = images.array.shape;
  if (images.array.type !== '|u1' || `${shape}` !== `${[SIDE, SIDE, 3]}` || count === 0) {
    throw wrongShape(images, `uint8 (images, ${SIDE}, ${SIDE}, 3)`);
  }
  const numbers = Array.from(labels.array.data as ArrayLike<number | bigint>, Number);
  if (labels.array.shape.length !== 1 || numbers.length !== count) {
    throw wrongShape(labels, `(${count},), a label for each of the images beside it`);
  }
  const name = basename(stem);
  return memoryDataset({
    name,
    classNames: CIFAR10_CLASSES,
    imageShape: { height: SIDE, width: SIDE, channels: 3 },
    labels: numbers,
    pixels: images.array.data as Uint8Array,
  });
}

/** Whether a path leads to such a pair, by the names of files alone. */
export async function isCifar10Point1(path: string): Promise<boolean> {
  return (await findPair(path).catch(() => undefined)) !== undefined;
}

/** Where the pair lies, without the ends of the two names. */
async function findPair(path: string): Promise<string> {
  const info = await stat(path).catch((error) => {
    throw readError(error, path, 'folder');
  });
  const end = [IMAGES, LABELS].find((each) => path.endsWith(each));
  if (info.isFile() && end) return path.slice(0, -end.length);
  const folder = info.isDirectory() ? path : dirname(path);
  const names = info.isDirectory() ? await readdir(folder) : [];
  const newest = names
    .filter((name) => /^cifar10\.1.*_data\.npy$/.test(name))
    .sort()
    .at(-1);
  if (newest) return join(folder, newest.slice(0, -IMAGES.length));
  throw new HarrierError('not-found', 'this is not CIFAR-10.1', {
    where: path,
    expected: 'a folder with cifar10.1_v6_data.npy and cifar10.1_v6_labels.npy',
    next: 'Download both files from https://github.com/modestyachts/CIFAR-10.1 (folder datasets).',
  });
}

async function readArray(file: string) {
  const bytes = await readFile(file).catch((error) => {
    throw readError(error, file, 'file');
  });
  return { file, array: decodeNpy(bytes, file) };
}

function wrongShape(
  { file, array: { type, shape } }: Awaited<ReturnType<typeof readArray>>,
  expected: string,
) {
  return new HarrierError('bad-data', "this array does not have the shape of CIFAR-10.1's", {
    where: file,
    expected,
    received: `${type} (${shape.join(', ')}${shape.length === 1 ? ',' : ''})`,
    next: 'Use the published file.',
  });
}
