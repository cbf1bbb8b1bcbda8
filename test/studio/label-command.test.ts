import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { harrier, sentenceOf, workplace, writeImages } from '../cli/harrier.ts';

// What is wrong with the command is told before anything is built or served. That it labels: labelling.test.ts.

let place: { path: string; remove: () => Promise<void> };
beforeAll(async () => {
  place = await workplace();
  await writeFile(join(place.path, 'file'), '');
  await mkdir(join(place.path, 'empty'));
  await writeImages(join(place.path, 'photos'), { perClass: 2, side: 8 });
  await writeImages(join(place.path, 'strange'), { perClass: 1, side: 8 });
  await writeFile(join(place.path, 'strange', 'labels.csv'), 'name,price\nshoe,30\n');
});
afterAll(() => place.remove());

it.each([
  [['nowhere'], 1, /nowhere: there is no such folder: expected a folder of images/],
  [['file'], 1, /file: this is not a folder/],
  [['empty'], 1, /empty: this folder contains no images/],
  [
    ['photos', '--classes', 'ants'],
    2,
    /--classes: labels tell two classes or more apart: .*received only "ants"/,
  ],
  [['photos', '--classes', 'ants,ants ,'], 2, /received only "ants"/],
  [['photos', '--classes', ','], 2, /received no name/],
  [['photos', '--port', '70000'], 2, /--port: this port does not exist/],
  [['photos', '--move'], 1, /labels\.csv: no image has a label yet/],
  [
    ['strange'],
    1,
    /labels\.csv, line 1: no column says which label is meant: .* Call its columns "file" and "label"/,
  ],
  [[], 2, /missing required argument/],
])('label %j fails with a sentence', async (args, code, message) => {
  const finished = await harrier(['label', ...args], { cwd: place.path });
  expect([finished.code, sentenceOf(finished)]).toEqual([code, expect.stringMatching(message)]);
  expect(finished.stdout).toBe('');
});

describe('label --move', () => {
  it('moves labelled images into class folders, and has the list follow', async () => {
    const folder = join(place.path, 'photos');
    const [first] = await readdir(join(folder, 'cat'));
    await writeFile(join(folder, 'labels.csv'), `file,label\ncat/${first},dog\ngone.png,dog\n`);
    const { code, stdout, stderr } = await harrier(['label', 'photos', '--move'], { cwd: place.path });
    // The dogs have an image of this name already.
    expect([code, stdout]).toEqual([0, expect.stringMatching(/Moved 0 images/)]);
    expect(stderr).toMatch(/stays where it is: there is a file dog\/.* already/);
    expect(stderr).toMatch(/gone\.png stays where it is: the file is not there/);
    await writeFile(join(folder, 'labels.csv'), `file,label\ncat/${first},bird\n`);
    const again = await harrier(['label', 'photos', '--move'], { cwd: place.path });
    expect(again.stdout).toMatch(/Moved 1 image into class folders/);
    expect(await readFile(join(folder, 'labels.csv'), 'utf8')).toBe(`file,label\nbird/${first},bird\n`);
    expect(await readdir(join(folder, 'bird'))).toEqual([first]);
  });
});

it('has help with examples', async () => {
  const { code, stdout } = await harrier(['label', '--help'], { cwd: place.path });
  expect([code, stdout]).toEqual([0, expect.stringMatching(/Examples:\n.*npx harrier label/)]);
});
