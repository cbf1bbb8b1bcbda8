/** `harrier features` as a user types it. */
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Backbone } from '../../src/backbones/index.ts';
import { decodeNpy } from '../../src/data/npy.ts';
import { decodeSafetensors } from '../../src/models/index.ts';
import { decodeImage, nodeRuntime, openDataset } from '../../src/platform/node/index.ts';
import { startingModel } from '../../src/platform/node/runs/starting-model.ts';
import { harrier, sentenceOf, workplace, writeImages } from './harrier.ts';

let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(args, { cwd: place.path });
const file = (name: string) => join(place.path, name);

beforeAll(async () => {
  place = await workplace();
  await writeImages(file('images'), { perClass: 10, side: 12 });
  const trained = await run('train', '--data', 'images', '--epochs', '1', '--out', 'first');
  expect(trained.code, trained.stderr).toBe(0);
});
afterAll(() => place.remove());

describe('harrier features', () => {
  it('writes those of a list as lines of JSON, and resumes', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `images/${i % 2 ? 'cat' : 'dog'}/${i >> 1}.png`);
    await writeFile(file('list.txt'), [...names, 'gone.png'].join('\n'));
    const list = ['features', '--list', 'list.txt', '--from', 'first', '--out', 'list.jsonl'];
    const finished = await run(...list);
    expect([finished.code, sentenceOf(finished)]).toEqual([
      1,
      '1 of 21 images could not be read; their lines say why',
    ]);
    const whole = await readFile(file('list.jsonl'), 'utf8');
    const lines = whole
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map((line) => line.file)).toEqual([...names, 'gone.png']);
    const backbone = await Backbone.load(nodeRuntime({ threads: 1 }), await startingModel(file('first')));
    const pixels = await decodeImage(file(names[7]), backbone.imageShape);
    const expected = await backbone.features(pixels);
    await backbone.dispose();
    expect(lines[7].features).toHaveLength(expected.length);
    for (const [i, value] of lines[7].features.entries()) expect(value).toBeCloseTo(expected[i], 5);

    await truncate(file('list.jsonl'), whole.split('\n').slice(0, 3).join('\n').length + 20);
    expect((await run(...list)).stderr).toContain('3 lines of list.jsonl are kept.');
    expect(await readFile(file('list.jsonl'), 'utf8')).toBe(whole);
    const table = await run('features', '--list', 'list.txt', '--from', 'first', '--out', 'list.csv');
    expect(sentenceOf(table)).toMatch(/^--out: features of a list are written as lines of JSON/);
  });

  it('writes what the network makes of every image, with files, parts and labels', async () => {
    const finished = await run('features', 'images', '--from', 'first', '--out', 'all.safetensors', '--json');
    expect(finished.code, finished.stderr).toBe(0);
    const { tensors, metadata } = decodeSafetensors(await readFile(file('all.safetensors')), 'all');
    const { shape, data } = tensors.get('features')!;
    const { train, test } = await openDataset(file('images'), { imageSize: 12 });
    expect(JSON.parse(finished.stdout)).toMatchObject({ count: shape[0], size: shape[1] });
    expect(shape[0]).toBe(train.size + test.size);
    expect(JSON.parse(metadata.labels)).toEqual([...train.labels, ...test.labels]);
    expect(JSON.parse(metadata.classNames)).toEqual(train.classNames);
    expect(JSON.parse(metadata.parts).filter((part: string) => part === 'test')).toHaveLength(test.size);
    expect(JSON.parse(metadata.files)[0]).toMatch(/^images/);

    const backbone = await Backbone.load(nodeRuntime({ threads: 1 }), await startingModel(file('first')));
    const pixels = new Uint8Array(12 * 12 * 3);
    test.gather([2], pixels);
    const own = await backbone.features(pixels);
    await backbone.dispose();
    const row = data.subarray((train.size + 2) * shape[1], (train.size + 3) * shape[1]);
    own.forEach((value, i) => {
      expect(row[i]).toBeCloseTo(value, 4);
    });
  });

  it('writes the same numbers for NumPy and as CSV', async () => {
    expect((await run('features', 'images', '--from', 'first', '--out', 'all.npy')).code).toBe(0);
    expect((await run('features', 'images', '--from', 'first', '--out', 'all.csv')).code).toBe(0);
    const npy = decodeNpy(await readFile(file('all.npy')), 'all.npy');
    const { tensors } = decodeSafetensors(await readFile(file('all.safetensors')), 'all');
    expect([npy.type, npy.shape]).toEqual(['<f4', tensors.get('features')!.shape]);
    expect(npy.data).toEqual(tensors.get('features')!.data);
    const csv = `${await readFile(file('all.csv'))}`.trimEnd().split('\n');
    const beside = `${await readFile(file('all.images.csv'))}`.trimEnd().split('\n');
    expect(csv).toHaveLength(npy.shape[0] + 1);
    csv.forEach((line, i) => {
      expect(line.startsWith(beside[i])).toBe(true);
    });
    const numbers = csv[1].split(',').slice(4).map(Number);
    expect(Float32Array.from(numbers)).toEqual(npy.data.slice(0, npy.shape[1]));
  });

  it.each<[string, string[], RegExp]>([
    ['no --out', [], /--out/],
    [
      'another ending',
      ['--out', 'all.txt'],
      /^--out: the ending says how features are written: expected \.safetensors/,
    ],
    ['a model that there is not', ['--from', 'nothing.onnx', '--out', 'no.csv'], /nothing\.onnx/],
  ])('refuses %s', async (_, args, sentence) => {
    const finished = await run('features', 'images', ...args);
    expect(finished.code).not.toBe(0);
    expect(sentenceOf(finished)).toMatch(sentence);
    expect(await readdir(place.path)).not.toContain('no.csv');
  });

  it('writes over a file that is there with --force alone', async () => {
    const args = ['features', 'images', '--from', 'first', '--out', 'first/history.csv'];
    const before = await readFile(file('first/history.csv'));
    const refused = await run(...args);
    expect([refused.code, sentenceOf(refused)]).toEqual([2, expect.stringContaining('this file exists')]);
    expect((await readFile(file('first/history.csv'))).equals(before)).toBe(true);
    expect((await run(...args, '--force')).code).toBe(0);
    expect(`${await readFile(file('first/history.csv'))}`).toMatch(/^file,part,class,label,feature 0,/);
  });
});
