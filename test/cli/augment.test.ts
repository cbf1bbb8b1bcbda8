import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { harrier, sentenceOf, workplace, writeImages } from './harrier.ts';

let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(args, { cwd: place.path });

beforeAll(async () => {
  place = await workplace();
  await writeImages(join(place.path, 'images'), { perClass: 10, side: 12 });
});
afterAll(() => place.remove());

describe('augmentation on the command line', () => {
  it('is previewed: one image of each class beside ten draws', async () => {
    for (const extra of [
      ['--augment', 'flip,translation=2,mixup'],
      ['--recipe', 'keras-cnn'],
    ]) {
      const { code, stderr } = await run('data', 'images', '--preview', 'sheet.png', ...extra);
      expect([code, stderr]).toEqual([0, 'Wrote sheet.png\n']);
      const { width, height } = await sharp(join(place.path, 'sheet.png')).metadata();
      expect(width).toBeGreaterThan(11 * 64);
      expect(height).toBeGreaterThan(3 * 64);
    }
  });

  it('is stored with the run, with sampling and class weights', async () => {
    const { code, stdout } = await run(
      ...['train', '--data', 'images', '--epochs', '1', '--out', 'run'],
      ...['--augment', 'light,cutout=3', '--class-weight', 'cat=2, dog = 0.5', '--sampling', 'balanced'],
    );
    expect(code).toBe(0);
    const { options } = JSON.parse(await readFile(join(place.path, 'run', 'run.json'), 'utf8'));
    expect(options).toMatchObject({
      augmentation: [{ name: 'RandomFlip' }, { name: 'RandomErasing', size: 3 }],
      classWeight: { cat: 2, dog: 0.5 },
      sampling: 'balanced',
    });
    const text = 'RandomFlip horizontal, RandomErasing 3 mean';
    expect(stdout).toContain(`augmentation: ${text}\n`);
    expect(await readFile(join(place.path, 'run', 'README.md'), 'utf8')).toContain(text);
  });

  it.each<[string[], RegExp]>([
    [['data', 'images', '--augment', 'light'], /--augment: this option needs --preview\. Add --preview/],
    [
      ['data', 'images', '--preview', 'x.png', '--augment', 'light', '--recipe', 'keras-cnn'],
      /--augment and --recipe cannot be combined/,
    ],
    [
      ['data', 'images', '--preview', 'x.png', '--augment', 'translation=6'],
      /RandomTranslation: pixels: expected less than half the side of the images, 12, received 6/,
    ],
    [
      ['train', '--data', 'images', '--augment', 'translation=6'],
      /RandomTranslation: pixels: expected less than half the side of the images, 12, received 6/,
    ],
    [
      ['train', '--data', 'images', '--class-weight', 'cats=2'],
      /unknown class of .*"cats"\. Did you mean "cat"\?/,
    ],
    [['train', '--class-weight', 'heavy'], /--class-weight: .*balanced, or pairs such as cat=2,dog=0.5/],
    [
      ['train', '--data', 'images', '--resolution', '1:8,3:12'],
      /layer "dense" \(Dense\): it has weights for one size of images: expected 12 × 12, received 8 × 8/,
    ],
    [['train', '--resolution', '24'], /--resolution: .*expected epoch:size, with commas between/],
    [['train', '--sampling', 'balance'], /unknown value of --sampling "balance"\. Did you mean "balanced"\?/],
    [
      ['train', '--data', 'images', '--class-weight', 'balanced', '--sampling', 'balanced'],
      /have the same effect and cannot be combined\. Choose one of them\./,
    ],
  ])('%j is wrong usage', async (args, sentence) => {
    const finished = await run(...args);
    expect(sentenceOf(finished)).toMatch(sentence);
    expect(finished.code).toBe(2);
    expect(await readdir(place.path)).not.toContain('runs');
  });
});
