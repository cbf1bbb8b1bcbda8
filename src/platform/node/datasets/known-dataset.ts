import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Dataset, DatasetSplits } from '../../../data/dataset.ts';
import { memoryDataset, threeChannels } from '../../../data/memory.ts';
import { HarrierError } from '../../../errors.ts';
import { cacheDirectory } from '../files/cache.ts';
import { download } from '../files/download.ts';
import { withLock } from '../files/lock.ts';
import { readTarEntries } from '../files/tar-entries.ts';
import { readIfThere } from './cifar10-files.ts';
import { KNOWN_SETS, type KnownFile, type KnownSet } from './known-sets.ts';
import type { UnpackOptions } from './packed/index.ts';

/** The data set of a name; undefined for another name. */
export function knownSet(name: string): KnownSet | undefined {
  return KNOWN_SETS.find((set) => set.name === name);
}

/** The folder of a known data set in the cache. */
export function knownSetDirectory({ name }: KnownSet, cache: string = cacheDirectory()): string {
  return join(cache, name);
}

/**
 * A data set that Harrier knows by its name: fetched on first use, then read from the cache; every file is checked
 * against its published MD5 each time.
 *
 * @throws HarrierError `network` when it is not in the cache and cannot be fetched, `bad-data` when it is damaged,
 *   `storage` when the cache cannot be written; the signal's reason when aborted
 */
export async function knownDataset(set: KnownSet, options: UnpackOptions = {}): Promise<DatasetSplits> {
  const directory = knownSetDirectory(set, options.cacheDirectory);
  const contents: Buffer[] = [];
  for (const file of set.files) contents.push(await contentOf(set, file, directory, options));
  if (set.kind === 'idx') {
    const [trainImages, trainLabels, testImages, testLabels] = contents.map((bytes) => gunzipSync(bytes));
    return {
      train: idxPart(set, 'train', trainImages, trainLabels),
      test: idxPart(set, 'test', testImages, testLabels),
    };
  }
  const archive = join(directory, set.files[0].name);
  const names = ['train.bin', 'test.bin', 'fine_label_names.txt'];
  const entries = await readTarEntries(createReadStream(archive), names, archive);
  const classNames = entries.get('fine_label_names.txt')!.toString('utf8').trim().split(/\r?\n/);
  return {
    train: cifar100Part(set, 'train', entries.get('train.bin')!, classNames),
    test: cifar100Part(set, 'test', entries.get('test.bin')!, classNames),
  };
}

/** The bytes of a file, from the cache or fetched into it. */
async function contentOf(
  { name: set, title }: KnownSet,
  { name, md5, urls }: KnownFile,
  directory: string,
  { onProgress, signal }: UnpackOptions,
): Promise<Buffer> {
  const path = join(directory, name);
  const there = async () => {
    const bytes = await readIfThere(path);
    if (bytes) checkMd5(bytes, md5, path);
    return bytes;
  };
  // What is only read needs no lock: the cache may be read-only.
  const before = await there();
  if (before) return before;
  return withLock(`${path}.lock`, { signal, onWait: () => {} }, async () => {
    const meanwhile = await there();
    if (meanwhile) return meanwhile;
    const failures: string[] = [];
    for (const url of urls) {
      try {
        await download(url, path, {
          expected: { algorithm: 'md5', hex: md5 },
          signal,
          onProgress: (done, total) =>
            onProgress?.({ what: `downloading ${title}, ${name}`, done, total, unit: 'bytes' }),
        });
        return await readFile(path);
      } catch (error) {
        if (!(error instanceof HarrierError) || error.code === 'storage') throw error;
        failures.push(error.message.replace(/\.$/, ''));
        await rm(path, { force: true });
      }
    }
    throw new HarrierError(
      'network',
      `${title} is not in the cache and cannot be downloaded (${failures.join('; ')})`,
      { where: set, next: `Connect to the network and try again, or copy ${name} to ${directory}.` },
    );
  });
}

/** @throws HarrierError `bad-data` */
function checkMd5(bytes: Buffer, expected: string, path: string): void {
  const received = createHash('md5').update(bytes).digest('hex');
  if (received === expected) return;
  throw new HarrierError('bad-data', 'the file is damaged', {
    where: path,
    expected: `MD5 ${expected}`,
    received,
    next: 'Delete it and run the command again: it is fetched anew.',
  });
}

/** Files in IDX format: a magic number, the sizes, then bytes. http://yann.lecun.com/exdb/mnist/ */
function idxPart(
  { name, side, classNames }: KnownSet,
  part: 'train' | 'test',
  images: Buffer,
  labels: Buffer,
): Dataset {
  const count = images.readUInt32BE(4);
  const size = side * side;
  if (images.length !== 16 + count * size || labels.length !== 8 + count) {
    throw new HarrierError('bad-data', 'its files do not belong together', { where: `${name}/${part}` });
  }
  const pixels = new Uint8Array(new SharedArrayBuffer(3 * count * size));
  pixels.set(threeChannels(images.subarray(16)));
  return memoryDataset({
    name: `${name}/${part}`,
    classNames: classNames!,
    imageShape: { height: side, width: side, channels: 3 },
    labels: Uint16Array.from(labels.subarray(8)),
    pixels,
    describe: (index) => `${part} #${index}`,
  });
}

/** Records of a coarse label, a fine label, and the planes red, green and blue. */
function cifar100Part(
  { name, side }: KnownSet,
  part: 'train' | 'test',
  records: Buffer,
  classNames: readonly string[],
): Dataset {
  const plane = side * side;
  const record = 2 + 3 * plane;
  const count = records.length / record;
  if (!Number.isInteger(count) || count === 0) {
    throw new HarrierError('bad-data', 'its file does not hold a whole number of records', {
      where: `${name}/${part}`,
    });
  }
  const pixels = new Uint8Array(new SharedArrayBuffer(3 * plane * count));
  const labels = new Uint16Array(count);
  for (let image = 0; image < count; image++) {
    const start = image * record;
    labels[image] = records[start + 1];
    for (let i = 0; i < 3 * plane; i++) {
      pixels[image * 3 * plane + 3 * (i % plane) + Math.floor(i / plane)] = records[start + 2 + i];
    }
  }
  return memoryDataset({
    name: `${name}/${part}`,
    classNames,
    imageShape: { height: side, width: side, channels: 3 },
    labels,
    pixels,
    describe: (index) => `${part} #${index}`,
  });
}
