import { createHash } from 'node:crypto';
import {
  chmod,
  cp,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Dataset } from '../../../data/dataset.ts';
import { hashHeader } from '../../../data/hash.ts';
import { random } from '../../../data/random.ts';
import { classCounts } from '../../../data/statistics.ts';
import { decodeImage } from '../images/decode.ts';
import { previewImage } from '../images/preview.ts';
import { decodeFolder } from './folder-cache.ts';
import { type ImageFolderOptions, imageFolder } from './image-folder.ts';
import { openDataset } from './open-dataset.ts';

let folder: string;
let root: string;
let cache: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-folder-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(() => {
  count++;
  root = join(folder, `images-${count}`);
  cache = join(folder, `cache-${count}`);
});

const open = (options: ImageFolderOptions = {}) => imageFolder(root, { cacheDirectory: cache, ...options });

/** A flat image of a colour that no other number has. */
function image(number: number, width = 8, height = width) {
  const background = { r: number % 256, g: Math.floor(number / 256), b: 77 };
  return sharp({ create: { width, height, channels: 3, background } });
}

async function put(path: string, number: number, width?: number, height?: number): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await image(number, width, height).toFile(join(root, path));
}

/** Two classes of `perClass` images each. */
async function putTwoClasses(perClass: number): Promise<void> {
  for (let i = 0; i < perClass; i++) {
    await put(`cat/${i}.png`, i);
    await put(`dog/${i}.png`, 1000 + i);
  }
}

/** The numbers of the images of a data set. */
function numbers(dataset: Dataset): number[] {
  const { height, width } = dataset.imageShape;
  const out = new Uint8Array(dataset.size * height * width * 3);
  dataset.gather([...dataset.labels.keys()], out);
  return Array.from(
    dataset.labels,
    (_, i) => out[i * height * width * 3] + 256 * out[i * height * width * 3 + 1],
  );
}

const files = (dataset: Dataset) => Array.from(dataset.labels, (_, i) => dataset.describe(i));

