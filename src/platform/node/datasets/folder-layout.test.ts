import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { listImageFolder } from './folder-listing.ts';
import { partNamed } from './part-names.ts';

let folder: string;
let root: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-layout-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(() => {
  root = join(folder, `data-${count++}`);
});

/** Empty files: to list them, nothing is read. */
async function put(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), '');
  }
}

const classesIn = (...parts: string[]) => parts.flatMap((part) => [`${part}/cat/1.png`, `${part}/dog/2.png`]);
const refusal = async () => {
  const error = await listImageFolder(root).catch((e) => e);
  expect(error).toMatchObject({ name: 'HarrierError', code: 'bad-data' });
  return error.message as string;
};

describe('names of parts', () => {
  it.each<[string, string | undefined]>([
    ['train', 'train'],
    ['Train', 'train'],
    ['training_set', 'train'],
    ['TrainingSet', 'train'],
    ['seg_train', 'train'],
    ['train2017', 'train'],
    ['TEST', 'test'],
    ['test images', 'test'],
    ['hold-out', undefined],
    ['held_out', 'test'],
    ['eval', 'validation'],
    ['dev', 'validation'],
    ['Validation Data', 'validation'],
    ['unlabeled', 'unused'],
    ['cat', undefined],
    ['trainer', undefined],
    ['test rig', undefined],
    ['data', undefined],
    ['2017', undefined],
  ])('%s', (name, part) => {
    expect(partNamed(name)).toBe(part);
  });
});

describe('layouts that are known', () => {
  it.each([
    ['train', 'test'],
    ['Train', 'Test'],
    ['training_set', 'test_set'],
    ['train', 'eval'],
    ['train', 'dev'],
    ['TRAINING', 'Validation'],
  ])('%s and %s', async (first, second) => {
    await put(...classesIn(first, second));
    const { classNames, files, hasParts, notes } = await listImageFolder(root);
    expect([classNames, hasParts, notes]).toEqual([['cat', 'dog'], true, []]);
    expect(files.map(({ part }) => part === 'train')).toEqual([true, true, false, false]);
  });

  it('images beside the parts are named, and not used', async () => {
    await put(
      ...classesIn('train', 'test'),
      'unlabeled/1.png',
      'unlabeled/2.png',
      'extra/cat/3.png',
      '4.png',
    );
    const { files, notes } = await listImageFolder(root);
    expect(files).toHaveLength(4);
    expect(notes).toEqual([
      `${root}/extra (folders cat) is no part of the data (train, test, validation): it is not used.`,
      `${root}/unlabeled holds 2 images in no class folder: they are not used.`,
      `${root} holds 1 image in no class folder: it is not used.`,
    ]);
  });

  it('test images in no class folder are named, and not used', async () => {
    await put(...classesIn('train'), 'test/1.png');
    const { files, notes } = await listImageFolder(root);
    expect(files).toHaveLength(2);
    expect(notes).toEqual([`${root}/test holds 1 image in no class folder: it is not used.`]);
  });

  it('a data set one folder deeper, with its parts or without', async () => {
    await put(...classesIn('photos/inner'));
    expect((await listImageFolder(root)).notes).toEqual([
      `${root}: the data set is taken to be the folder photos/inner.`,
    ]);
    await put(
      ...classesIn('photos/inner/train', 'photos/inner/test').map((path) => path.replace('inner/', 'in/')),
    );
    await rm(join(root, 'photos', 'inner'), { recursive: true });
    const { hasParts, classNames } = await listImageFolder(root);
    expect([hasParts, classNames]).toEqual([true, ['cat', 'dog']]);
  });

  it('parts that repeat their name', async () => {
    await put(...classesIn('seg_train/seg_train', 'seg_test/seg_test'), 'seg_pred/seg_pred/1.png');
    const { classNames, files } = await listImageFolder(root);
    expect([classNames, files.length]).toEqual([['cat', 'dog'], 4]);
  });

  it('classes called valid and invalid, or train and boat', async () => {
    await put('valid/1.png', 'invalid/2.png');
    expect((await listImageFolder(root)).classNames).toEqual(['invalid', 'valid']);
  });

  it('one class in two Unicode forms', async () => {
    await put('train/caf\u00e9/1.png', 'train/dog/2.png', 'test/cafe\u0301/3.png', 'test/dog/4.png');
    const { classNames, files } = await listImageFolder(root);
    expect(classNames).toEqual(['caf\u00e9', 'dog']);
    expect(files.map(({ label }) => label)).toEqual([0, 1, 0, 1]);
    expect((await listImageFolder(join(root, 'test'), { rawNames: true })).classNames[0]).toBe('cafe\u0301');
  });

  it('what systems leave is not of it', async () => {
    await put(...classesIn('train', 'test'), 'train/cat/@eaDir/1.png/thumb.jpg', '$RECYCLE.BIN/1.png');
    await put(
      'System Volume Information/1.png',
      'train/dog/Thumbs.db',
      'train/dog/._2.png',
      '#recycle/a/1.png',
    );
    const { files, notes } = await listImageFolder(root);
    expect([files.length, notes]).toEqual([4, []]);
  });
});

describe('layouts that can be understood in two ways', () => {
  it.each<[string, string[], RegExp]>([
    [
      'images right in train and test',
      ['train/1.png', 'test/2.png'],
      /"test", "train" are parts.*received test \(1 image\), train \(1 image\)/,
    ],
    [
      'a test folder beside classes',
      ['cat/1.png', 'dog/1.png', 'test/1.png'],
      /"test" is a part of a data set, and no class/,
    ],
    [
      'a sorted train folder beside another',
      [...classesIn('train'), 'boat/1.png'],
      /"train" may be a part of a data set, or one of its classes/,
    ],
    ['parts without training', classesIn('test', 'val'), /there is no part to train with/],
    [
      'parts inside of classes',
      ['cat/train/1.png', 'cat/test/2.png', 'dog/train/3.png', 'dog/test/4.png'],
      /the parts of a data set lie inside/,
    ],
    [
      'a data set beside examples',
      [...classesIn('Dataset'), 'Examples/1.png'],
      /received Dataset \(folders cat, dog\), Examples \(1 image\).*Dataset\?/,
    ],
    ['two sets of the same classes', classesIn('site A', 'site B'), /hold the same folders \(cat, dog\)/],
    [
      'two training folders',
      classesIn('train', 'training', 'test'),
      /"train" and "training" are both folders for the train images/,
    ],
  ])('%s', async (_, paths, message) => {
    await put(...paths);
    expect(await refusal()).toMatch(message);
  });

  it('for an evaluation one class, or a test folder alone, is enough', async () => {
    await put('cat/1.png');
    expect((await listImageFolder(root, { purpose: 'evaluation' })).classNames).toEqual(['cat']);
    await rm(root, { recursive: true });
    await put(...classesIn('test'));
    const { files } = await listImageFolder(root, { purpose: 'evaluation' });
    expect(files.map(({ part }) => part)).toEqual(['test', 'test']);
  });

  it.skipIf(process.platform === 'win32' || process.platform === 'darwin')(
    'a folder whose name is not UTF-8',
    async () => {
      await put('cat/1.png', 'dog/2.png');
      await mkdir(Buffer.concat([Buffer.from(`${root}/caf`), Buffer.from([0xe9])]));
      expect(await refusal()).toMatch(/caf\\xE9: the name of this folder is not UTF-8.*Rename the folder\./);
    },
  );
});
