import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
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
