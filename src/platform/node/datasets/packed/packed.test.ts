/** Images as people pack them: archives, Parquet files, data sets of the hub, a list beside its images. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { create } from 'tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeImage } from '../../../../../test/cli/harrier.ts';
import { HubServer } from '../../../../../test/hub-server.ts';
import { type ZipEntry, zipOf } from '../../../../../test/zip-files.ts';
import type { ColumnNames } from '../../../../options/words.ts';
import { listImages } from '../list-images.ts';
import { openDataset } from '../open-dataset.ts';

const PARQUET = fileURLToPath(new URL('../../../../../test/parquet-files/', import.meta.url));

let folder: string;
const at = (name: string) => join(folder, name);
const open = (path: string, columns?: ColumnNames) =>
  openDataset(path, { cacheDirectory: at('cache'), columns });
const unpacked = () => readdir(at('cache/unpacked')).catch(() => []);
const photos: ZipEntry[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-packed-'));
  for (const [label, name] of ['ant', 'bee'].entries()) {
    for (let i = 0; i < 15; i++) {
      const path = `photos/${name}/${i}.png`;
      await writeImage(at(path), 8, label, i);
      photos.push({ name: path, content: await readFile(at(path)) });
    }
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('an archive', () => {
  it('is a data set like the folder that was packed, whatever systems left in it', async () => {
    const plain = await open(at('photos'));
    const junk = { content: new Uint8Array(3) };
    const link = { name: 'photos/ant/link.png', content: Buffer.from('/etc/passwd'), mode: 0o120777 };
    await writeFile(
      at('photos.zip'),
      zipOf([
        { name: '__MACOSX/photos/._0.png', ...junk },
        { name: 'photos/.DS_Store', ...junk },
        link,
        ...photos,
      ]),
    );
    await create({ file: at('photos.tar'), cwd: folder }, ['photos']);
    await create({ file: at('photos.tar.gz'), cwd: folder, gzip: true }, ['photos']);
    for (const name of ['photos.zip', 'photos.tar', 'photos.tar.gz']) {
      const { train, test, notes } = await open(at(name));
      expect([name, train.hash, test.hash]).toEqual([name, plain.train.hash, plain.test.hash]);
      expect([train.name, test.describe(0)]).toEqual([
        `${at(name)}/train`,
        expect.stringMatching(new RegExp(`^${at(name)}/ant/\\d+\\.png$`)),
      ]);
      expect(notes).toEqual([]);
    }
  });

  it('is unpacked once, and anew when it has changed', async () => {
    const path = at('once.zip');
    await writeFile(path, zipOf(photos));
    await open(path);
    const first = (await unpacked()).filter((name) => name.startsWith('once_zip'));
    await open(path);
    expect((await unpacked()).filter((name) => name.startsWith('once_zip'))).toEqual(first);
    await writeFile(path, zipOf(photos.slice(1)));
    const { train, test } = await open(path);
    expect(train.size + test.size).toBe(29);
    const second = (await unpacked()).filter((name) => name.startsWith('once_zip'));
    expect([second.length, second.includes(first[0])]).toEqual([2, true]);
  });

  it('has the names that its packer meant, also where a zip file does not say that they are UTF-8', async () => {
    const named = (name: string, flags: number) =>
      photos.map((photo) => ({ ...photo, name: photo.name.replace('ant', name), flags }));
    await writeFile(at('finder.zip'), zipOf(named('\u00c4pfel', 0)));
    expect((await open(at('finder.zip'))).train.classNames).toEqual(['bee', '\u00c4pfel']);
    await writeFile(at('plain.zip'), zipOf(named('ant', 0)));
    expect((await open(at('plain.zip'))).train.classNames).toEqual(['ant', 'bee']);
  });

  const outside = 'a path in this archive leads out of it: nothing is unpacked';
  it.each<[string, string, () => Buffer | Promise<Buffer>, RegExp]>([
    [
      'a path that climbs',
      'climbs.zip',
      () => zipOf([...photos, { name: '../../x.png', content: Buffer.from('x') }]),
      new RegExp(`climbs.zip: ${outside}`),
    ],
    [
      'an absolute path',
      'absolute.zip',
      () => zipOf([{ name: '/tmp/x.png', content: Buffer.from('x') }]),
      new RegExp(outside),
    ],
    [
      'a path of Windows that climbs',
      'windows.zip',
      () => zipOf([{ name: '..\\..\\x.png', content: Buffer.from('x') }]),
      new RegExp(outside),
    ],
    [
      'a drive of Windows',
      'drive.zip',
      () => zipOf([{ name: 'C:/x.png', content: Buffer.from('x') }]),
      new RegExp(outside),
    ],
    [
      'what unpacks to far more than images',
      'bomb.zip',
      () => zipOf([{ name: 'a/x.bmp', content: Buffer.alloc(300 * 2 ** 20) }]),
      /bomb.zip: this archive unpacks to far more than images can: expected at most/,
    ],
    [
      'a file that is larger than it says',
      'lies.zip',
      () => zipOf([{ name: 'a/x.bmp', content: Buffer.alloc(2 ** 20), size: 10 }]),
      /lies.zip: this is no zip file, or it is damaged: received too many bytes/,
    ],
    [
      'an encrypted file',
      'secret.zip',
      () => zipOf([{ ...photos[0], flags: 1 }]),
      /secret.zip: this zip file is encrypted/,
    ],
    [
      'a zip file that is cut off',
      'cut.zip',
      () => zipOf(photos).subarray(0, 2000),
      /cut.zip: this is no zip file, or it is damaged/,
    ],
    ['an empty zip file', 'empty.zip', () => zipOf([]), /empty.zip: this archive holds no files/],
    [
      'a tar file that is cut off',
      'cut.tar.gz',
      async () => (await readFile(at('photos.tar.gz'))).subarray(0, 3000),
      /cut.tar.gz: this is no tar file, or it is damaged/,
    ],
    [
      'a tar file that is none',
      'none.tar',
      () => Buffer.from('hello '.repeat(200)),
      /none.tar: this is no tar file, or it is damaged/,
    ],
    [
      'another kind of archive',
      'photos.7z',
      () => Buffer.from('7z'),
      /photos.7z: archives of this kind are not read: expected zip, tar or tar.gz/,
    ],
    ['one class', 'one.zip', () => zipOf(photos.slice(0, 5)), /one.zip: the folder has no usable classes/],
  ])('is refused with %s, in one sentence, and leaves nothing behind', async (_, name, bytes, message) => {
    await writeFile(at(name), await bytes());
    await expect(open(at(name))).rejects.toThrow(message);
    const left = (await unpacked()).filter((each) => each.startsWith(name.replace(/\W/g, '_')));
    // What could be unpacked stays in the cache, though it is no data set.
    expect(left.length).toBe(name === 'one.zip' ? 1 : 0);
  });

  it.each(['/tmp/private/0.png', '../private/0.png', '..\\private\\0.png', 'a/../../private/0.png'])(
    'is refused with a list that names %s',
    async (file) => {
      const listed = [...photos.map(({ name }) => `${name},${name.split('/')[1]}`), `${file},bee`];
      const content = Buffer.from(['file,label', ...listed, ''].join('\n'));
      await writeFile(at('listed.zip'), zipOf([...photos, { name: 'labels.csv', content }]));
      await expect(open(at('listed.zip'))).rejects.toThrow(
        /listed.zip\/labels.csv, line 32: this list names a file outside of what was packed with it/,
      );
    },
  );

  /** A tar file whose first entry, a folder, is made a file of another name. */
  const renamed = async (name: Buffer): Promise<Buffer> => {
    const bytes = await readFile(at('photos.tar'));
    bytes.fill(0, 0, 100);
    name.copy(bytes, 0);
    bytes.write('0', 156);
    bytes.fill(0, 345, 500);
    bytes.fill(' ', 148, 156);
    const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    return bytes;
  };

  it('is refused where a tar file climbs out of it', async () => {
    await writeFile(at('climbs.tar'), await renamed(Buffer.from('../escaped.png')));
    await expect(open(at('climbs.tar'))).rejects.toThrow(outside);
    expect(await readdir(folder)).not.toContain('escaped.png');
  });

  it('is refused where names of a tar file are not UTF-8, and would fall together', async () => {
    const name = Buffer.concat([Buffer.of(0xb9, 0xb7), Buffer.from('/1.jpg')]);
    await writeFile(at('gbk.tar'), await renamed(name));
    await expect(open(at('gbk.tar'))).rejects.toThrow(/gbk.tar: a name in this archive is not UTF-8/);
  });

  it('is refused where a file of a zip is damaged, although its length is right', async () => {
    const bytes = Buffer.from(zipOf(photos));
    // Of the first entry: its data follow its name and its extra fields (APPNOTE 4.3.7).
    const data = 30 + bytes.readUInt16LE(26) + bytes.readUInt16LE(28);
    expect(bytes.readUInt32LE(18)).toBeGreaterThan(40);
    bytes[data + 40] ^= 1;
    await writeFile(at('flipped.zip'), bytes);
    await expect(open(at('flipped.zip'))).rejects.toThrow(/flipped.zip: .*damaged/);
  });

  it('stays where a run may still read it, when the archive has changed', async () => {
    await copyFile(at('photos.zip'), at('changes.zip'));
    await open(at('changes.zip'));
    const versions = async () => (await unpacked()).filter((name) => name.startsWith('changes_zip-'));
    const [first] = await versions();
    await copyFile(at('photos.zip'), at('changes.zip'));
    await utimes(at('changes.zip'), 1, 1);
    await open(at('changes.zip'));
    expect(await versions()).toHaveLength(2);
    expect(await versions()).toContain(first);
    const longAgo = Date.now() / 1000 - 2 * 86_400;
    await utimes(at(`cache/unpacked/${first}`), longAgo, longAgo);
    await utimes(at('changes.zip'), 2, 2);
    await open(at('changes.zip'));
    expect(await versions()).toHaveLength(2);
    expect(await versions()).not.toContain(first);
  });
});

