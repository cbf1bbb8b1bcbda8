/** Data sets that are made in Studio's page, over HTTP. */
import { mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DatasetAnswer, StudioState } from '../../src/studio-server/api.ts';
import { openStudio, raw, studioFolder, type TestStudio } from './studio.ts';

let folder: string;
let studio: TestStudio;
const made = () => join(folder, 'made');

beforeAll(async () => {
  folder = await studioFolder();
  // Left by a Studio that was killed.
  const left = join(made(), '.harrier-new-0123');
  await mkdir(left, { recursive: true });
  const lastWeek = new Date(Date.now() - 7 * 86_400_000);
  await utimes(left, lastWeek, lastWeek);
  await mkdir(join(made(), 'before', 'a'), { recursive: true });
  studio = await openStudio(folder, { dataFolder: made() });
});
afterAll(async () => {
  await studio.studio.close();
  await rm(folder, { recursive: true, force: true });
});

const image = (grey: number) =>
  sharp({ create: { width: 20, height: 10, channels: 3, background: { r: grey, g: 9, b: 9 } } })
    .png()
    .toBuffer();

async function begin(name: string): Promise<string> {
  const answer = await studio.send('POST', '/api/new-datasets', { name });
  expect(answer.status).toBe(201);
  return ((await answer.json()) as { id: string }).id;
}

async function add(id: string, path: string, body: Uint8Array<ArrayBuffer>, headers = {}) {
  const answer = await studio.get(`/api/new-datasets/${id}/image?path=${encodeURIComponent(path)}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/octet-stream', ...headers },
    body,
  });
  return (await answer.json()) as { place?: string; refused?: string; error?: { message: string } };
}

const finish = async (id: string) =>
  (await studio.send('POST', `/api/new-datasets/${id}/finish`)).json() as Promise<{
    id?: string;
    images?: number;
    error?: { message: string };
  }>;
const hidden = async () => (await readdir(made())).filter((name) => name.startsWith('.'));

it('makes a data set of images, which is listed, opened and found again', async () => {
  expect(await hidden()).toEqual([]);
  const id = await begin('  My ants ');
  const [ant, other, bee] = await Promise.all([image(1), image(2), image(3)]);
  expect(await add(id, 'photos/ants/1.png', new Uint8Array(ant))).toEqual({ place: 'ants/1.png' });
  expect(await add(id, 'photos/Ants/1.png', new Uint8Array(other))).toEqual({ place: 'ants/1-2.png' });
  expect((await finish(id)).error?.message).toMatch(/not enough classes.*received ants alone/);
  expect(await add(id, 'photos/bees/1.png', new Uint8Array(bee))).toEqual({ place: 'bees/1.png' });
  expect((await studio.json<StudioState>('/api/state')).datasets).toEqual(['before']);
  expect(await finish(id)).toEqual({ id: 'My-ants', images: 3, classes: 2 });
  expect(await readFile(join(made(), 'My ants', 'ants', '1-2.png'))).toEqual(other);
  const state = await studio.json<StudioState>('/api/state');
  expect([state.dataFolder, state.datasets]).toEqual([made(), ['before', 'My-ants']]);
  const classNames = async () => {
    const answer = await studio.json<DatasetAnswer>('/api/datasets/My-ants');
    return answer.state === 'ready' && answer.classNames;
  };
  await expect.poll(classNames, { timeout: 30_000 }).toEqual(['ants', 'bees']);
  const again = await openStudio(folder, { dataFolder: made() });
  expect((await again.json<StudioState>('/api/state')).datasets).toEqual(['My-ants', 'before']);
  await again.studio.close();
  // What was there stays.
  const taken = await studio.send('POST', '/api/new-datasets', { name: 'My ants' });
  expect([taken.status, await taken.text()]).toEqual([409, expect.stringMatching(/of this name already/)]);
});

it('takes an image that is sent again, with the same path, for the one that arrived', async () => {
  const id = await begin('twice');
  const [ant, bee] = await Promise.all([image(11), image(12)]);
  const [first, sameTime] = await Promise.all(
    Array.from({ length: 2 }, () => add(id, 'ants/1.png', new Uint8Array(ant))),
  );
  const later = await add(id, 'ants/1.png', new Uint8Array(ant));
  expect([first, sameTime, later]).toEqual(Array(3).fill({ place: 'ants/1.png' }));
  const cut = new Uint8Array(ant).slice(0, 60);
  const both = await Promise.all(Array.from({ length: 2 }, () => add(id, 'ants/cut.png', cut)));
  for (const { refused } of both) expect(refused).toMatch(/ants\/cut\.png/);
  await add(id, 'bees/1.png', new Uint8Array(bee));
  const answer = { id: 'twice', images: 2, classes: 2 };
  expect([await finish(id), await finish(id)]).toEqual([answer, answer]);
  expect(await readdir(join(made(), 'twice', 'ants'))).toEqual(['1.png']);
});

it('leaves out what is no usable image, copies, and names that lead elsewhere', async () => {
  const id = await begin('hostile');
  const png = new Uint8Array(await image(4));
  await add(id, 'a/1.png', png);
  const refused: readonly [string, Uint8Array<ArrayBuffer>, RegExp][] = [
    ['a/2.png', png, /a\/2\.png: this is the same image as a\/1\.png/],
    ['a/notes.txt', new TextEncoder().encode('hello'), /not an image/],
    ['a/cut.png', png.slice(0, 60), /a\/cut\.png/],
    ['../../escaped.png', new Uint8Array(await image(5)), /can have this name/],
    ['a/..\\..\\escaped.png', new Uint8Array(await image(6)), /can have this name/],
    ['1.png', new Uint8Array(await image(7)), /lies in no folder/],
    ['', new Uint8Array(await image(8)), /lies in no folder/],
  ];
  for (const [path, bytes, reason] of refused) {
    expect((await add(id, path, bytes)).refused, path).toMatch(reason);
  }
  // A form of another site can send neither kind of body.
  const { status } = await raw(studio.studio.port, `/api/new-datasets/${id}/image?path=a/9.png`, {
    method: 'PUT',
    headers: { 'content-type': 'text/plain' },
    body: 'x',
  });
  expect(status).toBe(415);
  expect((await readdir(folder)).includes('escaped.png')).toBe(false);
  expect(await hidden()).toHaveLength(1);
  await studio.send('POST', `/api/new-datasets/${id}/cancel`);
  expect(await hidden()).toEqual([]);
  expect((await add(id, 'a/1.png', png)).error?.message).toMatch(/no such data set in the making/);
});

it.each(['', '..', 'a/b', '/etc', 'CON', '.hidden', 'x'.repeat(201)])('refuses the name %j', async (name) => {
  const answer = await studio.send('POST', '/api/new-datasets', { name });
  expect([answer.status, await answer.text()]).toEqual([
    400,
    expect.stringMatching(/no folder or file can have this name/),
  ]);
});

it('says how to give it a folder, and which one cannot be written', async () => {
  const other = await openStudio(folder);
  const answer = await other.send('POST', '/api/new-datasets', { name: 'a' });
  expect(await answer.text()).toMatch(/harrier studio --data-folder/);
  expect((await other.json<StudioState>('/api/state')).dataFolder).toBeUndefined();
  await other.studio.close();
  await writeFile(join(folder, 'file'), '');
  await expect(openStudio(folder, { dataFolder: join(folder, 'file') })).rejects.toThrow(/--data-folder/);
});