describe('imageFolder', () => {
  it('has a class per sub-folder, in the order of their names', async () => {
    await putTwoClasses(10);
    await put('Zebra/deep/below/1.png', 2000);
    await put('Zebra/2.png', 2001);
    const { train, test, skipped } = await open();
    expect(train.classNames).toEqual(['Zebra', 'cat', 'dog']);
    expect(train.imageShape).toEqual({ height: 8, width: 8, channels: 3 });
    expect(train.size + test.size).toBe(22);
    expect(skipped).toEqual([]);
    for (const part of [train, test]) {
      numbers(part).forEach((number, i) => {
        expect(part.labels[i]).toBe(number >= 2000 ? 0 : number >= 1000 ? 2 : 1);
        expect(part.describe(i)).toContain(root);
      });
    }
    expect([...numbers(train), ...numbers(test)].sort((a, b) => a - b)).toEqual([
      ...Array.from({ length: 10 }, (_, i) => i),
      ...Array.from({ length: 10 }, (_, i) => 1000 + i),
      2000,
      2001,
    ]);
    expect(classCounts(test)[0]).toBe(1);
  });

  it('reads every format', async () => {
    for (const [i, format] of ['png', 'jpg', 'webp', 'avif', 'gif', 'tiff'].entries()) {
      await put(`a/${format}.${format}`, i, 16);
      await put(`b/${format}.${format}`, 100 + i, 16);
    }
    const { train, test } = await open();
    expect(train.size + test.size).toBe(12);
  });

  it('ignores hidden files, what operating systems leave, and files beside the classes', async () => {
    await putTwoClasses(3);
    await writeFile(join(root, 'README.md'), 'My images');
    await writeFile(join(root, 'cat', '.DS_Store'), 'x');
    await writeFile(join(root, 'cat', 'Thumbs.db'), 'x');
    await mkdir(join(root, '.git'));
    const { train, test } = await open();
    expect(train.size + test.size).toBe(6);
  });

  it('follows links, but each folder once', async () => {
    await putTwoClasses(3);
    await symlink(join(root, 'dog', '0.png'), join(root, 'dog', 'again.png'));
    await put('../elsewhere/far.png', 3000);
    await symlink(join(folder, 'elsewhere'), join(root, 'dog', 'linked'));
    for (const name of ['round', 'and-round']) await symlink(join(root, 'cat'), join(root, 'cat', name));
    // Two folders that lead to each other.
    await put('cat/a/1.png', 10);
    await put('cat/b/2.png', 11);
    await symlink(join(root, 'cat', 'b'), join(root, 'cat', 'a', 'b'));
    await symlink(join(root, 'cat', 'a'), join(root, 'cat', 'b', 'a'));
    const { train, test } = await open();
    const all = [...numbers(train), ...numbers(test)].sort((a, b) => a - b);
    expect(all).toEqual([0, 1, 2, 10, 11, 1000, 1000, 1001, 1002, 3000]);
  });

  it.each<[string, () => Promise<void>, RegExp]>([
    [
      'a link to an image of another class',
      () => symlink('../dog/1.png', join(root, 'cat', 'x.png')),
      /"cat" and "dog".*received cat\/x\.png and dog\/1\.png\. Remove one of the two/,
    ],
    [
      'a link to the folder of another class',
      () => symlink('dog', join(root, 'puppy')),
      /"dog" and "puppy".*received dog\/0\.png and puppy\/0\.png/,
    ],
    [
      'a link to the whole folder',
      () => symlink('..', join(root, 'cat', 'all')),
      /"cat" and "dog".*received cat\/all\/dog\/0\.png and dog\/0\.png/,
    ],
    [
      'a second name (hard link) of an image of another class',
      () => link(join(root, 'dog', '2.png'), join(root, 'cat', 'y.png')),
      /"cat" and "dog".*received cat\/y\.png and dog\/2\.png/,
    ],
  ])('refuses one file under two classes: %s', async (_, make, message) => {
    await putTwoClasses(3);
    await make();
    await expect(open({ skipBad: true })).rejects.toMatchObject({
      code: 'bad-data',
      message: expect.stringMatching(message),
    });
  });

  it('takes a link that leads nowhere, or to itself, for a file that cannot be used', async () => {
    await putTwoClasses(3);
    await symlink('gone.png', join(root, 'cat', 'dangling.png'));
    await symlink('self.png', join(root, 'dog', 'self.png'));
    await expect(open()).rejects.toMatchObject({
      code: 'bad-data',
      message: expect.stringMatching(/dangling\.png: 2 files of 8 cannot be used; .*this link leads nowhere/),
    });
    const { train, test, skipped } = await open({ skipBad: true });
    expect(train.size + test.size).toBe(6);
    expect(skipped.map(({ file, reason }) => [basename(file), reason])).toEqual([
      ['dangling.png', expect.stringContaining('this link leads nowhere')],
      ['self.png', expect.stringContaining('this link leads nowhere')],
    ]);
    // Mended, it is an image again.
    await image(500).toFile(join(root, 'cat', 'gone.png'));
    await rm(join(root, 'dog', 'self.png'));
    const mended = await open();
    expect(mended.train.size + mended.test.size).toBe(8);
  });

  it('does not lose a class whose folder is a link that leads nowhere', async () => {
    await putTwoClasses(3);
    await symlink('/nowhere/birds', join(root, 'bird'));
    await expect(open()).rejects.toThrow(/bird: this link is broken: expected a folder of images/);
  });

  it('notes a class that the test part lacks', async () => {
    for (let i = 0; i < 2; i++) {
      await put(`train/cat/${i}.png`, i);
      await put(`train/dog/${i}.png`, 1000 + i);
      await put(`test/cat/${i}.png`, 50 + i);
    }
    expect((await open()).notes).toEqual([expect.stringMatching(/test has no image of "dog"/)]);
    await put('test/dog/9.png', 1050);
    expect((await open()).notes).toEqual([]);
  });

  it('scales to the size asked for, and refuses a senseless one', async () => {
    await putTwoClasses(2);
    expect((await open({ imageSize: 20 })).train.imageShape).toEqual({ height: 20, width: 20, channels: 3 });
    for (const imageSize of [0, 2.5, -8, 5000, Number.NaN]) {
      await expect(open({ imageSize })).rejects.toMatchObject({
        code: 'bad-option',
        message: expect.stringMatching(/image size.*whole number from 1 to 4096/),
      });
    }
  });

  it.each([
    [[28, 28], [28, 28], 28],
    [[30, 40], [48, 20], 32],
    [[300, 200], [640, 480], 64],
    [[128, 128], [128, 128], 64],
  ])('chooses a size for images of %o and %o', async ([w1, h1], [w2, h2], expected) => {
    await put('a/1.png', 1, w1, h1);
    await put('a/2.png', 2, w2, h2);
    await put('b/1.png', 3, w1, h1);
    expect((await open()).train.imageShape.height).toBe(expected);
  });

  it('has the hash of its pixels, labels and class names', async () => {
    await putTwoClasses(5);
    const { train } = await open();
    const pixels = new Uint8Array(train.size * 192);
    train.gather([...train.labels.keys()], pixels);
    const expected = createHash('sha256')
      .update(hashHeader(train.classNames, train.imageShape, train.labels))
      .update(pixels)
      .digest('hex');
    expect(train.hash).toBe(expected);
  });

  it('reads through the file when the images do not fit into memory', async () => {
    await putTwoClasses(8);
    const inMemory = await open();
    const onDisk = await open({ memoryBytes: 0 });
    expect(numbers(onDisk.train)).toEqual(numbers(inMemory.train));
    expect(onDisk.train.hash).toBe(inMemory.train.hash);
    expect(() => onDisk.train.gather([99], new Uint8Array(192))).toThrow(/no such image/);
  });
});

