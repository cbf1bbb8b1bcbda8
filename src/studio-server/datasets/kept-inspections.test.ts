import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { memoryDataset } from '../../data/memory.ts';
import { type Found, keepInspection, readInspection } from './kept-inspections.ts';
import { SplitView } from './split-view.ts';

const before = process.env.HARRIER_CACHE;
let cache: string;
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'harrier-kept-'));
  process.env.HARRIER_CACHE = cache;
});
afterAll(async () => {
  if (before === undefined) delete process.env.HARRIER_CACHE;
  else process.env.HARRIER_CACHE = before;
  await rm(cache, { recursive: true, force: true });
});

function data(grey: number, name = '1.png') {
  const dataset = memoryDataset({
    name: 'it',
    classNames: ['a', 'b'],
    imageShape: { height: 1, width: 1, channels: 3 },
    labels: [0, 1],
    pixels: Uint8Array.of(grey, grey, grey, 9, 9, 9),
    describe: (index) => (index === 0 ? name : '2.png'),
  });
  return { views: [new SplitView('train', dataset, '/')] };
}
const found = (page: string) => ({ inspection: {}, map: {}, page, corrections: 'none' }) as unknown as Found;

it('is read for the very same images alone', async () => {
  await keepInspection(data(1), found('first'));
  expect((await readInspection(data(1)))?.page).toBe('first');
  expect(await readInspection(data(2))).toBeUndefined();
  expect(await readInspection(data(1, 'other.png'))).toBeUndefined();
  const [file] = await readdir(join(cache, 'inspections'));
  await writeFile(join(cache, 'inspections', file), '{"inspection":');
  expect(await readInspection(data(1))).toBeUndefined();
});

it('keeps a bounded number of them', async () => {
  for (let grey = 0; grey < 26; grey++) await keepInspection(data(grey), found(`${grey}`));
  expect(await readdir(join(cache, 'inspections'))).toHaveLength(24);
  expect((await readInspection(data(25)))?.page).toBe('25');
});
