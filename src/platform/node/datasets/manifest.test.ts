import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeImage } from '../../../../test/cli/harrier.ts';
import { evaluationImages } from './evaluation-images.ts';
import { imageFolder } from './image-folder.ts';
import { CORRECTIONS_FILE, writeCorrections } from './label-corrections.ts';
import { readManifest } from './manifest.ts';

let folder: string;
const LABELS = ['ant', 'bee', 'Käfer'];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-manifest-'));
  await mkdir(join(folder, 'photos', 'a, b'), { recursive: true });
  for (let label = 0; label < 3; label++) {
    for (let i = 0; i < 12; i++) await writeImage(join(folder, 'photos', `${label}-${i}.png`), 8, label, i);
  }
  await writeImage(join(folder, 'photos', 'a, b', 'x.png'), 8, 0, 50);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const rows = Array.from({ length: 36 }, (_, i) => ({
  file: `photos/${Math.floor(i / 12)}-${i % 12}.png`,
  label: LABELS[Math.floor(i / 12)],
}));

async function list(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

const open = (path: string, options = {}) =>
  imageFolder(path, { cacheDirectory: join(folder, 'cache'), ...options });

describe('a list of images', () => {
  it('is a data set like a folder: labels by name, a test part by content', async () => {
    const csv = await list(
      'labels.csv',
      ['file,label', ...rows.map((row) => `${row.file},${row.label}`)].join('\n'),
    );
    const { train, test } = await open(csv);
    expect(train.classNames).toEqual(['Käfer', 'ant', 'bee'].sort());
    expect(train.size + test.size).toBe(36);
    expect(test.size).toBeGreaterThan(0);
    for (const dataset of [train, test]) {
      for (let i = 0; i < dataset.size; i++) {
        const number = Number(/(\d)-\d+\.png$/.exec(dataset.describe(i))![1]);
        expect(dataset.classNames[dataset.labels[i]]).toBe(LABELS[number]);
      }
    }
    const again = await open(csv);
    expect([again.train.hash, again.test.hash]).toEqual([train.hash, test.hash]);
  });

  it('is evaluated with the label corrections that lie beside it', async () => {
    const csv = await list(
      'all.csv',
      ['file,label', ...rows.map((row) => `${row.file},${row.label}`)].join('\n'),
    );
    await writeCorrections(folder, {
      'photos/0-3.png': { label: 'bee' },
      'photos/1-4.png': { excluded: true },
    });
    const { dataset } = await evaluationImages(csv, {}, { cacheDirectory: join(folder, 'cache') });
    await rm(join(folder, CORRECTIONS_FILE));
    const labels = new Map(
      Array.from(dataset.labels, (label, i) => [dataset.describe(i), dataset.classNames[label]]),
    );
    expect(labels.size).toBe(35);
    expect(labels.get(join(folder, 'photos/0-3.png'))).toBe('bee');
    expect(labels.get(join(folder, 'photos/0-4.png'))).toBe('ant');
  });

  it.each<[string, string, string]>([
    [
      'semicolons, quotes and another order',
      'a.csv',
      ['label;file_name', ...rows.map((row) => `"${row.label}";"${row.file}"`)].join('\r\n'),
    ],
    ['tabs', 'a.tsv', ['filename\tclass', ...rows.map((row) => `${row.file}\t${row.label}`)].join('\n')],
    [
      'a byte order mark and no names of columns',
      'b.csv',
      `\uFEFF${rows.map((row) => `${row.file},${row.label}`).join('\n')}`,
    ],
    [
      'JSON Lines',
      'a.jsonl',
      rows.map((row) => JSON.stringify({ image: row.file, label: row.label })).join('\n'),
    ],
    [
      'paths of Windows',
      'c.csv',
      ['file,label', ...rows.map((row) => `${row.file.replace('/', '\\')},${row.label}`)].join('\n'),
    ],
    [
      'absolute paths',
      'd.csv',
      ['file,label', ...rows.map((row) => `${'FOLDER'}/${row.file},${row.label}`)].join('\n'),
    ],
  ])('may have %s', async (_, name, content) => {
    const plain = await open(
      await list('plain.csv', ['file,label', ...rows.map((row) => `${row.file},${row.label}`)].join('\n')),
    );
    const { train, test } = await open(await list(name, content.replaceAll('FOLDER', folder)));
    expect([train.hash, test.hash]).toEqual([plain.train.hash, plain.test.hash]);
  });

  it('may have commas in quoted cells', async () => {
    const path = await list('comma.csv', 'file,label\n"photos/a, b/x.png","ant, red"\n');
    expect((await readManifest(path)).rows).toEqual([
      { file: 'photos/a, b/x.png', label: 'ant, red', line: 2 },
    ]);
  });

  it('may have commas in quoted names of columns, where semicolons separate them', async () => {
    const path = await list('quoted.csv', 'file;"ant, black";bee\nx.png;1;0\n');
    expect((await readManifest(path, { multiLabel: true })).rows[0].tags).toEqual(['ant, black']);
  });

  it('may begin with the line in which Excel says what separates the cells', async () => {
    const path = await list('told.csv', 'sep=;\r\nfile;label\r\nx, 1.png;ant\r\n');
    expect((await readManifest(path)).rows).toEqual([{ file: 'x, 1.png', label: 'ant', line: 3 }]);
  });

  it('means the same group, label and column by both Unicode forms of a name, with or without spaces', async () => {
    const lines = ['Jos\u00e9', 'Jose\u0301'].map((group, i) =>
      JSON.stringify({ Gr\u00f6\u00dfe: `x${i}.png`, label: i ? 'ant ' : 'ant', group }),
    );
    const path = await list('forms.jsonl', lines.join('\n'));
    const { rows } = await readManifest(path, { columns: { image: 'Gro\u0308\u00dfe' } });
    expect(rows.map(({ label, group }) => [label, group])).toEqual([
      ['ant', 'Jos\u00e9'],
      ['ant', 'Jos\u00e9'],
    ]);
  });

  it('may say which part each image is in', async () => {
    const parts = ['train', 'train', 'Validation', 'test'];
    const lines = rows.map((row, i) => `${row.file},${row.label},${parts[i % 4]}`);
    const { train, test, validation } = await open(
      await list('parts.csv', ['file,label,split', ...lines].join('\n')),
    );
    expect([train.size, validation?.size, test.size]).toEqual([18, 9, 9]);
  });

  it('says which images are of one group where all of them are evaluated on, too', async () => {
    const lines = rows.map((row, i) => `${row.file},${row.label},person ${i % 12}`);
    const csv = await list('evaluated.csv', ['file,label,group', ...lines].join('\n'));
    const { dataset } = await evaluationImages(csv, {}, { cacheDirectory: join(folder, 'cache') });
    const groups = new Map<string, Set<number>>();
    for (let i = 0; i < dataset.size; i++) {
      const person = /-(\d+)\.png$/.exec(dataset.describe(i))![1];
      groups.set(person, (groups.get(person) ?? new Set()).add(dataset.copies![i]));
    }
    expect([...groups.values()].map(({ size }) => size)).toEqual(new Array(12).fill(1));
  });

  it('says what another column says of each image, or an expression of its path, whatever else it says', async () => {
    const lines = rows.map(
      (row, i) => `${row.file},${row.label},person ${i % 12},${i % 3 === 2 ? '' : `cam ${i % 3}`}`,
    );
    const csv = await list('cameras.csv', ['file,label,group,Camera', ...lines].join('\n'));
    const valuesBy = async (path: string, by: string) => {
      const given = { cacheDirectory: join(folder, 'cache'), imageSize: 8 };
      const { dataset, values } = await evaluationImages(path, {}, { ...given, by });
      return Array.from({ length: dataset.size }, (_, i) => [
        dataset.describe(i).slice(folder.length + 1),
        values!.get(dataset.file!(i)),
      ]);
    };
    const cameras = rows.map(({ file }, i) => [file, i % 3 === 2 ? undefined : `cam ${i % 3}`]);
    expect((await valuesBy(csv, 'camera')).sort()).toEqual(cameras.sort());
    const jsonl = await list(
      'cameras.jsonl',
      rows.map((row, i) => JSON.stringify({ ...row, exif: { flash: i < 12 } })).join('\n'),
    );
    expect(new Set((await valuesBy(jsonl, 'exif')).map(([, value]) => value))).toEqual(
      new Set(['{"flash":true}', '{"flash":false}']),
    );
    // What says the group or the class may be asked for as well.
    expect((await valuesBy(csv, 'group'))[0][1]).toBe('person 0');
    expect((await valuesBy(csv, 'label')).map(([, value]) => value).slice(0, 12)).toEqual(
      new Array(12).fill('Käfer'),
    );
    const digits = await valuesBy(csv, '-(\\d)\\d?\\.png$');
    expect(digits.every(([file, value]) => file!.includes(`-${value}`))).toBe(true);
    await expect(valuesBy(csv, 'kamera')).rejects.toThrow(
      'there is no column "kamera". Did you mean "Camera"? There are: file, label, group, Camera.',
    );
    await expect(valuesBy(csv, '(nowhere)')).rejects.toThrow('this expression finds a value in no path');
    const bare = await list(
      'bare.csv',
      ['file,label,site', ...rows.map(({ file, label }) => `${file},${label},`)].join('\n'),
    );
    await expect(valuesBy(bare, 'site')).rejects.toThrow('the column "site" is empty');
  });

  it('takes columns of other names for parts where all their values are some', async () => {
    const lines = rows.map((row, i) => `${row.file},${row.label},${i % 5},${i % 4 ? 'train' : 'test'}`);
    const numbered = await list('fold.csv', ['file,label,fold,usage', ...lines].join('\n'));
    const { test, notes } = await open(numbered);
    expect(test.size).toBe(9);
    expect(notes).toContain(
      `${numbered}: the column "fold" is ignored, as it has other values than train, validation and test ("0").`,
    );
    const objects = rows.map((row, i) => JSON.stringify({ ...row, set: i % 5 }));
    const { train, notes: own } = await open(await list('set.jsonl', objects.join('\n')));
    expect(train.size).toBeGreaterThan(9);
    expect(own.join()).toContain('the column "set" is ignored');
  });

  it('keeps the images of a group on one side, and lets its name decide on which', async () => {
    const lines = rows.map((row, i) => `${row.file},${row.label},person ${i % 12}`);
    const { train, test } = await open(await list('groups.csv', ['file,label,group', ...lines].join('\n')));
    const persons = (dataset: typeof train) =>
      new Set(Array.from({ length: dataset.size }, (_, i) => /-(\d+)\.png$/.exec(dataset.describe(i))![1]));
    const [inTrain, inTest] = [persons(train), persons(test)];
    expect(inTrain.size + inTest.size).toBe(12);
    expect([...inTest].filter((person) => inTrain.has(person))).toEqual([]);
    expect(test.size).toBe(3 * inTest.size);
  });

  it('gives other labels when it is changed, though no image is', async () => {
    const content = (swapped: boolean) =>
      ['file,label', ...rows.map((row, i) => `${row.file},${swapped && i === 0 ? 'bee' : row.label}`)].join(
        '\n',
      );
    const memoryBytes = 1;
    const before = await open(await list('changed.csv', content(false)), { memoryBytes });
    const after = await open(await list('changed.csv', content(true)), { memoryBytes });
    expect([after.train.hash, after.test.hash]).not.toEqual([before.train.hash, before.test.hash]);
  });
});

describe('refused, in one sentence:', () => {
  it.each<[string, string, string | Uint8Array, RegExp]>([
    [
      'missing files',
      'm.csv',
      `file,label\nphotos/0-0.png,ant\nphotos/no.png,ant\ngone.png,bee\n`,
      /m\.csv: 2 of the 3 files that it names are missing: received photos\/no\.png \(line 3\), gone\.png \(line 4\)\. Paths are relative/,
    ],
    [
      'no label column',
      'n.csv',
      'file,colour\na.png,red\n',
      /n\.csv, line 1: no column says which label is meant: expected columns "file" and "label".*, received file, colour/,
    ],
    [
      'a misspelt label column',
      'r.csv',
      'image,lable\na.png,red\n',
      /r\.csv, line 1: no column says which label is meant: .*received image, lable\. If that is it, add --columns label=lable, or rename "lable" to "label"\./,
    ],
    ['an empty label', 'e.csv', 'file,label\nphotos/0-0.png,\n', /e\.csv, line 2: its label is empty/],
    [
      'another number of cells',
      'c.csv',
      'file,label\nphotos/a, b/x.png,ant\n',
      /c\.csv, line 2: this line has another number of cells than the first: expected 2, received 3/,
    ],
    [
      'a quote without end',
      'q.csv',
      'file,label\n"photos/0-0.png,ant\n',
      /q\.csv, line \d: this list is no table/,
    ],
    [
      'an unknown part',
      'p.csv',
      'file,label,split\nphotos/0-0.png,ant,maybe\n',
      /p\.csv, line 2: there is no such part: expected train, validation or test, received maybe/,
    ],
    [
      'parts for some images',
      's.csv',
      'file,label,split\nphotos/0-0.png,ant,train\nphotos/1-0.png,bee,\n',
      /s\.csv, line 3: some images have a split, and others none/,
    ],
    [
      'two labels of one image',
      't.csv',
      'file,label\nphotos/0-0.png,ant\nphotos/1-0.png,bee\nphotos/0-0.png,bee\n',
      /t\.csv, lines 2 and 4: one image has two labels .*photos\/0-0\.png: received ant and bee/,
    ],
    [
      'one class',
      'o.csv',
      'file,label\nphotos/0-0.png,ant\n',
      /o\.csv: these labels cannot be learned: .*received only "ant"/,
    ],
    [
      'a test label without training images',
      'u.csv',
      'file,label,split\nphotos/0-0.png,ant,train\nphotos/1-0.png,bee,train\nphotos/2-0.png,cow,test\n',
      /u\.csv, line 4: no training image has the label "cow"/,
    ],
    ['nothing', 'z.csv', '', /z\.csv: this list names no images/],
    [
      'another encoding',
      'l.csv',
      Buffer.from('file,label\nphotos/0-0.png,K\xE4fer\n', 'latin1'),
      /l\.csv: this list is not UTF-8\. Save it as UTF-8/,
    ],
    ['no JSON', 'j.jsonl', '{"file": "a.png"', /j\.jsonl, line 1: this line is no JSON object/],
  ])('%s', async (_, name, content, message) => {
    await expect(open(await list(name, content))).rejects.toThrow(message);
  });

  it('names files in either spelling of an accent', async () => {
    await writeImage(join(folder, 'photos', 'caf\u0065\u0301.png'), 8, 1, 51);
    const lines = [...rows.map((row) => `${row.file},${row.label}`), 'photos/caf\u00e9.png,bee'];
    const { train, test } = await open(await list('accents.csv', ['file,label', ...lines].join('\n')));
    expect(train.size + test.size).toBe(37);
  });

  it('but missing files are left out when told so, which is noted', async () => {
    const path = await list(
      'skip.csv',
      ['file,label', ...rows.map((row) => `${row.file},${row.label}`), 'gone.png,bee'].join('\n'),
    );
    const { train, test, notes } = await open(path, { skipBad: true });
    expect(train.size + test.size).toBe(36);
    expect(notes.join('\n')).toMatch(/skip\.csv: 1 file of 37 is missing and left out\./);
  });
});

describe('a list with times', () => {
  const timed = (time: (i: number) => string) =>
    ['file,label,date', ...rows.map((row, i) => `${row.file},${row.label},${time(i)}`)].join('\n');
  const dayOf = (i: number) => (i * 7) % 36;
  const date = (i: number) =>
    `2026-0${1 + Math.floor(dayOf(i) / 28)}-${`${1 + (dayOf(i) % 28)}`.padStart(2, '0')}`;
  const numberOf = (file: string) => rows.findIndex((row) => file.endsWith(row.file));

  it('is tested on its newest images where that is asked for, and otherwise by content', async () => {
    const csv = await list('dates.csv', timed(date));
    const { train, test } = await open(csv, { splitBy: 'time' });
    const days = (dataset: typeof train) =>
      Array.from(dataset.labels, (_, i) => dayOf(numberOf(dataset.describe(i))));
    expect(test.size).toBe(8);
    expect(Math.min(...days(test))).toBeGreaterThan(Math.max(...days(train)));
    expect([...train.times!].every((time) => time <= Date.UTC(2026, 1, 1))).toBe(true);
    const plain = await open(csv);
    expect([plain.test.hash === test.hash, plain.train.times]).toEqual([false, undefined]);
    // Numbers, and dates as cameras write them, have the same order.
    const numbers = await open(
      await list(
        'numbers.csv',
        timed((i) => `${dayOf(i)}`),
      ),
      { splitBy: 'time' },
    );
    const camera = (i: number) => `${date(i).replaceAll('-', ':')} 10:00:00`;
    const cameras = await open(await list('cameras.csv', timed(camera)), { splitBy: 'time' });
    expect([numbers.test.hash, cameras.test.hash]).toEqual([test.hash, test.hash]);
  });

  it('is refused for a new run where the times set no part apart, and the list names none', async () => {
    const years = (i: number) => `${i % 10 === 0 ? 2025 : 2026}`;
    const csv = await list('years.csv', timed(years));
    const split = { splitBy: 'time', isNew: true } as const;
    await expect(open(csv, split)).rejects.toThrow(
      /years\.csv: the newest images cannot be set apart for the test: expected about one image in five, newer than the others, received 3\d of 36 images/,
    );
    // A run that has this split keeps it.
    expect((await open(csv, { splitBy: 'time' })).test.size).toBeGreaterThan(18);
    const parted = timed(years)
      .split('\n')
      .map((line, i) => `${line},${i === 0 ? 'split' : i % 3 === 0 ? 'train' : 'test'}`);
    expect((await open(await list('parted.csv', parted.join('\n')), split)).test.size).toBe(24);
  });

  it('is refused where a time is missing, or cannot be read', async () => {
    const split = { splitBy: 'time' } as const;
    await expect(
      open(
        await list(
          'empty-time.csv',
          timed((i) => (i === 3 ? '' : date(i))),
        ),
        split,
      ),
    ).rejects.toThrow('empty-time.csv, line 5: its time is empty: expected a date such as 2026-11-28');
    await expect(
      open(
        await list(
          'bad-time.csv',
          timed(() => 'last spring'),
        ),
        split,
      ),
    ).rejects.toThrow(
      'bad-time.csv, line 2: its time cannot be read: expected a date such as 2026-11-28 or 2026-11-28 10:00:00, or a number, received last spring',
    );
  });
});

describe('a list with groups and parts', () => {
  it('is refused where a group is in two parts', async () => {
    const lines = rows.map(
      (row, i) => `${row.file},${row.label},${i % 4 === 0 ? 'test' : 'train'},p${i % 3}`,
    );
    const csv = await list('both.csv', ['file,label,split,group', ...lines].join('\n'));
    await expect(open(csv)).rejects.toThrow(
      /both\.csv: the group "p\d" is in two parts of the data: received \w+ \(photos/,
    );
  });
});

describe('a list of images with any number of labels', () => {
  const multiLabel = true;
  /** What images 0-i, 1-i and 2-i show. */
  const TAGS = ['ant;Käfer', ' bee ; ant;bee', ''];
  const lines = rows.map(({ file }, i) => `${file},${TAGS[Math.floor(i / 12)]}`);
  const named = (dataset: { tags?: Uint8Array; classNames: readonly string[] }, i: number) =>
    dataset.classNames
      .filter((_, label) => dataset.tags![i * dataset.classNames.length + label] === 1)
      .join(';');

  it('reads labels between semicolons, with or without names of columns, or as lists of JSON', async () => {
    const ends = [
      ['tags.csv', ['file,tags', ...lines].join('\n')],
      ['plain.csv', lines.join('\n')],
      [
        'country.csv',
        ['file;tags', ...rows.map(({ file }, i) => `${file};"${TAGS[Math.floor(i / 12)]}"`)].join('\n'),
      ],
      [
        'tags.jsonl',
        rows
          .map(({ file }, i) =>
            JSON.stringify({ file, labels: [['ant', 'Käfer'], ['bee', 'ant'], []][Math.floor(i / 12)] }),
          )
          .join('\n'),
      ],
    ] as const;
    const hashes = new Set<string>();
    for (const [name, text] of ends) {
      const { train, test } = await open(await list(name, text), { multiLabel });
      expect(train.classNames).toEqual(['Käfer', 'ant', 'bee'].sort());
      expect([train.size + test.size, test.size > 0]).toEqual([36, true]);
      for (const dataset of [train, test]) {
        for (let i = 0; i < dataset.size; i++) {
          const number = Number(/(\d)-\d+\.png$/.exec(dataset.describe(i))![1]);
          expect(named(dataset, i)).toBe(
            ['Käfer;ant', 'ant;bee', ''].map((each) => each.split(';').sort().join(';'))[number],
          );
        }
      }
      hashes.add(train.hash);
    }
    expect(hashes.size).toBe(1);
  });

  it('may have one label alone, and says which labels only other parts have', async () => {
    const one = await list(
      'one.csv',
      ['file,tags', ...rows.map(({ file }, i) => `${file},${i % 2 ? 'ant' : ''}`)].join('\n'),
    );
    expect((await open(one, { multiLabel })).train.classNames).toEqual(['ant']);
    const parts = rows.map(
      ({ file }, i) => `${file},${i === 30 ? 'ant;wasp' : 'ant'},${i < 24 ? 'train' : 'test'}`,
    );
    const other = await list('parts.csv', ['file,tags,split', ...parts].join('\n'));
    await expect(open(other, { multiLabel })).rejects.toThrow(
      'parts.csv, line 32: no training image has the label "wasp"',
    );
    const twice = await list('twice.csv', ['file,tags', ...lines, `${rows[0].file},bee`].join('\n'));
    await expect(open(twice, { multiLabel })).rejects.toThrow(
      'one image is listed twice, with other labels or in another part',
    );
    const none = await list('none.csv', ['file,tags', ...rows.map(({ file }) => `${file},`)].join('\n'));
    await expect(open(none, { multiLabel })).rejects.toThrow(
      'no image has a label: expected labels such as "cat;dog"',
    );
  });

  it('says what is wrong with a line', async () => {
    const country = await list(
      'semicolons.csv',
      ['file;tags', ...lines].map((line) => line.replace(',', ';')).join('\n'),
    );
    await expect(open(country, { multiLabel })).rejects.toThrow(
      /semicolons\.csv, line 2: .*Separate columns by commas: semicolons stand between the labels of an image\./,
    );
    for (const tags of [{ a: 1 }, [['ant']], [null]]) {
      const wrong = await list('wrong.jsonl', `${JSON.stringify({ file: rows[0].file, tags })}\n`);
      await expect(open(wrong, { multiLabel })).rejects.toThrow(
        'wrong.jsonl, line 1: its labels are no list of texts',
      );
    }
  });

  it('is told from one of classes', async () => {
    const tags = await list('tags.csv', ['file,tags', ...lines.slice(0, 24)].join('\n'));
    const { notes } = await open(tags);
    expect(notes.join()).toContain(
      '"ant;Käfer" counts as one class. If its parts are labels of their own, train with --multi-label.',
    );
    const line = (label: unknown) =>
      rows.map(({ file }, i) => JSON.stringify({ file, label: i % 2 ? label : ['bee'] })).join('\n');
    const listed = await open(await list('listed.jsonl', line(['ant', 'bee'])));
    expect(listed.train.classNames).toEqual(['ant;bee', 'bee']);
    expect(listed.notes.join()).toContain('"ant;bee" counts as one class');
    await expect(open(await list('objects.jsonl', line({ name: 'ant' })))).rejects.toThrow(
      'objects.jsonl, line 2: its labels are no list of texts',
    );
    await expect(open(join(folder, 'photos'), { multiLabel })).rejects.toThrow(
      /no list says which labels its images have: .*leave --multi-label out\.$/,
    );
    // A model of labels is evaluated: there is no such flag.
    await expect(evaluationImages(join(folder, 'photos'), {}, { multiLabel })).rejects.toThrow(
      /no list says which labels its images have: .*The model gives images any number of labels: give such a list as data\.$/,
    );
  });
});
