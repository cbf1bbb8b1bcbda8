import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeImages } from '../../../../test/cli/harrier.ts';
import { hasSeveralLabels } from './several-labels.ts';

let place: string;
const at = (name: string) => join(place, name);

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'several-labels-'));
  await writeImages(at('folder'), { perClass: 1, side: 4 });
});
afterAll(() => rm(place, { recursive: true }));

test.each([
  ['tags.csv', 'file,tags\na.png,cat;dog\nb.png,cat\n', true],
  ['tags.jsonl', '{"file":"a.png","tags":["cat","dog"]}\n', true],
  ['one.csv', 'file,label\na.png,cat\nb.png,dog\n', false],
  ['semicolons.csv', 'file;label\na.png;cat\nb.png;dog\n', false],
  ['bare.csv', 'file,label\na.png,cat\nb.png,\n', true],
  ['single.csv', 'File,Tags\na.png,cat\nb.png,dog\n', true],
  ['single.jsonl', '{"file":"a.png","label":["cat"]}\n', true],
  ['class.jsonl', '{"file":"a.png","label":"cat"}\n', false],
  ['broken.csv', 'nothing of use\n', false],
])('%s', async (name, content, expected) => {
  await writeFile(at(name), content);
  expect(await hasSeveralLabels(at(name))).toBe(expected);
});

test('a folder of classes, a folder with a list, and no folder', async () => {
  expect(await hasSeveralLabels(at('folder'))).toBe(false);
  await writeFile(at('folder/cat/labels.csv'), 'file,tags\n0.png,cat;outdoors\n');
  expect(await hasSeveralLabels(at('folder/cat'))).toBe(true);
  expect(await hasSeveralLabels(at('nowhere'))).toBe(false);
  expect(await hasSeveralLabels('cifar10')).toBe(false);
});
