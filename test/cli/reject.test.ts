/** `train --reject` as a user types it: a model that says "none of these", and each command that reads it. */
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Classifier } from '../../src/models/index.ts';
import { loadClassifier } from '../../src/platform/node/run.ts';
import { findRun } from '../../src/platform/node/runs/find-run.ts';
import { prepareRun } from '../../src/platform/node/runs/prepare-run.ts';
import { harrier, sentenceOf, succeeded, workplace, writeImages } from './harrier.ts';

let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(args, { cwd: place.path });
const path = (...parts: string[]) => join(place.path, ...parts);
const json = async (...parts: string[]) => JSON.parse(await readFile(path(...parts), 'utf8'));

beforeAll(async () => {
  place = await workplace();
  await writeImages(path('images'), { perClass: 60, side: 12, noise: 40 });
  // Colours that no class has: the fifth and sixth of the same kind.
  await writeImages(path('all'), {
    classes: ['a', 'b', 'c', 'd', 'e', 'f'],
    perClass: 12,
    side: 12,
    noise: 40,
  });
  const common = ['--data', 'images', '--epochs', '4', '--validation-split', '0.3', '--image-size', '12'];
  succeeded(await run('train', ...common, '--reject', '0.9', '--out', 'steps'));
});
afterAll(() => place.remove());