describe('the split', () => {
  it('depends on the bytes of the images alone', async () => {
    await putTwoClasses(30);
    const first = await open();
    const moved = `${root}-moved`;
    await cp(root, moved, { recursive: true });
    for (const name of await readdir(join(moved, 'cat'))) {
      await rename(join(moved, 'cat', name), join(moved, 'cat', `renamed-${name}`));
    }
    const second = await imageFolder(moved, { cacheDirectory: cache });
    expect(numbers(second.test).sort()).toEqual(numbers(first.test).sort());
    const fraction = first.test.size / 60;
    expect(fraction).toBeGreaterThan(0.05);
    expect(fraction).toBeLessThan(0.4);
  });

  it('keeps the fraction that it is told; the test of a smaller one lies in that of a larger one', async () => {
    await putTwoClasses(60);
    const tests = [];
    for (const testSplit of [0.05, 0.1, undefined, 0.35, 0.5]) {
      const { train, test } = await open({ testSplit });
      expect(train.size + test.size).toBe(120);
      tests.push(numbers(test));
    }
    for (const [i, larger] of tests.slice(1).entries()) {
      expect(larger).toEqual(expect.arrayContaining(tests[i]));
      expect(larger.length).toBeGreaterThan(tests[i].length);
    }
    expect(tests[1].length).toBeLessThan(120 * 0.18);
    expect(tests[4].length).toBeGreaterThan(120 * 0.35);
    expect(numbers((await open({ testSplit: 0.2 })).test)).toEqual(tests[2]);
  });

  it('has the same test images with every fraction where no image is low', async () => {
    await putTwoClasses(2);
    const before = numbers((await open({ testSplit: 0.3 })).test);
    const own = numbers((await open()).test);
    expect(numbers((await open({ testSplit: 0.1 })).test)).toEqual(own);
    expect(before).toEqual(expect.arrayContaining(own));
    // What one fraction has kept changes no run of another one.
    expect(numbers((await open({ testSplit: 0.3 })).test)).toEqual(before);
  });

  it('refuses a fraction that is none, or that has no use', async () => {
    await putTwoClasses(4);
    await expect(open({ testSplit: 0.6 })).rejects.toThrow(
      /cannot be kept for testing: expected a number above 0 and of at most 0\.5, received 0\.6/,
    );
    await put('train/a/1.png', 1);
    await put('train/b/1.png', 2);
    await put('val/a/1.png', 3);
    const parts = (options: ImageFolderOptions) => imageFolder(root, { cacheDirectory: cache, ...options });
    await rm(join(root, 'cat'), { recursive: true });
    await rm(join(root, 'dog'), { recursive: true });
    await expect(parts({ testSplit: 0.1 })).rejects.toThrow(
      /the validation images of this data are its test images: no others are kept for testing\. Leave/,
    );
    await put('test/a/1.png', 4);
    await expect(parts({ testSplit: 0.1 })).rejects.toThrow(
      /this data has test images of its own: no others are kept for testing\. Leave the option out/,
    );
    expect((await parts({ testSplit: 0.1, isNew: false })).test.size).toBe(1);
    await expect(openDataset('cifar10', { testSplit: 0.1 })).rejects.toThrow(
      /cifar10: this data has test images of its own/,
    );
  });

  it('moves no image when others are added', async () => {
    await putTwoClasses(20);
    const before = await open();
    for (let i = 20; i < 40; i++) await put(`cat/${i}.png`, i);
    const after = await open();
    expect(numbers(after.test)).toEqual(expect.arrayContaining(numbers(before.test)));
    expect(numbers(after.train)).toEqual(expect.arrayContaining(numbers(before.train)));
  });

  it('gives every class with two images one on each side', async () => {
    await putTwoClasses(2);
    const { train, test } = await open();
    expect([...classCounts(train)]).toEqual([1, 1]);
    expect([...classCounts(test)]).toEqual([1, 1]);
  });

  it('keeps its test images in the test, however few there were at first', async () => {
    await putTwoClasses(2);
    const before = numbers((await open()).test);
    for (let i = 2; i < 40; i++) {
      await put(`cat/${i}.png`, i);
      await put(`dog/${i}.png`, 1000 + i);
    }
    const { train, test } = await open();
    expect(numbers(test)).toEqual(expect.arrayContaining(before));
    expect(numbers(train).filter((number) => before.includes(number))).toEqual([]);
  });

  it('keeps copies on one side, saved anew or not', async () => {
    for (let i = 0; i < 20; i++) await put(`dog/${i}.png`, 1000 + i);
    const stream = random(5, 'test/copies');
    for (let i = 0; i < 40; i++) {
      const blocks = sharp(
        Uint8Array.from({ length: 72 }, () => stream.integer(256)),
        {
          raw: { width: 9, height: 8, channels: 1 },
        },
      ).resize(72, 64, { kernel: 'nearest', fit: 'fill' });
      const png = await blocks.png().toBuffer();
      await mkdir(join(root, 'cat'), { recursive: true });
      await writeFile(join(root, 'cat', `${i}.png`), png);
      await writeFile(join(root, 'cat', `${i}-again.png`), png);
      await sharp(png)
        .resize(54, 48)
        .jpeg({ quality: 85 })
        .toFile(join(root, 'cat', `${i}-small.jpg`));
    }
    const { train, test, notes } = await open({ imageSize: 16 });
    const stems = (dataset: Dataset) =>
      new Set(
        files(dataset)
          .filter((file) => file.includes('cat'))
          .map((file) => Number.parseInt(basename(file), 10)),
      );
    const tested = stems(test);
    expect(tested.size).toBeGreaterThan(5);
    expect([...stems(train)].filter((stem) => tested.has(stem))).toEqual([]);
    expect(notes).toEqual([]);
  });

  it('says how little of wide photos a model sees that looks at their middle', async () => {
    await putTwoClasses(4);
    const crop = { resize: 'crop', cropFraction: 0.875, interpolation: 'bicubic' } as const;
    expect((await open({ imageSize: 16, preprocessing: crop })).notes).toEqual([]);
    for (let i = 0; i < 12; i++) await put(`cat/wide ${i}.png`, 20 + i, 64, 48);
    const { notes } = await open({ imageSize: 16, preprocessing: crop });
    expect(notes).toEqual([
      expect.stringMatching(/^The model looks at the middle of each photo: at 57% of the typical one\./),
    ]);
    const pad = { ...crop, resize: 'pad', cropFraction: 1 } as const;
    expect((await open({ imageSize: 16, preprocessing: pad })).notes).toEqual([]);
  });

  it('comes to its size as it is told, each way with a cache of its own', async () => {
    await putTwoClasses(4);
    const stripes = Uint8Array.from({ length: 90 * 30 }, (_, i) =>
      i % 90 < 30 ? 250 : i % 90 < 60 ? 100 : 10,
    );
    const file = join(root, 'cat', 'stripes.png');
    await sharp(stripes, { raw: { width: 90, height: 30, channels: 1 } }).toFile(file);
    const ways = [
      undefined,
      { resize: 'crop', cropFraction: 1, interpolation: 'bicubic' },
      { resize: 'crop', cropFraction: 0.5, interpolation: 'bicubic' },
      { resize: 'crop', cropFraction: 0.5, interpolation: 'bilinear' },
      { resize: 'pad', cropFraction: 1, interpolation: 'bicubic' },
    ] as const;
    const size = { height: 16, width: 16, channels: 3 };
    const corners: number[] = [];
    for (const preprocessing of [...ways, ...ways]) {
      const { train, test } = await open({ imageSize: 16, preprocessing });
      expect(train.imageShape).toEqual(preprocessing ? { ...size, preprocessing } : size);
      const dataset = [train, test].find((part) => files(part).some((name) => name.endsWith('stripes.png')))!;
      const pixels = new Uint8Array(16 * 16 * 3);
      dataset.gather([files(dataset).findIndex((name) => name.endsWith('stripes.png'))], pixels);
      expect(pixels).toEqual(new Uint8Array(await decodeImage(file, { ...size, preprocessing })));
      corners.push(pixels[0]);
    }
    // All of it; the middle stripe; black above.
    expect(corners.slice(0, 5)).toEqual([250, expect.any(Number), 100, 100, 0]);
    expect((await readdir(join(cache, 'folders'))).filter((name) => name.endsWith('.pixels'))).toHaveLength(
      5,
    );
  });

  it('of runs of before is as it was', async () => {
    await putTwoClasses(20);
    const [old, now] = [await open({ rules: 1 }), await open()];
    expect([...classCounts(old.test)].every((count) => count > 0)).toBe(true);
    expect(old.test.copies).toBeUndefined();
    expect(now.train.size + now.test.size).toBe(old.train.size + old.test.size);
  });

  it('names the images that its parts share', async () => {
    for (let i = 0; i < 3; i++) {
      await put(`train/a/${i}.png`, i);
      await put(`train/b/${i}.png`, 100 + i);
    }
    await put('test/a/x.png', 1);
    await put('test/b/y.png', 700);
    await put('val/a/z.png', 2);
    expect((await open()).notes).toEqual([
      `${root}: 1 of 2 test images is among the training images too: the accuracy on them does not carry over to new images.`,
      `${root}: 1 of 1 validation image is among the training images too: the accuracy on them does not carry over to new images.`,
    ]);
  });

  it('follows train and test folders', async () => {
    for (const [i, path] of ['train/a/1', 'train/a/2', 'train/b/1', 'test/a/9', 'test/b/9'].entries())
      await put(`${path}.png`, i);
    const splits = await open();
    expect(numbers(splits.train)).toEqual([0, 1, 2]);
    expect(numbers(splits.test)).toEqual([3, 4]);
    expect(splits.validation).toBeUndefined();
  });

  it('keeps a validation folder apart, and tests with it where there is no other', async () => {
    for (const [i, path] of ['train/a/1', 'train/b/1', 'val/a/1', 'val/b/1'].entries())
      await put(`${path}.png`, i);
    const two = await open();
    expect(numbers(two.test)).toEqual([2, 3]);
    expect(two.validation).toBeUndefined();
    await put('test/b/1.png', 9);
    const three = await open();
    expect(numbers(three.test)).toEqual([9]);
    expect(numbers(three.validation!)).toEqual([2, 3]);
  });

  it('splits a lone train folder', async () => {
    for (let i = 0; i < 4; i++) for (const name of ['a', 'b']) await put(`train/${name}/${i}.png`, i);
    const { train, test } = await open();
    expect(train.classNames).toEqual(['a', 'b']);
    expect(train.size + test.size).toBe(8);
  });

  it('sets nothing of a lone train folder aside where all images are pooled, but for runs of before', async () => {
    for (let i = 0; i < 10; i++) for (const name of ['a', 'b']) await put(`train/${name}/${i}.png`, i);
    const { train, test } = await open({ pooled: true });
    expect([train.size, test.size]).toEqual([20, 20]);
    const before = await open({ pooled: true, rules: 2 });
    expect(before.train.size + before.test.size).toBe(20);
    expect(before.test.hash).toBe((await open()).test.hash);
    // A test part stays one.
    await put('test/a/20.png', 20);
    expect((await open({ pooled: true })).test.size).toBe(1);
  });

  it('takes "train" for a class when it stands beside others', async () => {
    for (const name of ['train', 'boat']) for (let i = 0; i < 3; i++) await put(`${name}/${i}.png`, i);
    expect((await open()).train.classNames).toEqual(['boat', 'train']);
  });

  it('refuses a test class that training lacks', async () => {
    for (const path of ['train/a/1', 'train/b/1', 'test/c/1']) await put(`${path}.png`, 1);
    await expect(open()).rejects.toThrow(/the class "c" is not in the training folder: expected one of a, b/);
  });
});

