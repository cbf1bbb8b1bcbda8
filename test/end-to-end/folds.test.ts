/** `train --folds` as a user types it: by steps, on features, by group; cut and resumed; averaged. */
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluationImages } from '../../src/platform/node/datasets/evaluation-images.ts';
import { harrier, sentenceOf, start, succeeded, workplace, writeImage, writeImages } from '../cli/harrier.ts';

let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(args, { cwd: place.path });
const read = (...parts: string[]) => readFile(join(place.path, ...parts), 'utf8');
const json = async (...parts: string[]) => JSON.parse(await read(...parts));
/** Rows of out-of-fold.csv: file and fold. */
const heldOut = async (name: string) =>
  (await read(name, 'out-of-fold.csv'))
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => ({ file: line.split(',')[4], fold: Number(line.split(',')[7]) }));

const STEPS = ['train', '--data', 'images', '--epochs', '2', '--folds', '3'];
/** By a network of few weights. */
const NARROW = [...STEPS, '--set', 'filters=8', '--set', 'units=64'];

beforeAll(async () => {
  place = await workplace();
  await writeImages(join(place.path, 'images'), { perClass: 12, side: 12, noise: 90 });
  // Photos of four people in each class, three each.
  for (let i = 0; i < 36; i++) {
    const label = Math.floor(i / 12);
    const name = `person${(i % 12) % 4}_${i}.png`;
    await writeImage(
      join(place.path, 'people', ['cat', 'dog', 'ship'][label], name),
      12,
      label,
      100 + i,
      120,
    );
  }
});
afterAll(() => place.remove());

