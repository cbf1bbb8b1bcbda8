import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { create } from 'tar';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HubServer } from '../../../../test/hub-server.ts';
import { withLock } from '../files/lock.ts';
import { knownDataset } from './known-dataset.ts';
import { KNOWN_SETS, type KnownSet } from './known-sets.ts';
import { openDataset } from './open-dataset.ts';

let folder: string;
let web: HubServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-known-'));
  web = await new HubServer().listen();
});
afterAll(async () => {
  web.close();
  await rm(folder, { recursive: true, force: true });
});

/** Bytes with a header of an IDX file: its magic number and sizes. */
function idx(sizes: readonly number[], data: Uint8Array): Buffer {
  const header = Buffer.alloc(4 + 4 * sizes.length);
  header.writeUInt32BE(0x800 + sizes.length, 0);
  for (const [i, size] of sizes.entries()) header.writeUInt32BE(size, 4 + 4 * i);
  return gzipSync(Buffer.concat([header, data]));
}

/** A known set whose files a server of the test has. */
function served(kind: KnownSet['kind'], side: number, contents: Record<string, Buffer>): KnownSet {
  const files = Object.entries(contents).map(([name, content]) => {
    web.web.set(`/${name}`, content);
    const md5 = createHash('md5').update(content).digest('hex');
    return { name, md5, urls: [`${web.endpoint}/missing/${name}`, `${web.endpoint}/${name}`] };
  });
  return { name: 'small', title: 'Small', kind, side, files, classNames: ['ant', 'bee', 'cat'] };
}

it('reads IDX files, fetched from the source that has them, once', async () => {
  const images = Uint8Array.from({ length: 5 * 4 }, (_, i) => 10 * i);
  const set = served('idx', 2, {
    'train-images.gz': idx([5, 2, 2], images),
    'train-labels.gz': idx([5], Uint8Array.from([0, 1, 2, 1, 0])),
    'test-images.gz': idx([2, 2, 2], images.subarray(0, 8)),
    'test-labels.gz': idx([2], Uint8Array.from([2, 2])),
  });
  const options = { cacheDirectory: join(folder, 'idx') };
  const { train, test } = await knownDataset(set, options);
  expect([[...train.labels], [...test.labels], train.imageShape]).toEqual([
    [0, 1, 2, 1, 0],
    [2, 2],
    { height: 2, width: 2, channels: 3 },
  ]);
  const pixels = new Uint8Array(12);
  train.gather([1], pixels);
  expect([...pixels]).toEqual([40, 40, 40, 50, 50, 50, 60, 60, 60, 70, 70, 70]);
  const asked = web.seen.length;
  expect((await knownDataset(set, options)).train.hash).toBe(train.hash);
  expect(web.seen.length).toBe(asked);
  // To read needs no lock, which a read-only cache could not have.
  const lock = join(folder, 'idx', 'small', 'test-labels.gz.lock');
  await withLock(lock, {}, async () => {
    const signal = AbortSignal.timeout(2_000);
    expect((await knownDataset(set, { ...options, signal })).train.hash).toBe(train.hash);
  });
  const file = join(folder, 'idx', 'small', 'test-labels.gz');
  await writeFile(file, 'x');
  await expect(knownDataset(set, options)).rejects.toThrow(`${file}: the file is damaged: expected MD5`);
});

it('reads the records of CIFAR-100 by their fine labels', async () => {
  const plane = 32 * 32;
  const record = Buffer.alloc(2 + 3 * plane);
  record.set([7, 2]);
  for (const [channel, value] of [11, 22, 33].entries())
    record.fill(value, 2 + channel * plane, 2 + (channel + 1) * plane);
  await mkdir(join(folder, 'cifar-100-binary'));
  const write = (name: string, content: Uint8Array | string) =>
    writeFile(join(folder, 'cifar-100-binary', name), content);
  await write('train.bin', Buffer.concat([record, record]));
  await write('test.bin', record);
  await write('fine_label_names.txt', 'apple\nbaby\nbear\n');
  const archive = join(folder, 'records.tar.gz');
  await create({ file: archive, cwd: folder, gzip: true }, ['cifar-100-binary']);
  const set = served('cifar100', 32, { 'records.tar.gz': await readFile(archive) });
  const { train, test } = await knownDataset(set, { cacheDirectory: join(folder, 'records') });
  expect([[...train.labels], test.size, test.classNames]).toEqual([[2, 2], 1, ['apple', 'baby', 'bear']]);
  const pixels = new Uint8Array(3 * plane);
  test.gather([0], pixels);
  expect([...pixels.subarray(-3)]).toEqual([11, 22, 33]);
});

it('says what is missing where no source can be reached', async () => {
  const set = served('idx', 2, { 'lost.gz': Buffer.from('x') });
  web.web.delete('/lost.gz');
  await expect(knownDataset(set, { cacheDirectory: join(folder, 'lost') })).rejects.toThrow(
    /^small: Small is not in the cache and cannot be downloaded \(.*\)\. Connect to the network and try again, or copy lost\.gz to /,
  );
});

it('knows each set by files with hashes, and refuses other sizes of its images', async () => {
  for (const { files, name, side } of KNOWN_SETS) {
    for (const { md5, urls } of files)
      expect([name, md5, urls.length > 0]).toEqual([name, expect.stringMatching(/^[0-9a-f]{32}$/), true]);
    await expect(openDataset(name, { imageSize: 64, cacheDirectory: folder })).rejects.toThrow(
      `expected ${side} × ${side}, received 64 × 64`,
    );
  }
});