describe('the cache', () => {
  const decodings = async (options: ImageFolderOptions = {}) => {
    let decoded = 0;
    const splits = await open({
      ...options,
      onProgress: ({ what }) => what.startsWith('decoding') && decoded++,
    });
    return { decoded: decoded > 0, splits };
  };
  const cacheFiles = async (ending: string) =>
    (await readdir(join(cache, 'folders')))
      .filter((name) => name.endsWith(ending))
      .map((name) => join(cache, 'folders', name));

  it('spares the second decoding', async () => {
    await putTwoClasses(5);
    const first = await decodings();
    const second = await decodings();
    expect([first.decoded, second.decoded]).toEqual([true, false]);
    expect(second.splits.train.hash).toBe(first.splits.train.hash);
    expect(files(second.splits.train)).toEqual(files(first.splits.train));
  });

  /** As if the caches that there are had been used so many hours ago. */
  const age = async (hours: number) => {
    const then = new Date(Date.now() - 3_600_000 * hours);
    for (const path of await cacheFiles('.json')) await utimes(path, then, then);
  };

  it('is made anew when a file changes, comes or goes, and removed when it was not used for a day', async () => {
    await putTwoClasses(5);
    const first = await decodings();
    await put('cat/0.png', 200);
    // An image of the same size, within the resolution of the clock: the time tells.
    await utimes(join(root, 'cat', '0.png'), new Date(), new Date(Date.now() + 5000));
    const changed = await decodings();
    expect(changed.decoded).toBe(true);
    expect([...numbers(changed.splits.train), ...numbers(changed.splits.test)]).toContain(200);
    expect(changed.splits.train.hash + changed.splits.test.hash).not.toBe(
      first.splits.train.hash + first.splits.test.hash,
    );
    await put('cat/new.png', 201);
    expect((await decodings()).decoded).toBe(true);
    await rm(join(root, 'cat', 'new.png'));
    // A run may be about to read those of before.
    expect((await decodings()).decoded).toBe(false);
    expect(await cacheFiles('.pixels')).toHaveLength(3);
    await age(25);
    expect((await decodings()).decoded, 'which uses it again').toBe(false);
    await put('cat/new.png', 202);
    expect((await decodings()).decoded).toBe(true);
    expect(await cacheFiles('.pixels')).toHaveLength(2);
    await age(25);
    await put('cat/new.png', 203);
    expect((await decodings()).decoded).toBe(true);
    expect(await cacheFiles('.pixels')).toHaveLength(1);
    expect(await cacheFiles('.json')).toHaveLength(1);
    expect(await readdir(join(cache, 'folders'))).toHaveLength(2);
  });

  it('is left to a run on the same images with other labels', async () => {
    await putTwoClasses(5);
    const by = (labelBy: string) => decodings({ labelBy, memoryBytes: 0 });
    const { splits } = await by('^(cat|dog)');
    const { pixelSource } = splits.train;
    expect((await by('([0-9])\\.png')).decoded).toBe(true);
    expect((await stat(pixelSource!.place as string)).isFile()).toBe(true);
    expect([(await by('^(cat|dog)')).decoded, (await by('([0-9])\\.png')).decoded]).toEqual([false, false]);
  });

  it('goes by content: not by names and times, which archives restore', async () => {
    await putTwoClasses(10);
    const then = new Date(0);
    const all = [
      ...(await readdir(join(root, 'cat'))).map((name) => ['cat', name]),
      ...(await readdir(join(root, 'dog'))).map((name) => ['dog', name]),
    ];
    for (const [folder, name] of all) await utimes(join(root, folder, name), then, then);
    const first = await decodings();
    // Two images of one size change places.
    await rename(join(root, 'cat', '1.png'), join(root, 'other'));
    await rename(join(root, 'dog', '1.png'), join(root, 'cat', '1.png'));
    await rename(join(root, 'other'), join(root, 'dog', '1.png'));
    const second = await decodings();
    expect(second.decoded).toBe(true);
    const hashes = ({ train, test }: typeof first.splits) => train.hash + test.hash;
    expect(hashes(second.splits)).not.toBe(hashes(first.splits));
    // A new time alone changes nothing.
    await utimes(join(root, 'cat', '1.png'), new Date(), new Date());
    expect((await decodings()).decoded).toBe(false);
  });

  it.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
    'forgets that a file could not be read',
    async () => {
      await putTwoClasses(10);
      await chmod(join(root, 'cat', '1.png'), 0);
      await expect(open()).rejects.toThrow(
        /1 file of 20 cannot be used; the first of them: no permission to read it/,
      );
      await chmod(join(root, 'cat', '1.png'), 0o644);
      const { train, test } = await open();
      expect(train.size + test.size).toBe(20);
    },
  );

  it('keeps one cache per image size', async () => {
    await putTwoClasses(2);
    await decodings({ imageSize: 8 });
    await decodings({ imageSize: 16 });
    expect((await decodings({ imageSize: 8 })).decoded).toBe(false);
  });

  it.each([
    ['cut off', (path: string) => truncate(path, 100)],
    ['of other bytes', (path: string) => flipByte(path, false)],
    ['of other bytes with the old time', (path: string) => flipByte(path, true)],
  ])('is made anew when its pixels are %s', async (_, damage) => {
    await putTwoClasses(5);
    const first = await decodings();
    const [path] = await cacheFiles('.pixels');
    await damage(path);
    const second = await decodings();
    expect(second.decoded).toBe(true);
    expect(second.splits.train.hash).toBe(first.splits.train.hash);
  });

  it.each(['{"version":', 'null', '[]', '{}', '{"contentHashes":null,"bad":3}', ''])(
    'is made anew when its description is %s',
    async (text) => {
      await putTwoClasses(5);
      await decodings();
      const [path] = await cacheFiles('.json');
      await writeFile(path, text);
      expect((await decodings()).decoded).toBe(true);
    },
  );

  it('is shared by two that start at once', async () => {
    await putTwoClasses(20);
    const runs = await Promise.all([decodings(), decodings()]);
    expect(runs.filter(({ decoded }) => decoded)).toHaveLength(1);
    expect(runs[0].splits.test.hash).toBe(runs[1].splits.test.hash);
  });

  it('reports every image, and stops when asked to', async () => {
    await putTwoClasses(20);
    const controller = new AbortController();
    const onProgress = ({ done }: { done: number }) => done === 5 && controller.abort(new Error('enough'));
    await expect(open({ signal: controller.signal, onProgress })).rejects.toThrow('enough');
    expect(await readdir(join(cache, 'folders'))).toEqual([]);
    const seen: number[] = [];
    await open({
      onProgress: ({ done, total, unit }) => {
        expect([total, unit]).toEqual([40, 'images']);
        seen.push(done);
      },
    });
    expect(seen).toEqual(Array.from({ length: 41 }, (_, i) => i));
  });

  it('for which the disk has no room is refused before anything is decoded', async () => {
    await mkdir(cache);
    const facts = { label: 0, part: undefined, size: 1, mtimeMs: 0, ctimeMs: 0, identity: '' };
    const files = Array.from({ length: 1000 }, (_, i) => ({ path: `a/${i}.png`, ...facts }));
    const listing = { root, classNames: ['a'], hasParts: false, files, notes: [] };
    const shape = { height: 2 ** 20, width: 2 ** 20, channels: 3 };
    const decoding = decodeFolder(join(cache, 'x'), listing, [], shape, {
      onProgress: () => expect.unreachable(),
    });
    await expect(decoding).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringMatching(
        /no room.*3298\.5 TB, for 1,000 images of 1048576 × 1048576 pixels.*free.*HARRIER_CACHE/s,
      ),
    });
    expect(await readdir(cache)).toEqual([]);
  });

  it('that cannot be written is a sentence', async () => {
    await putTwoClasses(2);
    await writeFile(cache, '');
    await expect(open()).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining('HARRIER_CACHE'),
    });
  });
});