describe('a Parquet file', () => {
  // Written by pyarrow: Snappy, gzip and Brotli, row groups of 5, names of classes as the datasets library notes them.
  it('holds images and labels as the hub stores them, a file for each part', async () => {
    await mkdir(at('stored/data'), { recursive: true });
    for (const name of ['train-00000-of-00002', 'train-00001-of-00002', 'test-00000-of-00001']) {
      await copyFile(`${PARQUET}${name}.parquet`, at(`stored/data/${name}.parquet`));
    }
    const { train, test } = await open(at('stored'));
    expect([train.size, test.size, train.classNames]).toEqual([24, 6, ['blue/navy', 'green', 'red one']]);
    const pixels = new Uint8Array(6 * 6 * 3);
    for (let i = 0; i < train.size; i++) {
      train.gather([i], pixels);
      const [red, green, blue] = [0, 1, 2].map((channel) => pixels[channel] + pixels[3 + channel]);
      const brightest = ['blue/navy', 'green', 'red one'][
        [blue, green, red].indexOf(Math.max(red, green, blue))
      ];
      expect(train.classNames[train.labels[i]]).toBe(brightest);
    }
    expect(train.describe(0)).toMatch(/stored\/images\/train-\d{7}-[0-9a-f]{12}\.png$/);
  });

  it('may have other columns, and labels that are texts', async () => {
    const { train, test } = await open(`${PARQUET}plain.parquet`);
    expect([train.size + test.size, train.classNames]).toEqual([12, ['ant', 'bee', 'cat']]);
  });

  it('has the columns that are named, also in the list of what was unpacked', async () => {
    const cacheDirectory = at('cache');
    const columns = { image: 'img', label: 'class', group: 'class' };
    const listing = await listImages(`${PARQUET}plain.parquet`, { columns, cacheDirectory });
    expect(listing.groups).toEqual(listing.files.map(({ label }) => listing.classNames[label]));
    const before = await unpacked();
    const plain = await open(`${PARQUET}plain.parquet`);
    const named = await openDataset(`${PARQUET}plain.parquet`, {
      columns: { label: 'class' },
      cacheDirectory,
    });
    expect(named.train.hash).toBe(plain.train.hash);
    // What others read meanwhile stays.
    expect(await unpacked()).toEqual(expect.arrayContaining(before));
    await expect(open(`${PARQUET}plain.parquet`, { label: 'klass' })).rejects.toThrow(
      'plain.parquet: there is no column "klass". Did you mean "class"? There are: img, class.',
    );
  });

  it.each<[string, string | RegExp]>([
    ['hidden.parquet', 'hidden.parquet, row 5: it has no label: expected a number from 0 to 2'],
    [
      'no-images.parquet',
      /no-images.parquet: it has no column of images: .*received text, label\. If that is it, add --columns image=text\.$/,
    ],
  ])('is refused without images or labels: %s', async (name, message) => {
    await expect(open(PARQUET + name)).rejects.toThrow(message);
  });

  it('is refused where few bytes stand for far more than images', async () => {
    // One image of 4 kB, in the dictionary of its column, and 70,000 rows that name it.
    await expect(open(`${PARQUET}repeated.parquet`)).rejects.toThrow(
      /repeated.parquet: this Parquet file unpacks to far more than images can: expected at most 2,000,000 files and 256 MB/,
    );
    expect((await unpacked()).filter((name) => name.startsWith('repeated'))).toEqual([]);
  });

  it('is refused when it is none, or is cut off', async () => {
    await writeFile(at('none.parquet'), 'PAR1 nothing');
    await expect(open(at('none.parquet'))).rejects.toThrow(
      /none.parquet: this is no Parquet file, or it is damaged/,
    );
    const whole = await readFile(`${PARQUET}plain.parquet`);
    await writeFile(at('cut.parquet'), whole.subarray(0, whole.length - 100));
    await expect(open(at('cut.parquet'))).rejects.toThrow(
      /cut.parquet: this is no Parquet file, or it is damaged/,
    );
  });
});