describe('train --reject', () => {
  it('says how many of the known images are kept', async () => {
    const { rejection } = await json('steps', 'evaluation.json');
    expect([rejection.keep, rejection.heldOutImages > 30, rejection.kept > 0.7]).toEqual([0.9, true, true]);
    expect((await json('steps', 'run.json')).options.reject).toBe(0.9);
  });

  it('is evaluated with images of other things, beside the largest probability', async () => {
    const own = await json('steps', 'evaluation.json');
    const again = await run('evaluate', 'steps', '--unknown', 'all/e', '--json');
    const { rejection } = JSON.parse(again.stdout);
    expect(rejection.kept).toBe(own.rejection.kept);
    expect(rejection.unknown.images).toBe(12);
    expect(rejection.unknown.own.auroc).toBeGreaterThan(0.8);
    expect(rejection.unknown.accepted).toBeLessThan(0.5);
    const text = (await run('evaluate', 'steps', '--unknown', 'all/e')).stdout;
    expect(text).toMatch(/None of these: [\d.]+% of \d+ known images are kept \(.*\), for 90%\./);
    expect(text).toMatch(/Unknown: [\d.]+% of 12 unknown images are taken for a class/);
    expect(text).toMatch(/ {2}by the largest probability alone: AUROC/);
  });

  it('is evaluated alike by code, on the test images that its run has set aside', async () => {
    const said = JSON.parse((await run('evaluate', 'steps', '--json')).stdout);
    const folder = await findRun(path('steps'));
    const record = await folder.record();
    const { test, runtime } = await prepareRun(record.options, {}, record);
    const classifier = await Classifier.load(runtime, await readFile(folder.file('model')));
    const { loss, ...evaluation } = await classifier.evaluate(test);
    await classifier.dispose();
    expect(loss).toBeCloseTo(said.loss, 5);
    expect(Object.keys({ loss, ...evaluation }).sort()).toEqual(Object.keys(said).sort());
    for (const name of ['matrix', 'interval95', 'rejection'] as const) {
      expect(evaluation[name]).toEqual(said[name]);
    }
    expect(evaluation.predictionSets!.calibrationImages).toBe(said.predictionSets.calibrationImages);
  });

  it('leaves out images of other things that cannot be read, and says so', async () => {
    await cp(path('all', 'e'), path('some'), { recursive: true });
    await writeFile(path('some', 'broken.png'), 'no image');
    for (const words of [
      ['evaluate', 'steps', '--unknown', 'some', '--json'],
      ['watch', 'steps', '--against', 'some', '--json'],
    ]) {
      expect(sentenceOf(await run(...words))).toMatch(
        /^some\/broken\.png: .* skip such files \(--skip-bad\)\.$/,
      );
      const { code, stdout, stderr } = await run(...words, '--skip-bad');
      expect(code, stderr).toBe(0);
      const { rejection, images } = JSON.parse(stdout);
      expect(rejection?.unknown.images ?? images).toBe(12);
      expect(stderr).toMatch(/1 of 13 files is not a usable image, and left out; .* some\/broken\.png: /);
    }
  });

  it('says which images an evaluation is of, unless they are all of its test images', async () => {
    const [training, whole] = await Promise.all(
      [['--split', 'train', '--limit', '5'], []].map(async (words) =>
        JSON.parse((await run('evaluate', 'steps', '--json', ...words)).stdout),
      ),
    );
    expect(training.evaluatedOn).toMatchObject({ part: 'train', images: 5 });
    expect(whole).not.toHaveProperty('evaluatedOn');
  });

  it('answers so in predict, in harrier/run and for any ONNX Runtime', async () => {
    const files = [...Array(6).keys()].flatMap((i) => [
      path('images', 'dog', `${i}.png`),
      path('all', 'e', `${i}.png`),
    ]);
    const answers = JSON.parse((await run('predict', 'steps', ...files, '--json')).stdout);
    const said = answers.map(({ unknown }: { unknown: boolean }) => unknown);
    expect(said.filter((_: boolean, i: number) => i % 2 === 1 && said[i]).length).toBeGreaterThan(3);
    expect(said.filter((_: boolean, i: number) => i % 2 === 0 && said[i]).length).toBeLessThan(3);
    const classifier = await loadClassifier(path('steps', 'model.onnx'));
    for (const [i, file] of files.entries()) {
      expect((await classifier.classify(file)).map(({ unknown }) => unknown)).toEqual(Array(3).fill(said[i]));
    }
    await classifier.dispose();
    const session = await ort.InferenceSession.create(path('steps', 'model.onnx'));
    expect(session.outputNames).toEqual(['probabilities', 'unknown']);
    await session.release();
    const foreign = files[said.indexOf(true)];
    expect((await run('predict', 'steps', foreign)).stdout).toMatch(
      /\n {2}unknown: none of the classes\. The nearest:\n {2}\w+ +[\d.]+%/,
    );
    const [head, row] = (await run('predict', 'steps', foreign, '--csv', '--top', '1')).stdout.split('\n');
    expect(head).toBe('file,label1,probability1,unknown,error');
    expect(row).toMatch(/,true,$/);
  });

  it('answers so in explain', async () => {
    const files = [path('images', 'dog', '0.png'), ...[0, 1, 2].map((i) => path('all', 'e', `${i}.png`))];
    const [answers, explained] = await Promise.all(
      [['predict'], ['explain', '--out', 'why']].map(async ([command, ...words]) =>
        JSON.parse((await run(command, 'steps', ...files, '--json', ...words)).stdout),
      ),
    );
    const said = answers.map(({ unknown }: { unknown: boolean }) => unknown);
    expect(explained.map(({ unknown }: { unknown: boolean }) => unknown)).toEqual(said);
    const foreign = files[said.indexOf(true)];
    const line = async (...words: string[]) =>
      (await run('explain', 'steps', foreign, '--out', 'why', ...words)).stdout;
    expect(await line()).toMatch(/\.png: unknown; nearest: \w+ [\d.]+% {2}→/);
    expect(await line('--class', 'cat')).toMatch(/\.png: unknown; cat [\d.]+% {2}→/);
  });

  it('sorts images into folders by predict --sort', async () => {
    await cp(path('all'), path('unsorted'), { recursive: true });
    await writeFile(path('unsorted', 'bad.png'), 'no image');
    const words = ['predict', 'steps', 'unsorted', '--sort', 'sorted', '--at-least', '0.9'];
    const copied = await run(...words, '--skip-bad');
    expect([copied.code, copied.stdout]).toEqual([
      0,
      expect.stringMatching(/^\d+ sorted into \d class(es)?, \d+ unsure, \d+ unknown\n$/),
    ]);
    expect(copied.stderr).toContain('1 of 73 images could not be read and stays where it is');
    const moved = await run(...words, '--move', '--json');
    expect([moved.code, moved.stderr]).toEqual([1, expect.stringContaining('72 images of these had been')]);
    const { folder, sorted, classes, unsure, unknown, failed, left } = JSON.parse(moved.stdout);
    expect([folder, sorted + unsure + unknown, failed, left]).toEqual(['sorted', 72, 1, 0]);
    expect(Object.keys(classes)).toEqual(['cat', 'dog', 'ship']);
    expect(unknown).toBeGreaterThan(10);
    const files = async (name: string) =>
      (await readdir(path(name), { recursive: true })).filter((file) => file.endsWith('.png')).sort();
    expect(await files('unsorted')).toEqual(['bad.png']);
    expect(await files('sorted')).toHaveLength(72);
    const answers = (await run('predict', 'steps', 'sorted/unknown', '--csv')).stdout.trim().split('\n');
    expect(answers.slice(1).every((line) => line.includes(',true,'))).toBe(true);
    expect(answers).toHaveLength(unknown + 1);
    for (const [wrong, sentence] of [
      [['--move'], /^--move: this option needs --sort/],
      [['--sort', 'x', '--csv'], /^--sort and --csv cannot be combined/],
      [['--sort', 'x', 'https://example.org/a.png'], /^--sort: only files of this machine can be sorted/],
      [['--sort', 'x', '--at-least', '1.5'], /--at-least: .*received "1\.5"/],
    ] as const) {
      expect(sentenceOf(await run('predict', 'steps', 'images', ...wrong))).toMatch(sentence);
    }
    const mistyped = await run('predict', 'steps', './imagse', '--sort', 'x');
    expect(sentenceOf(mistyped)).toBe('./imagse: there is no such file or folder.');
    expect(await readdir(path())).not.toContain('x');
  });

  it('names sets of classes in predict and in harrier/run alike', async () => {
    const files = [...Array(6).keys()].map((i) => path('images', i < 3 ? 'dog' : 'cat', `${i}.png`));
    const answers = JSON.parse((await run('predict', 'steps', ...files, '--sets', '0.9', '--json')).stdout);
    const classifier = await loadClassifier(path('steps', 'model.onnx'));
    for (const [i, file] of files.entries()) {
      const set = await classifier.classify(file, { coverage: 0.9 });
      expect(set.map(({ label }) => label)).toEqual(answers[i].set);
      expect(await classifier.classify(file, { coverage: 0.9, top: 1 })).toEqual(set.slice(0, 1));
    }
    await expect(classifier.classify(files[0], { coverage: 95 })).rejects.toThrow(
      'coverage: expected a fraction between 0 and 1, such as 0.95, received 95.',
    );
    await classifier.dispose();
    // Other views than those that it was calibrated with.
    const views = ['--tta', 'flip', '--out', 'uncalibrated.onnx'];
    expect((await run('export', 'steps', '--format', 'onnx', ...views)).code).toBe(0);
    const uncalibrated = await loadClassifier(path('uncalibrated.onnx'));
    const asked = uncalibrated.classify(files[0], { coverage: 0.9 });
    await expect(asked).rejects.toThrow(/this model can promise no sets: no images calibrated it\. Train it/);
    await uncalibrated.dispose();
  });

  it('stays in smaller files; with other views it goes, and that is said', async () => {
    succeeded(await run('export', 'steps', '--format', 'onnx-int8', '--out', 'small.onnx'));
    const small = await loadClassifier(path('small.onnx'));
    expect(await small.classify(path('all', 'e', '0.png'), { top: 1 })).toMatchObject([
      { unknown: expect.any(Boolean) },
    ]);
    await small.dispose();
    const other = await run('export', 'steps', '--format', 'onnx', '--tta', 'flip', '--out', 'flipped.onnx');
    expect(other.stderr).toContain('the model names a class for every image');
    const flipped = await loadClassifier(path('flipped.onnx'));
    expect(Object.keys((await flipped.classify(path('all', 'e', '0.png'), { top: 1 }))[0])).toEqual([
      'label',
      'probability',
    ]);
    await flipped.dispose();
  });

  it('is learned by a head on features without validation images', async () => {
    succeeded(await run('train', '--data', 'images', '--from', 'steps', '--reject', '0.9', '--out', 'head'));
    const own = await json('head', 'evaluation.json');
    const again = JSON.parse((await run('evaluate', 'head', '--unknown', 'all/e', '--json')).stdout);
    expect(again.rejection.kept).toBe(own.rejection.kept);
    expect(again.rejection.unknown.own.auroc).toBeGreaterThan(0.8);
  });

  it('watches how new images differ', async () => {
    const found = JSON.parse((await run('watch', 'steps', '--against', 'all/e', '--json')).stdout);
    expect([found.images, found.test.pValue, found.foreign.length]).toEqual([12, 0.001, 10]);
    expect(found.unknown).toBeGreaterThan(0.5);
    const fractions = found.classes.map(({ after }: { after: number }) => after);
    expect(fractions.reduce((sum: number, each: number) => sum + each, 0)).toBeCloseTo(1, 6);
    // A model that was trained elsewhere, with its data: the images that it learned from are told apart.
    await cp(path('steps', 'model.onnx'), path('alone.onnx'));
    const alone = ['watch', 'alone.onnx', '--against', 'all/e'];
    expect(sentenceOf(await run(...alone))).toMatch(
      /does not name the images that it was tested on\. Give a run folder, or their data with --data\./,
    );
    const again = JSON.parse((await run(...alone, '--data', 'images', '--json')).stdout);
    expect([again.comparedWith.images, again.test, again.classes]).toEqual([
      found.comparedWith.images,
      found.test,
      found.classes,
    ]);
    // A class that came to the data later is none of the model's, wherever its name stands.
    await cp(path('all', 'e'), path('images', '0-new'), { recursive: true });
    const later = JSON.parse((await run('watch', 'steps', '--against', 'all/e', '--json')).stdout);
    await rm(path('images', '0-new'), { recursive: true });
    const answersOf = ({ classes }: { classes: { class: string; after: number }[] }) =>
      Object.fromEntries(classes.map(({ class: name, after }) => [name, after]));
    expect(answersOf(later)).toEqual(answersOf(found));
  });

  it.each<[string, string[], RegExp]>([
    [
      'a fraction that is none',
      ['train', '--reject', '1.5'],
      /--reject: .*a number above 0 and below 1, received "1\.5"/,
    ],
    [
      'no images to find the threshold with',
      ['train', '--data', 'images', '--reject', '0.9'],
      /--reject: its threshold needs images that the model is not fitted on: .* Add --validation-split 0\.1\./,
    ],
    [
      'no folder of new images',
      ['watch', 'steps', '--against', 'nowhere'],
      /--against nowhere: there is no such folder/,
    ],
    [
      'no folder of unknown images, before the data is opened',
      ['evaluate', 'steps', '--unknown', 'nowhere', '--data', 'elsewhere'],
      /--unknown nowhere: there is no such folder/,
    ],
    [
      'a folder without images',
      ['evaluate', 'steps', '--unknown', 'steps'],
      /this folder contains no images/,
    ],
  ])('refuses %s with a sentence', async (_, args, sentence) => {
    expect(sentenceOf(await run(...args))).toMatch(sentence);
  });
});