describe('train --folds', () => {
  it('evaluates each image once, and finishes with a model of all images', async () => {
    const finished = await run(...NARROW, '--out', 'steps');
    succeeded(finished);
    expect(finished.stdout).toMatch(/Fold 3, 3 in all: 24 images, 12 images held out/);
    expect(finished.stdout).toMatch(/3-fold cross-validation, each image .* by fold: mean [\d.]+% ± [\d.]+%/);
    const { data, options, result } = await json('steps', 'run.json');
    expect([data.train.images, data.test.images, data.pool.images]).toEqual([36, 36, 36]);
    expect(options.folds).toEqual({ count: 3 });
    const { crossValidation, correct, total, accuracy } = await json('steps', 'evaluation.json');
    expect(result.testAccuracy).toBe(accuracy);
    const folds = await Promise.all(
      [1, 2, 3].map((fold) => json('steps', `fold-${fold}`, 'evaluation.json')),
    );
    expect(correct).toBe(folds.reduce((sum, each) => sum + each.correct, 0));
    expect(crossValidation.perFold.accuracies).toEqual(folds.map((each) => each.accuracy));
    const listed = (await read('steps', 'images.jsonl')).trim().split('\n');
    expect(listed.map((line) => JSON.parse(line).split)).toEqual(new Array(36).fill('train'));
    const rows = await heldOut('steps');
    expect([rows.length, total, new Set(rows.map(({ file }) => file)).size]).toEqual([36, 36, 36]);
  });

  it('is evaluated again by what the folds found, and on other images as any model', async () => {
    const again = JSON.parse((await run('evaluate', 'steps', '--json')).stdout);
    expect(again).toEqual(await json('steps', 'evaluation.json'));
    expect((await run('evaluate', '--model', 'steps', '--debug')).code).toBe(0);
    const limited = await run('evaluate', 'steps', '--threads', '1', '--tta', 'flip');
    expect(sentenceOf(limited)).toContain('--tta: the model was trained on all images of its run');
    // Its training images are at hand where they are asked for.
    const { data, options } = await json('steps', 'run.json');
    const known = { path: data.path, rules: data.rules, options };
    const { dataset } = await evaluationImages(data.path, known, { split: 'train', imageSize: 12 });
    expect(dataset.size).toBe(36);
    expect(sentenceOf(await run('evaluate', 'steps', '--data', 'images'))).toContain(
      'images: the model was trained on all these images.',
    );
    expect(sentenceOf(await run('evaluate', 'steps/model.onnx', '--data', 'images'))).toContain(
      'the model was trained on all these images.',
    );
    const others = JSON.parse((await run('evaluate', 'steps', '--data', 'people', '--json')).stdout);
    expect(others.total).toBe(36);
    const fold = JSON.parse((await run('evaluate', 'steps/fold-2', '--json')).stdout);
    expect(fold.matrix).toEqual((await json('steps', 'fold-2', 'evaluation.json')).matrix);
  });

  it('goes on where it was cut', async () => {
    const running = start([...NARROW, '--out', 'cut'], { cwd: place.path });
    await running.says('Fold 2, 3 in all');
    running.process.kill('SIGKILL');
    await running.finished;
    expect(sentenceOf(await run('evaluate', 'cut'))).toMatch(
      /cut: this run has no model yet: it is not finished\. Resume it: npx harrier train --resume cut/,
    );
    succeeded(await run('train', '--resume', 'cut', '--log-to', 'csv'));
    for (const part of ['fold-2', 'fold-3', '.']) {
      expect(await readdir(join(place.path, 'cut', part))).toContain('metrics.csv');
    }
    const model = (name: string) => readFile(join(place.path, name, 'model.onnx'));
    expect((await model('cut')).equals(await model('steps'))).toBe(true);
    expect(await read('cut', 'out-of-fold.csv')).toBe(await read('steps', 'out-of-fold.csv'));
    expect((await run('data', 'diff', 'steps', 'cut')).stdout).toMatch(/\n36 images are the same in both\b/);
    // Those of a fold are apart.
    const folds = await run('data', 'diff', 'steps/fold-1', 'cut/fold-1');
    expect(folds.stdout).toMatch(/\n36 images are the same in both\b/);
    const { stdout } = await run('train', '--resume', 'cut');
    expect(stdout).toMatch(/^cut is finished: all folds are trained, .* of the test images correct\.\n$/);
    expect(sentenceOf(await run('train', '--resume', 'cut', '--folds', '4'))).toContain(
      '--folds: a resumed cross-validation keeps its own options.',
    );
  });

  it('takes no fold of another recipe for one of the same', async () => {
    const recipe = (units: number) =>
      writeFile(
        join(place.path, 'recipe.mjs'),
        `import { defineRecipe, kerasCnn } from 'harrier';
export default defineRecipe({ ...kerasCnn, name: 'mine', options: { ...kerasCnn.options, units: ${units} } });
`,
      );
    await recipe(8);
    const args = [...STEPS, '--recipe', './recipe.mjs', '--out', 'mixed'];
    const running = start(args, { cwd: place.path });
    await running.says('Fold 2, 3 in all');
    running.process.kill('SIGKILL');
    await running.finished;
    await recipe(16);
    expect(sentenceOf(await run('train', '--resume', 'mixed'))).toMatch(
      /its training would differ from that of the first fold: expected the same/,
    );
  });

  it('never has a group on both sides, on features and by steps', async () => {
    const groups = ['--group-by', '/(person\\d)_'];
    const args = ['train', '--data', 'people', '--from', 'steps/fold-1', ...groups];
    const finished = await run(...args, '--folds', '4', '--out', 'by-person', '--ensemble');
    expect([finished.code, finished.stderr.match(/^Note: .*/gm)]).toEqual([
      0,
      [`Note: ${join(place.path, 'people')}: 4 groups by "/(person\\d)_".`],
    ]);
    const folds = new Map<string, Set<number>>();
    for (const { file, fold } of await heldOut('by-person')) {
      const [person] = /person\d/.exec(file)!;
      folds.set(person, (folds.get(person) ?? new Set()).add(fold));
    }
    expect([...folds.values()].map(({ size }) => size)).toEqual([1, 1, 1, 1]);
    expect((await readdir(join(place.path, 'by-person'))).sort()).toContain('model.onnx');
    const { interval95, crossValidation } = await json('by-person', 'evaluation.json');
    expect(interval95).toEqual(crossValidation.interval95);
    // A single split by person, with a validation part.
    const single = ['--validation-split', '0.4', '--out', 'single'];
    expect((await run('train', '--data', 'people', '--epochs', '1', ...groups, ...single)).code).toBe(0);
    const described = JSON.parse((await run('data', 'people', ...groups, '--json')).stdout);
    const { data, options } = await json('single', 'run.json');
    expect(described.test.hash).toBe(data.test.hash);
    expect(described.train.hash).not.toBe(data.train.hash);
    expect(options.groupBy).toBe('/(person\\d)_');
    const again = await run('evaluate', 'single');
    expect([again.code, again.stderr]).toEqual([0, expect.not.stringContaining('changed')]);
    // Elsewhere, the same people are set aside.
    await cp(join(place.path, 'people'), join(place.path, 'moved'), { recursive: true });
    const own = await json('single', 'evaluation.json');
    for (const part of [[], ['--split', 'test']]) {
      const moved = await run('evaluate', 'single', '--data', 'moved', ...part, '--json');
      expect(JSON.parse(moved.stdout)).toMatchObject({ total: own.total, correct: own.correct });
    }
  });

  it.each<[string[], string]>([
    [['--ensemble'], '--ensemble: one model has no average. Add --seeds 4 or --folds 5'],
    [['--folds', '3', '--seeds', '2'], '--folds and --seeds cannot be combined.'],
    [
      ['--folds', '3', '--reject', '0.95'],
      '--reject: its threshold needs images that the model is not fitted',
    ],
    [
      ['--folds', '3', '--ensemble', '--reject', '0.95', '--validation-split', '0.2'],
      '--reject and --ensemble cannot be combined',
    ],
    [['--folds', '1'], 'expected a whole number from 2 to 100, received "1"'],
    [['--folds', '40'], 'expected 2 to 36 folds: images that belong together stay in one, received 40'],
    [['--group-by', 'person'], 'person: this expression names no group: expected a capture in parentheses'],
    [['--group-by', '(person'], '(person: this is not a regular expression'],
    [['--group-by', 'x(\\d)'], 'x(\\d): this expression finds a group in no path'],
    [['--split-by', 'time'], 'nothing says when these images were taken'],
    [['--folds', '5', '--group-by', '/(person\\d)_'], 'expected 2 to 4 folds'],
  ])('refuses %s', async (words, sentence) => {
    const finished = await run('train', '--data', 'people', '--epochs', '1', '--out', 'refused', ...words);
    expect(sentenceOf(finished)).toContain(sentence);
    expect(await readdir(place.path)).not.toContain('refused');
  });
});
