import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { harrier, sentenceOf, workplace, writeImages } from './harrier.ts';

let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(args, { cwd: place.path });
const path = (...parts: string[]) => join(place.path, ...parts);

beforeAll(async () => {
  place = await workplace();
  await writeImages(path('images'), { perClass: 60 });
  const small = ['--data', 'images', '--set', 'units=16', '--set', 'filters=8', '--batch-size', '8'];
  const adam = ['--optimizer', 'adam', '--learning-rate', '0.003'];
  await run('train', ...small, ...adam, '--epochs', '5', '--out', 'good');
  await run('train', ...small, '--epochs', '1', '--learning-rate', '1e-7', '--out', 'bad');
});
afterAll(() => place.remove());

describe('compare', () => {
  it('puts runs side by side, and tests the difference on the images', async () => {
    const { code, stdout, stderr } = await run('compare', 'good', 'bad', '--json');
    expect(code).toBe(0);
    const { runs, options, differences } = JSON.parse(stdout);
    expect(runs.map(({ name, epochs }: { name: string; epochs: number }) => [name, epochs])).toEqual([
      ['good', 5],
      ['bad', 1],
    ]);
    expect(options).toMatchObject({ epochs: ['5', '1'], 'optimizer.learningRate': ['0.003', '1e-7'] });
    expect(Object.keys(options)).not.toContain('recipe');
    const { onlyFirst, onlySecond } = differences[0].mcnemar;
    const total = JSON.parse(await readFile(path('good', 'evaluation.json'), 'utf8')).total;
    expect((onlySecond - onlyFirst) / total).toBeCloseTo(differences[0].accuracy, 12);
    expect(differences[0]).toMatchObject({ by: 'mcnemar', significant: true });
    expect(stderr).toMatch(/^bad is [\d.]+ points worse than good: more than chance \(.*McNemar's test, p /m);
    expect(await readFile(path('compare.html'), 'utf8')).toContain('Side by side');
  });

  it('compares intervals where predictions are missing', async () => {
    await rm(path('bad', 'predictions.csv'));
    const { code, stdout } = await run('compare', 'bad', 'good', '--out', 'two.html');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^good is [\d.]+ points better than bad.*interval/m);
  });

  it.each<[string, string[], number, RegExp]>([
    ['one run', ['good'], 2, /a comparison needs at least two different runs: received one/],
    ['a run twice', ['good', './good'], 2, /needs at least two different runs: received good twice/],
    ['a folder of no run', ['good', 'images'], 1, /this is not a run folder/],
    ['a name that is near', ['good', 'nothing'], 1, /there is no such run folder/],
  ])('refuses %s', async (_, names, code, sentence) => {
    const finished = await run('compare', ...names);
    expect(sentenceOf(finished)).toMatch(sentence);
    expect(finished.code).toBe(code);
  });
});
