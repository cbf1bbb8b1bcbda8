/** Labels as people have them: columns of other names, labels in file names, chosen and merged classes. */
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeImage } from '../../../../test/cli/harrier.ts';
import type { Dataset } from '../../../data/dataset.ts';
import { evaluationImages } from './evaluation-images.ts';
import { CORRECTIONS_FILE, writeCorrections } from './label-corrections.ts';
import { listImages } from './list-images.ts';
import { type OpenDatasetOptions, openDataset } from './open-dataset.ts';
import { hasSeveralLabels } from './several-labels.ts';

let folder: string;
const NAMES = ['ant', 'bee', 'wasp'];
const at = (name: string) => join(folder, name);
const open = (path: string, options: OpenDatasetOptions = {}) =>
  openDataset(at(path), { cacheDirectory: at('cache'), ...options });
const table = async (
  name: string,
  head: string,
  line: (stem: string, label: number, i: number) => string,
) => {
  const lines = NAMES.flatMap((_, label) =>
    Array.from({ length: 12 }, (__, i) => line(`${label}-${i}`, label, i)),
  );
  await writeFile(at(name), [head, ...lines].join('\n'));
};

/** Images with their classes, by file names alone. */
function labelled(...datasets: readonly Dataset[]): string[] {
  return datasets
    .flatMap((dataset) =>
      Array.from(
        dataset.labels,
        (label, i) => `${dataset.describe(i).split('/').at(-1)} ${dataset.classNames[label]}`,
      ),
    )
    .sort();
}
const EXPECTED = NAMES.flatMap((name, label) =>
  Array.from({ length: 12 }, (_, i) => `${label}-${i}.png ${name}`),
).sort();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-labels-'));
  for (const [label, name] of NAMES.entries()) {
    for (let i = 0; i < 12; i++) {
      await writeImage(at(`folders/${name}/${label}-${i}.png`), 8, label, 12 * label + i, 120);
      await cp(at(`folders/${name}/${label}-${i}.png`), at(`photos/${label}-${i}.png`));
      await cp(at(`folders/${name}/${label}-${i}.png`), at(`flat/${name}.${i}.png`));
    }
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('columns of other names', () => {
  it('are read where they are named, in tables and JSON Lines', async () => {
    await table(
      'named.csv',
      'n,Image Name,which,part of',
      (stem, label, i) => `${i},photos/${stem}.png,${NAMES[label]},${i % 3 ? 'train' : 'test'}`,
    );
    const columns = { image: 'image_name', label: 'which', split: 'part of' };
    const { train, test } = await open('named.csv', { columns });
    expect(labelled(train, test)).toEqual(EXPECTED);
    expect([train.size, test.size]).toEqual([24, 12]);
    await table('named.jsonl', '', (stem, label) =>
      JSON.stringify({ photo_of: `photos/${stem}.png`, label: 'none', kind: NAMES[label] }),
    );
    const lines = await open('named.jsonl', { columns: { image: 'photo_of', label: 'kind' } });
    expect(labelled(lines.train, lines.test)).toEqual(EXPECTED);
    await table(
      'grouped.csv',
      'image_name,species,Camera',
      (stem, label, i) => `photos/${stem}.png,${NAMES[label]},camera ${i % 4}`,
    );
    const { groups } = await listImages(at('grouped.csv'), { columns: { group: 'camera' } });
    expect(new Set(groups).size).toBe(4);
  });

  it.each([
    ['image_name,breed', 'photos/'],
    ['id,species', ''],
    ['name,label', ''],
    ['fname,colour,category_name', 'photos/', 'red,'],
  ])('are understood without being named: %s', async (head, before, between = '') => {
    await table('usual.csv', head, (stem, label) => `${before}${stem}.png,${between}${NAMES[label]}`);
    const { train, test } = await open('usual.csv');
    expect(labelled(train, test)).toEqual(EXPECTED);
  });

  it('are asked for with what to type', async () => {
    await table(
      'asked.csv',
      'number,shot,colour,kind of',
      (stem, label, i) => `${label * 12 + i},photos/${stem}.png,${i},${NAMES[label]}`,
    );
    const where = `${at('asked.csv')}, line 1: no column says which file is meant`;
    const expected = 'columns "file" and "label", and if wanted "split" and "group"';
    const rename = 'or rename "shot" to "file" and "kind of" to "label".';
    await expect(open('asked.csv')).rejects.toThrow(
      `${where}: expected ${expected}, received number, shot, colour, kind of. If that is it, add --columns 'image=shot,label=kind of', ${rename}`,
    );
    await expect(open('asked.csv', { columns: { label: 'kind off' } })).rejects.toThrow(
      'asked.csv: there is no column "kind off". Did you mean "kind of"? There are: number, shot, colour, kind of.',
    );
    // Two that may be meant are not chosen between.
    await table('two.csv', 'file,species,breed', (stem) => `photos/${stem}.png,a,b`);
    await expect(open('two.csv')).rejects.toThrow('no column says which label is meant');
    await expect(open('folders', { columns: { label: 'kind' } })).rejects.toThrow(
      'folders: there is no list whose columns could be named: expected one beside the images, such as labels.csv',
    );
    await expect(openDataset('mnist', { classes: ['1', '2'] })).rejects.toThrow(
      'mnist: the classes of this data set are fixed. Leave the option out',
    );
  });

  it('may name images without their endings and folders, where one file alone is meant', async () => {
    await table('stems.csv', 'image_id,label', (stem, label) => `${stem},${NAMES[label]}`);
    await mkdir(at('kaggle'));
    await cp(at('stems.csv'), at('kaggle/train.csv'));
    await cp(at('photos'), at('kaggle/train'), { recursive: true });
    const { train, test, notes } = await open('kaggle/train.csv');
    expect(labelled(train, test)).toEqual(EXPECTED);
    expect(notes).toContain(
      `${at('kaggle/train.csv')}: 36 files were found in the folder "train" beside it.`,
    );
    await cp(at('photos/0-3.png'), at('kaggle/train/0-3.jpeg'));
    await expect(open('kaggle/train.csv')).rejects.toThrow(
      'train.csv, line 5: several files may be meant: expected one file called "0-3", received train/0-3.jpeg, train/0-3.png. Name the file',
    );
    await rm(at('kaggle/train/0-3.jpeg'));
    await cp(at('photos'), at('kaggle/copy'), { recursive: true });
    await expect(open('kaggle/train.csv')).rejects.toThrow('received copy/0-0.png, train/0-0.png');
    await writeFile(at('gone.csv'), 'file,label\nphotos/0-0,ant\nphotos/none,bee\n');
    await expect(open('gone.csv')).rejects.toThrow('1 of the 2 files that it names is missing');
  });
});

describe('labels in file names', () => {
  const labelBy = '/(\\w+)\\.\\d+\\.png$';

  it('are classes like folders: the same images are test images', async () => {
    const plain = await open('folders');
    const { train, test, notes = [] } = await open('flat', { labelBy });
    expect(train.classNames).toEqual(NAMES);
    expect([train.hash, test.size]).toEqual([plain.train.hash, plain.test.size]);
    expect(notes).toContain(`${at('flat')}: 3 classes by "${labelBy}": ant, bee, wasp.`);
    const from = await open('flat', { labelBy: '^(\\w+)\\.' });
    expect(from.train.hash).toBe(train.hash);
  });

  it('do not change where an image is added in a folder', async () => {
    await cp(at('flat'), at('grown'), { recursive: true });
    const before = await open('grown', { labelBy });
    await cp(at('flat/ant.0.png'), at('grown/new/bee.77.png'));
    const after = await open('grown', { labelBy });
    expect(after.train.size + after.test.size).toBe(37);
    expect(labelled(after.test).filter((line) => !line.startsWith('bee.77'))).toEqual(labelled(before.test));
    await expect(open('flat', { labelBy: '(ant|bee|)\\.\\d+' })).rejects.toThrow(
      '12 of 36 images have paths that do not match',
    );
  });

  it('may lie in folders of parts', async () => {
    for (const name of await readdir(at('flat'))) {
      await cp(at(`flat/${name}`), at(`parted/${/\.[0-3]\./.test(name) ? 'test' : 'train'}/${name}`));
    }
    await cp(at('flat/ant.0.png'), at('parted/unlabeled/what.png'));
    const { train, test } = await open('parted', { labelBy });
    expect([train.size, test.size]).toEqual([24, 12]);
    await cp(at('flat/ant.0.png'), at('parted/test/fly.9.png'));
    await expect(open('parted', { labelBy })).rejects.toThrow('no training image is of the class "fly"');
  });

  it('say which paths do not match; these are left out when told so', async () => {
    await cp(at('flat'), at('odd'), { recursive: true });
    await cp(at('flat/ant.0.png'), at('odd/IMG_1.png'));
    await cp(at('flat/ant.1.png'), at('odd/IMG_2.png'));
    await expect(open('odd', { labelBy })).rejects.toThrow(
      `${labelBy}: 2 of 38 images have paths that do not match, such as IMG_1.png. Correct the expression, or have such images left out.`,
    );
    const { train, test, notes } = await open('odd', { labelBy, skipBad: true });
    expect(train.size + test.size).toBe(36);
    expect(notes).toContain(`${at('odd')}: 2 images of 38 do not match and are left out, such as IMG_1.png.`);
  });

  it.each<[OpenDatasetOptions, string]>([
    [{ labelBy: '(' }, 'this is not a regular expression'],
    [{ labelBy: 'ant' }, 'ant: this expression names no class: expected a capture in parentheses'],
    [
      { labelBy: '(cow)' },
      '(cow): this expression finds a class in no path: received paths such as ant.0.png',
    ],
    [
      { labelBy: '(ant)', skipBad: true },
      '"(ant)" finds classes that cannot be learned: expected 2 to 65,536',
    ],
    [{ labelBy, multiLabel: true }, '--label-by and --multi-label cannot be combined'],
  ])('are refused where they are none: %o', async (options, message) => {
    await expect(open('flat', options)).rejects.toThrow(message);
  });
});

describe('chosen and merged classes', () => {
  it('leave test images test images', async () => {
    const whole = await open('folders');
    const tested = labelled(whole.test).map((line) => line.split(' ')[0]);
    const merge = { flier: ['bee', 'wasp'] };
    const merged = await open('folders', { merge });
    expect(merged.train.classNames).toEqual(['ant', 'flier']);
    const images = labelled(merged.test).map((line) => line.split(' ')[0]);
    expect(images).toEqual(tested);
    expect(labelled(merged.train, merged.test)).toEqual(
      EXPECTED.map((line) => line.replace(/bee|wasp/, 'flier')).sort(),
    );
    const some = await open('folders', { classes: ['wasp', 'ant'] });
    expect(some.train.classNames).toEqual(['ant', 'wasp']);
    expect(labelled(some.test)).toEqual(labelled(whole.test).filter((line) => !line.endsWith('bee')));
    expect(some.notes).toContain(
      `${at('folders')}: only ant, wasp (24 of 36 images, as the others are of other classes).`,
    );
    const both = await open('folders', { merge, classes: ['flier', 'ant'] });
    expect([both.train.hash, both.test.hash]).toEqual([merged.train.hash, merged.test.hash]);
  });

  it('keep what was decoded of each choice, and never take one for another', async () => {
    const memoryBytes = 1;
    const merges = [
      { x: ['ant', 'bee'], y: ['wasp'] },
      { x: ['ant', 'wasp'], y: ['bee'] },
    ];
    const hashes = new Set<string>();
    for (const merge of [...merges, ...merges]) {
      hashes.add((await open('folders', { merge, memoryBytes })).train.hash);
    }
    expect(hashes.size).toBe(2);
  });

  it('keep groups, times and parts of a list beside their images', async () => {
    await table(
      'sorted.csv',
      'file,label,group,time,split',
      (stem, label, i) =>
        `photos/${stem}.png,${NAMES[label]},${NAMES[label]} ${i},${label * 100 + i},${i % 2 ? 'train' : 'test'}`,
    );
    const merge = { ant: ['wasp'] };
    const listing = await listImages(at('sorted.csv'), { merge, classes: ['ant', 'bee'], withTimes: true });
    expect(listing.files.map(({ part, label }) => `${part} ${label}`)).toEqual([
      ...['test 0', 'test 1', 'train 0', 'train 1'].flatMap((each) =>
        new Array(each.endsWith('0') ? 12 : 6).fill(each),
      ),
    ]);
    for (const [slot, { path }] of listing.files.entries()) {
      const [, label, i] = /(\d)-(\d+)\.png$/.exec(path)!.map(Number);
      expect([listing.groups![slot], listing.times![slot]]).toEqual([
        `${NAMES[label]} ${i}`,
        label * 100 + i,
      ]);
    }
  });

  it('have the label corrections of what they are made of', async () => {
    await writeCorrections(at('folders'), {
      'ant/0-1.png': { label: 'wasp' },
      'bee/1-1.png': { label: 'wasp' },
      'bee/1-2.png': { label: 'ant' },
    });
    const merged = await open('folders', { merge: { flier: ['bee', 'wasp'] } });
    const some = await open('folders', { classes: ['ant', 'bee'] });
    await rm(at(`folders/${CORRECTIONS_FILE}`));
    const found = labelled(merged.train, merged.test);
    expect(found).toEqual(expect.arrayContaining(['0-1.png flier', '1-1.png flier', '1-2.png ant']));
    const others = labelled(some.train, some.test);
    expect(others).toContain('1-2.png ant');
    // Of a class that is not used.
    expect(others.join()).not.toMatch(/0-1\.png|1-1\.png/);
    expect([merged.notes, some.notes].flat().join()).not.toContain('correction');
  });

  it.each<[OpenDatasetOptions, string]>([
    [{ classes: ['ant', 'bea'] }, 'there is no class "bea". Did you mean "bee"? There are: ant, bee, wasp.'],
    [{ classes: ['ant'] }, 'one class is left, and a model needs two or more: received only "ant"'],
    [{ merge: { all: ['ant', 'bee', 'wasp'] } }, 'one class is left'],
    [{ merge: { flier: ['bee', 'wsp'] } }, 'there is no class "wsp". Did you mean "wasp"?'],
    [{ merge: { a: ['bee'], b: ['bee'] } }, '"bee" is in two merged classes, "a" and "b"'],
    [{ merge: { bee: ['ant'], b: ['bee'] } }, '"ant" is merged into "bee", which is itself merged into "b"'],
    [{ merge: { flier: ['bee', 'wasp'] }, classes: ['ant', 'bee'] }, 'there is no class "bee"'],
  ])('are refused: %o', async (options, message) => {
    await expect(open('folders', options)).rejects.toThrow(message);
  });

  it('of a run are found again in the same data in another form', async () => {
    const { train, test } = await open('folders');
    await table('plain.csv', 'file,label', (stem, label) => `photos/${stem}.png,${NAMES[label]}`);
    await table('other.csv', 'photo,kind of', (stem, label) => `photos/${stem}.png,${NAMES[label]}`);
    const own = {
      'plain.csv': {},
      'other.csv': { columns: { image: 'photo', label: 'kind of' } },
      flat: { labelBy: '/(\\w+)\\.\\d+\\.png$' },
    };
    for (const [ran, rules] of Object.entries(own)) {
      const known = {
        path: at(ran),
        rules: 2,
        options: { seed: 1, ...rules },
        testHash: test.hash,
        trainHash: train.hash,
      } as const;
      for (const [data, otherRules] of Object.entries(own)) {
        const given = data === ran ? {} : otherRules;
        const { which } = await evaluationImages(at(data), known, { cacheDirectory: at('cache'), ...given });
        expect(which, `${data} by a run on ${ran}`).toMatch(/the test images that training set aside$/);
      }
    }
  });

  it('are those of a run where its model is evaluated, on its own images and on others', async () => {
    const merge = { flier: ['bee', 'wasp'] };
    const cacheDirectory = at('cache');
    const { train, test } = await open('folders', { merge });
    const options = { seed: 1, merge };
    const known = {
      path: at('folders'),
      rules: 2,
      options,
      testHash: test.hash,
      trainHash: train.hash,
    } as const;
    const own = await evaluationImages(at('folders'), known, { cacheDirectory });
    expect(own.dataset.hash).toBe(test.hash);
    await cp(at('folders'), at('moved'), { recursive: true });
    const moved = await evaluationImages(at('moved'), { ...known, path: at('folders') }, { cacheDirectory });
    expect(moved.dataset.hash).toBe(test.hash);
    await cp(at('folders/ant'), at('others/ant'), { recursive: true });
    await cp(at('folders/bee'), at('others/flier'), { recursive: true });
    const others = await evaluationImages(at('others'), known, { cacheDirectory });
    expect([others.part, others.dataset.classNames]).toEqual(['all', ['ant', 'flier']]);
    // Without one of the classes, and with labels in a list.
    await table(
      'other.csv',
      'file,label',
      (stem, label) => `photos/${stem}.png,${NAMES[label].replace('wasp', 'ant')}`,
    );
    const named = { ...known, options: { ...options, labelBy: '(\\w+)/', classes: ['ant', 'flier'] } };
    const list = await evaluationImages(at('other.csv'), named, { cacheDirectory });
    expect([list.dataset.size, list.dataset.classNames]).toEqual([36, ['ant', 'flier']]);
    const given = await evaluationImages(at('folders'), {}, { cacheDirectory, classes: ['bee'] });
    expect(given.dataset.classNames).toEqual(['bee']);
  });
});

describe('labels that are columns of 0 and 1', () => {
  const bits = (label: number, i: number) => [label === 0, label > 0 && i % 2 === 0, label === 2].map(Number);

  it('are labels of any number where no column has labels', async () => {
    await table('_classes.csv', 'filename, ant, person, wasp', (stem, label, i) =>
      [`photos/${stem}.png`, ...bits(label, i)].join(', '),
    );
    await table('lists.csv', 'file,tags', (stem, label, i) =>
      [
        `photos/${stem}.png`,
        ['ant', 'person', 'wasp'].filter((_, place) => bits(label, i)[place]).join(';'),
      ].join(','),
    );
    const multiLabel = true;
    const plain = await open('lists.csv', { multiLabel });
    const { train, test } = await open('_classes.csv', { multiLabel });
    expect([train.classNames, train.hash, test.hash]).toEqual([
      ['ant', 'person', 'wasp'],
      plain.train.hash,
      plain.test.hash,
    ]);
    expect(await hasSeveralLabels(at('_classes.csv'))).toBe(true);
    const merged = await open('_classes.csv', { multiLabel, merge: { insect: ['ant', 'wasp'] } });
    expect(merged.train.classNames).toEqual(['insect', 'person']);
    const insects = merged.train.tags!.filter((_, i) => i % 2 === 0).reduce((sum, tag) => sum + tag, 0);
    const isInsect = (i: number) => !merged.train.describe(i).includes('/1-');
    expect(insects).toBe([...merged.train.labels.keys()].filter(isInsect).length);
    const one = await open('_classes.csv', { multiLabel, classes: ['person'] });
    expect([one.train.size, one.train.classNames]).toEqual([train.size, ['person']]);
  });

  it('are pointed out where they are not asked for, and must be all', async () => {
    await expect(open('_classes.csv')).rejects.toThrow(
      'The columns ant, person, wasp hold 0 and 1: if they are labels, add --multi-label.',
    );
    await table('true.jsonl', '', (stem, label) =>
      JSON.stringify({ file: `photos/${stem}.png`, ant: label === 0, bee: label === 1 }),
    );
    expect((await open('true.jsonl', { multiLabel: true })).train.classNames).toEqual(['ant', 'bee']);
    await table(
      'sizes.csv',
      'file,ant,size',
      (stem, label, i) => `photos/${stem}.png,${Number(label === 0)},${i}`,
    );
    await expect(open('sizes.csv', { multiLabel: true })).rejects.toThrow(
      'no column says which label is meant',
    );
  });
});
