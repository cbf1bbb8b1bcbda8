import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { zipOf } from '../../../../test/zip-files.ts';
import type { KeptCorrections } from './label-corrections.ts';
import { openDataset } from './open-dataset.ts';

let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'harrier-corrections-'));
  let number = 0;
  for (const [part, label] of [
    ['train', 'cat'],
    ['train', 'dog'],
    ['test', 'cat'],
  ]) {
    await mkdir(join(place, part, label), { recursive: true });
    for (const name of ['1.png', '2.png']) {
      const background = { r: 40 * number++, g: 0, b: 0 };
      const image = sharp({ create: { width: 8, height: 8, channels: 3, background } });
      await image.toFile(join(place, part, label, name));
    }
  }
});
afterAll(() => rm(place, { recursive: true, force: true }));

const notes = async (marks: KeptCorrections, options = {}) =>
  (await openDataset(place, { cacheDirectory: join(place, '.cache'), marks, ...options })).notes;

it('notes a class that corrections leave no image to learn from', async () => {
  expect(await notes({ 'train/cat/1.png': { excluded: true } })).toEqual([
    expect.stringMatching(/test has no image of "dog"/),
  ]);
  const gone = await notes({ 'train/cat/1.png': { excluded: true }, 'train/cat/2.png': { label: 'dog' } });
  expect(gone).toContainEqual(
    expect.stringMatching(
      /train, 1 relabelled, 1 excluded: label corrections leave no training image of "cat"/,
    ),
  );
});

it('looks at the corrected test for classes that it lacks', async () => {
  expect(await notes({ 'test/cat/1.png': { label: 'dog' } })).toEqual([]);
  expect(await notes({ 'test/cat/1.png': { label: 'dog' }, 'test/cat/2.png': { label: 'dog' } })).toEqual([
    expect.stringMatching(/test, 2 relabelled has no image of "cat"/),
  ]);
});

it('names tags that corrections leave no image to learn from', async () => {
  const list = join(place, 'list.csv');
  await writeFile(
    list,
    [
      'file,tags,split',
      'train/cat/1.png,a;b,train',
      'train/cat/2.png,a,train',
      'test/cat/1.png,a;b,test',
    ].join('\n'),
  );
  const { notes } = await openDataset(list, {
    cacheDirectory: join(place, '.cache'),
    multiLabel: true,
    marks: { 'train/cat/1.png': { excluded: true } },
  });
  expect(notes).toContainEqual(expect.stringMatching(/leave no training image with the tag "b"/));
});

it('says of images that are gone alone that they are, not of those of other data in the same folder', async () => {
  const cats = join(place, 'cats.csv');
  await writeFile(
    cats,
    'file,label\ntrain/cat/1.png,a\ntest/cat/1.png,b\ntest/cat/2.png,b\ntrain/cat/2.png,a\n',
  );
  const marks = {
    'train/cat/1.png': { excluded: true },
    'train/dog/1.png': { excluded: true },
    'zipped.zip/a/1.png': { excluded: true },
    'zipped.zip/a/gone.png': { excluded: true },
    'other.zip/a/gone.png': { excluded: true },
    'hf:datasets/somebody/photos/a/gone.png': { excluded: true },
  };
  const file = join(place, 'harrier-marks.json');
  const said = async (path: string, kept: KeptCorrections = marks) => {
    const { notes = [] } = await openDataset(path, { cacheDirectory: join(place, '.cache'), marks: kept });
    return notes.filter((note) => note.startsWith(file));
  };
  expect(await said(cats)).toEqual([]);
  expect(await said(cats, { ...marks, 'train/cat/gone.png': { excluded: true } })).toEqual([
    `${file}: a label correction is of an image no longer there (train/cat/gone.png).`,
  ]);
  const packed = [];
  for (const [name, from] of [
    ['a/1.png', 'train/cat/1.png'],
    ['a/2.png', 'train/cat/2.png'],
    ['b/1.png', 'train/dog/1.png'],
    ['b/2.png', 'train/dog/2.png'],
  ])
    packed.push({ name, content: await readFile(join(place, from)) });
  await writeFile(join(place, 'zipped.zip'), zipOf(packed));
  expect(await said(join(place, 'zipped.zip'))).toEqual([
    `${file}: a label correction is of an image no longer there (zipped.zip/a/gone.png).`,
  ]);
});