describe('a data set of the hub', () => {
  let hub: HubServer;
  const before = process.env.HF_ENDPOINT;
  const files = async (...names: string[]) =>
    Object.fromEntries(
      await Promise.all(
        names.map(async (name) => {
          const content = await readFile(PARQUET + name.split('/').at(-1)!.replace(/^0000/, 'plain'));
          return [name, { content, large: true }] as const;
        }),
      ),
    );
  const TRAIN = 'train-00000-of-00002.parquet';
  const TEST = 'test-00000-of-00001.parquet';
  beforeAll(async () => {
    hub = await new HubServer().listen();
    process.env.HF_ENDPOINT = hub.endpoint;
    const commit = '1'.repeat(40);
    hub.repositories.set('datasets/us/colours', {
      commit,
      files: await files(`data/${TRAIN}`, `data/${TEST}`),
    });
    hub.repositories.set('datasets/us/several', {
      commit,
      files: await files(`small/${TRAIN}`, `small/${TEST}`, `large/${TRAIN}`),
    });
    hub.repositories.set('datasets/us/zipped', {
      commit,
      files: { 'photos.zip': { content: zipOf(photos) } },
    });
    hub.repositories.set('datasets/us/script', {
      commit,
      files: { 'load.py': { content: Buffer.from('x') } },
    });
    hub.repositories.set('datasets/us/script@v1', {
      commit,
      files: { 'load.py': { content: Buffer.from('y') } },
    });
    hub.repositories.set('datasets/us/script@refs/convert/parquet', {
      commit: '2'.repeat(40),
      files: await files('default/train/0000.parquet'),
    });
    hub.repositories.set('datasets/us/secret', {
      commit,
      files: { 'data/unlabeled-00000-of-00001.parquet': { content: Buffer.from('x') } },
    });
    hub.repositories.set('datasets/us/text', { commit, files: { 'a.txt': { content: Buffer.from('x') } } });
    hub.repositories.set('datasets/us/gated', { commit, gated: true, files: await files(`data/${TRAIN}`) });
  });
  afterAll(() => {
    hub.close();
    if (before === undefined) delete process.env.HF_ENDPOINT;
    else process.env.HF_ENDPOINT = before;
  });

  it('is fetched once, its parts by the names of its files', async () => {
    const { train, test } = await open('hf:datasets/us/colours');
    expect([train.size, test.size, train.name]).toEqual([12, 6, 'hf:datasets/us/colours/train']);
    const asked = hub.seen.length;
    const again = await open('hf:datasets/us/colours');
    expect(again.train.hash).toBe(train.hash);
    expect(hub.seen.slice(asked).map(({ path }) => path)).toEqual(['/api/datasets/us/colours/revision/main']);
  });

  it('is not fetched from its beginning after a failure', async () => {
    const content = await files(`data/${TRAIN}`, `data/${TEST}`);
    hub.repositories.set('datasets/us/far', { commit: '3'.repeat(40), files: content });
    const fetched = () =>
      hub.seen
        .filter(({ host, path }) => host === 'storage' && path.includes('us/far'))
        .map(({ path }) => path);
    // The first file comes, the second one does not.
    hub.storage = [
      (_, response) => response.end(content[`data/${TEST}`].content),
      (_, response) => response.writeHead(404).end(),
    ];
    await expect(open('hf:datasets/us/far')).rejects.toThrow('the server answered 404');
    const first = fetched();
    expect(first.map((path) => path.split('/').at(-1))).toEqual([TEST, TRAIN]);
    const { train, test } = await open('hf:datasets/us/far');
    expect([train.size, test.size]).toEqual([12, 6]);
    expect(fetched().slice(2)).toEqual(first.slice(1));
    expect((await unpacked()).filter((name) => name.endsWith('.downloads'))).toEqual([]);
  });

  it('is fetched where it was renamed', async () => {
    hub.renamed.set('datasets/us/shades', 'datasets/us/colours');
    const { train } = await open('hf:datasets/us/shades');
    expect(train.size).toBe(12);
  });

  it('is there without a network, as it was the last time', async () => {
    const { train } = await open('hf:datasets/us/colours');
    process.env.HF_ENDPOINT = 'http://127.0.0.1:9';
    try {
      expect((await open('hf:datasets/us/colours')).train.hash).toBe(train.hash);
      await expect(open('hf:datasets/us/other')).rejects.toThrow('the hub cannot be reached');
    } finally {
      process.env.HF_ENDPOINT = hub.endpoint;
    }
  });

  it('may have configurations, an archive, or what the hub has converted', async () => {
    const { train } = await open('hf:datasets/us/several:large');
    expect(train.size).toBeLessThan(12);
    await expect(open('hf:datasets/us/several')).rejects.toThrow(
      'received small, large. Name one: hf:datasets/us/several:small',
    );
    const named = await open('hf:datasets/us/colours:default');
    expect(named.train.size).toBe(12);
    await expect(open('hf:datasets/us/colours:other')).rejects.toThrow(
      'received default. Name one: hf:datasets/us/colours:default',
    );
    await expect(open('hf:datasets/us/secret')).rejects.toThrow('all its files are of parts without labels');
    const zipped = await open('hf:datasets/us/zipped');
    expect(zipped.train.size + zipped.test.size).toBe(30);
    const converted = await open('hf:datasets/us/script');
    expect([converted.train.classNames, converted.train.size]).toEqual([
      ['ant', 'bee', 'cat'],
      expect.any(Number),
    ]);
  });

  it.each([
    ['hf:datasets/us/missing', 'the hub has no such data set, or it is private'],
    ['hf:datasets/us/gated', 'its owner asks you to accept terms first'],
    ['hf:datasets/us/text', 'it holds no Parquet file and no archive of images: received a.txt'],
    ['hf:datasets/us/colours@nowhere', 'the repository has no such revision'],
    [
      'hf:datasets/us/script@v1',
      'the hub has made Parquet files of the newest version of this data set alone. Leave the revision out.',
    ],
    ['hf:us/model', 'this is no address of a data set: expected hf:datasets/OWNER/NAME'],
  ])('is refused in one sentence: %s', async (spec, message) => {
    await expect(open(spec)).rejects.toThrow(message);
  });
});

describe('a list beside its images', () => {
  it('is taken where the images lie in no class folders', async () => {
    await mkdir(at('beside/images'), { recursive: true });
    const lines = await Promise.all(
      photos.map(async ({ name, content }, i) => {
        await writeFile(at(`beside/images/${i}.png`), content);
        return `images/${i}.png,${name.split('/')[1]}`;
      }),
    );
    await writeFile(at('beside/labels.csv'), `file,label\n${lines.join('\n')}\n`);
    const { train, test } = await open(at('beside'));
    expect([train.size + test.size, train.classNames]).toEqual([30, ['ant', 'bee']]);
    const listed = await open(at('beside/labels.csv'));
    expect(listed.train.hash).toBe(train.hash);
  });

  it('is left alone where there are class folders', async () => {
    await writeFile(at('photos/labels.csv'), 'nothing,of,use\n');
    const { train, test } = await open(at('photos'));
    expect(train.size + test.size).toBe(30);
  });
});
