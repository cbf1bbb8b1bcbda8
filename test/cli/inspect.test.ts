/** `harrier inspect` as a user types it. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Inspection, inspectionText } from '../../src/inspection/index.ts';
import { harrier, sentenceOf, workplace, writeImages } from './harrier.ts';

let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(args, { cwd: place.path });
const file = (name: string) => join(place.path, name);

beforeAll(async () => {
  place = await workplace();
  await writeImages(file('images'), { perClass: 30, side: 32 });
  // A dog among the cats, a copy of a ship among the dogs, and a photo of nothing.
  await writeImages(file('more'), { perClass: 31, side: 32 });
  await copyFile(file('more/dog/30.png'), file('images/cat/wrong.png'));
  await copyFile(file('images/ship/1.png'), file('images/dog/copy.png'));
  const black = { create: { width: 32, height: 32, channels: 3 as const, background: '#000' } };
  await sharp(black).png().toFile(file('images/ship/black.png'));
});
afterAll(() => place.remove());

describe('harrier inspect', () => {
  let found: Inspection & { page: string };
  beforeAll(async () => {
    const finished = await run('inspect', 'images', '--json', '--out', 'first.html');
    expect(finished.code, finished.stderr).toBe(0);
    found = JSON.parse(finished.stdout);
  });

  it('finds planted faults, and names their files', async () => {
    expect(found.images).toBe(93);
    expect(found.classes.map((each) => [each.class, each.images])).toEqual([
      ['cat', 31],
      ['dog', 31],
      ['ship', 31],
    ]);
    const { accuracy, interval95, correct, total } = found.accuracy!;
    expect(accuracy).toBe(correct / total);
    expect(interval95[0]).toBeLessThan(accuracy);
    const wrong = found.labels.issues.map((issue) => [issue.file, issue.class, issue.suggested]);
    expect(wrong).toContainEqual([join('images', 'cat', 'wrong.png'), 'cat', 'dog']);
    expect(wrong).toContainEqual([join('images', 'dog', 'copy.png'), 'dog', 'ship']);
    const copies = found.duplicates.filter(({ kind }) => kind === 'exact');
    expect(copies).toHaveLength(1);
    expect(copies[0].acrossClasses).toBe(true);
    expect(copies[0].images.map((image) => image.file).sort()).toEqual([
      join('images', 'dog', 'copy.png'),
      join('images', 'ship', '1.png'),
    ]);
    expect(found.quality.issues).toContainEqual(
      expect.objectContaining({ file: join('images', 'ship', 'black.png'), issues: ['plain'] }),
    );
    expect(found.advice.map(({ kind }) => kind)).toContain('relabel');

    const page = `${await readFile(file('first.html'))}`;
    expect(found.page).toBe(file('first.html'));
    expect(page).toContain('cat/wrong.png');
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)/);
  });

  it('says the same at the terminal, twice alike, and with names that do no harm', async () => {
    const first = await run('inspect', 'images');
    expect(first.code, first.stderr).toBe(0);
    expect(first.stdout).toMatch(/^images: 93 images \(\d+ train, \d+ test\), 3 classes\n/);
    expect(first.stdout).toMatch(/Expected accuracy +\d+\.\d%/);
    expect(first.stdout).toMatch(/ {2}cat\/wrong\.png +cat +looks like dog/);
    expect(first.stdout).toContain('Correct labels in npx harrier studio --data images, or move');
    // All that the JSON of another run says.
    const plain = (text: string) => text;
    expect(first.stdout).toContain(inspectionText(found, { strong: plain, faint: plain }));
  });

  it('writes over no page that is not its own', async () => {
    await writeFile(file('mine.html'), 'my page');
    const finished = await run('inspect', 'images', '--out', 'mine.html');
    expect(finished.code).toBe(2);
    expect(sentenceOf(finished)).toMatch(
      /mine\.html: this file exists, and harrier did not write it.*--force/,
    );
    expect(`${await readFile(file('mine.html'))}`).toBe('my page');
  });

  it('has a sentence for what it cannot inspect', async () => {
    expect(sentenceOf(await run('inspect', 'nowhere'))).toMatch(/there is no such data set or folder/);
    await mkdir(file('empty'));
    expect(sentenceOf(await run('inspect', 'empty'))).toMatch(/^empty: /);
    await writeImages(file('one-class'), { classes: ['cat'], perClass: 4 });
    expect(sentenceOf(await run('inspect', 'one-class'))).toMatch(/class/);
    expect(sentenceOf(await run('inspect', 'images', '--from', 'missing.onnx'))).toMatch(/missing\.onnx/);
  });

  it('inspects images that cannot be split: each class is one image, saved several times', async () => {
    await writeImages(file('copied'), { classes: ['cat', 'dog'], perClass: 1, side: 16 });
    for (const label of ['cat', 'dog']) {
      for (const copy of [1, 2])
        await copyFile(file(`copied/${label}/0.png`), file(`copied/${label}/copy-${copy}.png`));
    }
    const finished = await run('inspect', 'copied', '--json', '--out', 'copied.html');
    expect(finished.code, finished.stderr).toBe(0);
    const found: Inspection = JSON.parse(finished.stdout);
    expect(found.parts).toEqual([{ part: 'train', images: 6 }]);
    expect(found.duplicates.map(({ images }) => images.length)).toEqual([3, 3]);
  });

  it('inspects a handful of images without claiming to know more', async () => {
    await writeImages(file('few'), { classes: ['cat', 'dog'], perClass: 2, side: 16 });
    const finished = await run('inspect', 'few', '--json', '--out', 'few.html');
    expect(finished.code, finished.stderr).toBe(0);
    const found: Inspection = JSON.parse(finished.stdout);
    expect(found.learningCurve?.forecast).toBeUndefined();
    expect(found.outliers).toEqual([]);
  });
});
