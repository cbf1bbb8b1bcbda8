import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LabelList } from './label-list.ts';
import { listImages } from './list-images.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-labels-'));
  for (const name of ['a.png', 'b.png', 'c.png']) await writeFile(join(folder, name), name);
});
afterEach(() => rm(folder, { recursive: true }));

const write = (name: string, text: string) => writeFile(join(folder, name), text);
const lists = async () => (await readdir(folder)).filter((name) => !name.endsWith('.png'));

it.each([
  ['metadata.csv', 'file_name,label,camera\na.png,ant,"x, y"\nb.png,bee,z\n', 'c.png,ant,\n'],
  ['labels.tsv', 'file\tlabel\na.png\tant\nb.png\tbee\n', 'c.png\tant\n'],
])('labels go into the list that the folder has: %s', async (name, text, line) => {
  await write(name, text);
  const before = await LabelList.read(folder);
  expect(before.labelsOf(['a.png', 'b.png', 'c.png'])).toEqual(['ant', 'bee', undefined]);
  await LabelList.change(folder, (list) => list.set('c.png', 'ant'));
  expect(await lists()).toEqual([name]);
  expect(await readFile(join(folder, name), 'utf8')).toBe(`${text}${line}`);
  const { files, notes } = await listImages(folder);
  expect([files.length, notes]).toEqual([3, []]);
});

it('where the list of a folder says no labels, labels.csv comes before it, and training says so', async () => {
  await write('metadata.csv', 'file,camera\na.png,x\n');
  await LabelList.change(folder, (list) => {
    list.set('a.png', 'ant');
    list.set('b.png', 'bee');
  });
  expect(await lists()).toEqual(['labels.csv', 'metadata.csv']);
  const { files, notes } = await listImages(folder);
  const [first, second] = ['labels.csv', 'metadata.csv'].map((name) => join(folder, name));
  expect([files.length, notes]).toEqual([2, [`${second} is not read: ${first} comes first.`]]);
});

it('labels in lines of JSON are not hidden by another list', async () => {
  await write('metadata.jsonl', '{"file_name": "a.png", "label": "ant"}\n');
  await expect(LabelList.read(folder)).rejects.toThrow(
    `${join(folder, 'metadata.jsonl')}: labels are not written into lines of JSON: expected a table, such as labels.csv.`,
  );
  await write('labels.csv', 'file,label\nb.png,bee\n');
  expect([...(await LabelList.read(folder)).labels]).toEqual([['b.png', 'bee']]);
});

it('lists are read by the same names of columns as in training', async () => {
  await write('labels.csv', 'id,breed\na.png,ant\n');
  await LabelList.change(folder, (list) => list.set('b.png', 'bee'));
  expect(await readFile(join(folder, 'labels.csv'), 'utf8')).toBe('id,breed\na.png,ant\nb.png,bee\n');
  expect((await listImages(folder)).classNames).toEqual(['ant', 'bee']);
});

it('lines mean the files that they mean in training', async () => {
  await mkdir(join(folder, 'more'));
  await write('more/d.png', 'd');
  await write('labels.csv', 'id,label\na,ant\nb,bee\nd.png,bee\n');
  const files = ['a.png', 'b.png', 'c.png', 'more/d.png'];
  expect((await LabelList.read(folder)).labelsOf(files)).toEqual(['ant', 'bee', undefined, 'bee']);
  await LabelList.change(folder, (list) => {
    list.set('a.png', 'bee');
    list.set('b.png', 'ant');
    list.set('c.png', 'ant');
  });
  expect(await readFile(join(folder, 'labels.csv'), 'utf8')).toBe(
    'id,label\na,bee\nb,ant\nd.png,bee\nc.png,ant\n',
  );
  expect((await listImages(join(folder, 'labels.csv'))).files).toHaveLength(4);
  // Images that have moved are named as they are now.
  await LabelList.change(folder, (list) => list.rename(new Map([['a.png', 'bee/a.png']])));
  expect(await readFile(join(folder, 'labels.csv'), 'utf8')).toContain('\nbee/a.png,bee\n');
  await write('a.jpg', 'a');
  await write('labels.csv', 'id,label\na,ant\n');
  await expect(LabelList.read(folder)).rejects.toThrow(/labels\.csv, line 2: several files may be meant/);
});

it('no labels are written into columns of 0 and 1', async () => {
  await write('metadata.csv', 'file,ant,bee\na.png,0,1\nb.png,1,1\n');
  await expect(LabelList.read(folder)).rejects.toThrow(
    `${join(folder, 'metadata.csv')}: labels are not written into columns of 0 and 1: expected a column of labels.`,
  );
});

it('of a list that is a link, the file behind it gets the labels', async () => {
  const shared = await mkdtemp(join(tmpdir(), 'harrier-shared-list-'));
  try {
    await writeFile(join(shared, 'all.csv'), 'file,label\na.png,ant\n');
    await symlink(join(shared, 'all.csv'), join(folder, 'labels.csv'));
    await LabelList.change(folder, (list) => list.set('b.png', 'bee'));
    expect(await readFile(join(shared, 'all.csv'), 'utf8')).toBe('file,label\na.png,ant\nb.png,bee\n');
    expect((await lstat(join(folder, 'labels.csv'))).isSymbolicLink()).toBe(true);
    expect(await readdir(shared)).toEqual(['all.csv']);
  } finally {
    await rm(shared, { recursive: true });
  }
});