async function flipByte(path: string, keepTime: boolean): Promise<void> {
  const bytes = await readFile(path);
  bytes[300] ^= 1;
  const { atime, mtime } = await stat(path);
  await writeFile(path, bytes);
  await utimes(path, atime, keepTime ? mtime : new Date(mtime.getTime() + 1000));
}

describe('bad input', () => {
  const refusal = async (options: ImageFolderOptions = {}) => {
    const error = await open(options).catch((e) => e);
    expect(error).toMatchObject({ name: 'HarrierError' });
    return error as { code: string; message: string };
  };

  it('a missing folder', async () => {
    expect(await refusal()).toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(new RegExp(`${basename(root)}: there is no such folder`)),
    });
  });

  it('a file in place of a folder', async () => {
    await writeFile(root, 'x');
    expect((await refusal()).message).toMatch(
      /this is a file: expected a folder with one sub-folder of images per class/,
    );
    await expect(openDataset(root)).rejects.toThrow(/this is a file/);
  });

  it('an empty folder', async () => {
    await mkdir(root);
    expect((await refusal()).message).toMatch(
      /no usable classes: expected a sub-folder.*received no folders.*Sort the images/,
    );
  });

  it('one class', async () => {
    await put('cat/1.png', 1);
    expect((await refusal()).message).toMatch(
      /has one class: expected .*two classes or more.*received only "cat"/,
    );
  });

  it('a class without images', async () => {
    await putTwoClasses(2);
    await mkdir(join(root, 'bird'));
    expect((await refusal()).message).toMatch(
      /bird: the folder of this class is empty.*Add images, or remove the folder/,
    );
  });

  it('a train folder without test images', async () => {
    for (const path of ['train/a/1', 'train/b/1']) await put(`${path}.png`, 1);
    expect((await refusal()).message).toMatch(/there are no test images.*Add images/);
  });

  it('classes of copies: nothing can be set aside, unless all images may be in one part', async () => {
    for (let i = 0; i < 3; i++) {
      await put(`cat/${i}.png`, 20);
      await put(`dog/${i}.png`, 250);
    }
    expect((await refusal()).message).toMatch(
      /images-\d+: there are no test images: all images of each class are copies of each other, or hardly differ: .*Add images that differ/,
    );
    await expect(open({ groupBy: '^(cat|dog)/' })).rejects.toThrow(
      /all images of each class are of one group: .*Add images of other groups, or a test part/,
    );
    const { train, test } = await open({ pooled: 'if-needed' });
    expect([train.size, test.size]).toEqual([6, 6]);
    await put('cat/4.png', 200);
    const split = await open({ pooled: 'if-needed' });
    expect(split.train.size + split.test.size).toBe(7);
  });

  it('damaged images, text and empty files: the first is named, all are counted', async () => {
    await putTwoClasses(4);
    const whole = await readFile(join(root, 'cat', '0.png'));
    await writeFile(join(root, 'cat', 'cut.png'), whole.subarray(0, whole.length / 2));
    await writeFile(join(root, 'cat', 'text.jpg'), 'a story about cats');
    await writeFile(join(root, 'dog', 'empty.png'), '');
    const error = await refusal();
    expect(error.code).toBe('bad-data');
    expect(error.message).toContain(join(root, 'cat', 'cut.png'));
    expect(error.message).toMatch(
      /3 files of 11 cannot be used; the first of them: the image is damaged or cut off.*skip them/,
    );

    // With skipBad they are listed, and what was decoded before is used.
    let decoded = false;
    const { train, test, skipped } = await open({
      skipBad: true,
      onProgress: () => {
        decoded = true;
      },
    });
    expect(decoded).toBe(false);
    expect(train.size + test.size).toBe(8);
    expect(skipped.map(({ file }) => file)).toEqual([
      join(root, 'cat', 'cut.png'),
      join(root, 'cat', 'text.jpg'),
      join(root, 'dog', 'empty.png'),
    ]);
    expect(skipped[1].reason).toMatch(/^not an image: expected PNG.*received text beginning "a story/);
    expect(await refusal()).toMatchObject({ code: 'bad-data' });
  });

  it('a class of which nothing is left', async () => {
    await putTwoClasses(2);
    await mkdir(join(root, 'bird'));
    await writeFile(join(root, 'bird', '1.png'), 'no bird');
    expect((await refusal({ skipBad: true })).message).toMatch(/no image of the class "bird" can be used/);
  });
});

describe('previewImage', () => {
  it('is a PNG with a row per class', async () => {
    await putTwoClasses(12);
    await put('dangerous <&> "name"/1.png', 3);
    const { train } = await open();
    const png = await previewImage(train, { perClass: 5 });
    const { format, width, height } = await sharp(png).metadata();
    expect(format).toBe('png');
    expect(height).toBeGreaterThan(3 * 64);
    expect(width).toBeGreaterThan(5 * 64);
    // The first image of a class is there, enlarged.
    const first = numbers(train)[0];
    const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    let matching = 0;
    for (let i = 0; i < data.length; i += info.channels) {
      if (data[i] === first % 256 && data[i + 1] === Math.floor(first / 256) && data[i + 2] === 77)
        matching++;
    }
    expect(matching).toBe(64 * 64);
    const short = await sharp(await previewImage(train, { perClass: 5, maxClasses: 1 })).metadata();
    expect(short.height).toBeLessThan(height);
  });
});
