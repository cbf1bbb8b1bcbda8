import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withMatches } from './patterns.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-patterns-'));
  await mkdir(join(folder, 'a (1)'));
  for (const name of ['10.jpg', '9.JPG', 'b.png', '.hidden.jpg', 'a (1)/c[1].jpg']) {
    await writeFile(join(folder, name), '');
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const matches = (word: string, system = 'win32') => withMatches(['predict', word, '--json'], system);
const inFolder = (...names: string[]) => ['predict', ...names.map((name) => `${folder}/${name}`), '--json'];

it('finds what a shell would', async () => {
  expect(await matches(`${folder}/*.jpg`)).toEqual(inFolder('9.JPG', '10.jpg'));
  expect(await matches(`${folder}/?.png`)).toEqual(inFolder('b.png'));
  expect(await matches(`${folder}/a (1)/c[1]*.jpg`)).toEqual(inFolder('a (1)/c[1].jpg'));
});

it.each([
  ['what matches nothing', '/*.webp', 'win32'],
  ['a name without a pattern', '/10.jpg', 'win32'],
  ['what is no image', '/*.txt', 'win32'],
  ['words of systems whose shells do it', '/*.jpg', 'linux'],
])('leaves %s as it is', async (_, name, system) => {
  expect(await matches(`${folder}${name}`, system)).toEqual(inFolder(name.slice(1)));
});

it('leaves addresses and options as they are', async () => {
  const words = ['https://example.org/*.jpg', '--out=*.jpg'];
  expect(await withMatches(words, 'win32')).toEqual(words);
});
