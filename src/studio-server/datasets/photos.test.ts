import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { memoryDataset } from '../../data/memory.ts';
import { drawPhoto } from '../labelling/photo.ts';
import { photo, thumbnail } from './photos.ts';
import { SplitView } from './split-view.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-photos-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A part of a data set that has one photo. */
async function viewOf(image: Sharp): Promise<{ readonly view: SplitView; readonly path: string }> {
  const path = join(folder, 'photo.png');
  await writeFile(path, await image.png().toBuffer());
  const dataset = memoryDataset({
    name: 'it',
    classNames: ['it'],
    imageShape: { height: 1, width: 1, channels: 3 },
    labels: [0],
    pixels: new Uint8Array(3),
  });
  return { view: new SplitView('train', { ...dataset, file: () => path }, '/'), path };
}

async function firstPixel(bytes: Uint8Array): Promise<number[]> {
  return [...(await sharp(bytes).toColourspace('srgb').raw().toBuffer()).subarray(0, 3)];
}

it('transparent parts are white, as a model sees them', async () => {
  const clear = { r: 0, g: 0, b: 0, alpha: 0 };
  const { view, path } = await viewOf(
    sharp({ create: { width: 8, height: 8, channels: 4, background: clear } }),
  );
  const shown = [(await photo(view, 0)).bytes, await thumbnail(view, 0, 8), await drawPhoto(path, 8)];
  for (const bytes of shown) {
    expect((await sharp(bytes).metadata()).hasAlpha).toBe(false);
    expect(await firstPixel(bytes)).toEqual([255, 255, 255]);
  }
});

it('a PNG of 12 bits in 16 is as bright as a model sees it', async () => {
  const samples = new Uint16Array(64).fill(4095);
  const raw = { width: 8, height: 8, channels: 1 as const };
  const { view } = await viewOf(sharp(samples, { raw }).toColourspace('grey16'));
  expect((await firstPixel((await photo(view, 0)).bytes))[0]).toBe(255);
});

it('other photos are sent as they are', async () => {
  const { view } = await viewOf(
    sharp({ create: { width: 8, height: 8, channels: 3, background: '#c83214' } }).withIccProfile('p3'),
  );
  const { type, bytes } = await photo(view, 0);
  expect(type).toBe('image/png');
  expect((await sharp(bytes).metadata()).hasProfile).toBe(true);
});
