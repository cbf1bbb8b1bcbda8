import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Dataset } from '../../../data/dataset.ts';
import { hashHeader } from '../../../data/hash.ts';
import { memoryDataset } from '../../../data/memory.ts';
import { HarrierError } from '../../../errors.ts';
import { readError } from '../files/read-error.ts';
import { CIFAR10_CLASSES, PLANE_BYTES, RECORD_BYTES, readRecords } from './cifar10-files.ts';
import { type Part, partNamed } from './part-names.ts';

const SHAPE = { height: 32, width: 32, channels: 3 };
const TEST_FILE = 'test_batch.bin';

export interface RecordSplits {
  readonly train: Dataset;
  readonly test: Dataset;
  readonly validation?: Dataset;
}

/**
 * Records in the format of CIFAR-10's binary version, however many: a folder with `train`, `test` and `validation`
 * folders (or the other names of the parts) that hold `.bin` files. Without a test folder, a `test_batch.bin` beside
 * the training files is the test, else the validation part stands in for it.
 *
 * @returns undefined when there are no `.bin` files in a training folder here
 * @throws HarrierError `bad-data` when a file is no whole number of records, or there is nothing to test with
 */
export async function recordFolder(root: string): Promise<RecordSplits | undefined> {
  const found = await filesOfParts(root);
  const given = found.get('train');
  if (!given) return undefined;
  const train = given.filter((path) => basename(path) !== TEST_FILE);
  const beside = given.filter((path) => !train.includes(path));
  if (train.length > 0 && beside.length > 0) {
    found.set('train', train);
    if (!found.has('test')) found.set('test', beside);
  }
  const parts = new Map<Part, Dataset>();
  for (const [part, paths] of found) parts.set(part, await readPart(join(root, part), part, paths));
  const validation = parts.get('validation');
  const test = parts.get('test') ?? validation;
  if (!test) {
    throw new HarrierError('bad-data', 'there are no test images', {
      where: root,
      expected: `a test folder with .bin files, or ${TEST_FILE} beside the training files`,
    });
  }
  return { train: parts.get('train')!, test, ...(validation && test !== validation && { validation }) };
}

/** Whether `recordFolder` would read a folder. */
export async function hasRecords(root: string): Promise<boolean> {
  return (await filesOfParts(root)).has('train');
}

/** Paths of the `.bin` files of each part that has any, by name. */
async function filesOfParts(root: string): Promise<Map<Part, string[]>> {
  const found = new Map<Part, string[]>();
  for (const folder of await namesIn(root)) {
    const part = partNamed(folder);
    if (part === undefined || part === 'unused') continue;
    const names = (await namesIn(join(root, folder))).filter((name) => name.endsWith('.bin')).sort();
    const paths = names.map((name) => join(root, folder, name));
    if (paths.length > 0) found.set(part, paths);
  }
  return found;
}

/** Names in a folder; none where there is no such folder. */
async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function readPart(name: string, part: Part, paths: readonly string[]): Promise<Dataset> {
  const buffers: Buffer[] = [];
  for (const path of paths) {
    const bytes = await readFile(path).catch((error) => {
      throw readError(error, path, 'file');
    });
    if (bytes.length === 0 || bytes.length % RECORD_BYTES !== 0) {
      throw new HarrierError('bad-data', 'this file does not hold a whole number of CIFAR-10 records', {
        where: path,
        expected: `a multiple of ${RECORD_BYTES} bytes`,
        received: `${bytes.length}`,
        next: 'Replace it with the whole file.',
      });
    }
    buffers.push(bytes);
  }
  const count = buffers.reduce((total, { length }) => total + length / RECORD_BYTES, 0);
  const pixels = new Uint8Array(count * 3 * PLANE_BYTES);
  const labels = new Uint16Array(count);
  let first = 0;
  for (const records of buffers) first += readRecords(records, pixels, labels, first);
  const header = hashHeader(CIFAR10_CLASSES, SHAPE, labels);
  return memoryDataset({
    name,
    classNames: CIFAR10_CLASSES,
    imageShape: SHAPE,
    labels,
    pixels,
    hash: createHash('sha256').update(header).update(pixels).digest('hex'),
    describe: (index) => `${part} #${index}`,
  });
}
