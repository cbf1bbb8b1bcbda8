import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { namesOf } from './list.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-list-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function namesIn(content: string | Uint8Array): Promise<string[]> {
  const file = join(folder, 'list');
  await writeFile(file, content);
  const names: string[] = [];
  for await (const name of namesOf(file)) names.push(name);
  return names;
}

it('reads names that lines or NULs end, in any writing', async () => {
  expect(await namesIn('a.jpg\r\n\n\tb ü.jpg\n写真.png')).toEqual(['a.jpg', '\tb ü.jpg', '写真.png']);
  expect(await namesIn('\uFEFFa.jpg\r\nb.jpg')).toEqual(['a.jpg', 'b.jpg']);
  expect(await namesIn('a\nb.jpg\0c.jpg\0')).toEqual(['a\nb.jpg', 'c.jpg']);
  // A name that is no UTF-8 is one image that cannot be read.
  expect(await namesIn(Buffer.from('a.jpg\0caf\xe9.jpg\0', 'latin1'))).toHaveLength(2);
});

it('refuses an image in the place of a list', async () => {
  const background = { r: 200, g: 10, b: 90 };
  const image = sharp({ create: { width: 40, height: 30, channels: 3, background } });
  for (const bytes of [
    await image.jpeg().toBuffer(),
    await image.png().toBuffer(),
    await image.webp().toBuffer(),
  ]) {
    await expect(namesIn(bytes)).rejects.toThrow(
      /list: this is no list of names: .* Give an image without --list\.$/,
    );
  }
});
