/** `train --multi-label` as a user types it, on photos of which two stand side by side, and each command that reads it. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadClassifier } from '../../src/platform/node/run.ts';
import { shared } from '../shared.ts';
import { harrier, sentenceOf, succeeded, workplace, writeImages } from './harrier.ts';

const insects = shared('data/ants-bees/train');
const hands = shared('data/sign-digits');
const isThere = insects.isThere && hands.isThere;

/** What stands left and right: nothing is grey. */
const SIDES = [
  ['insect', 'hand'],
  ['hand', 'nothing'],
  ['nothing', 'insect'],
  ['nothing', 'nothing'],
] as const;
const [COUNT, SIDE] = [96, 24];
/** Where it says nothing of the model: a network of a hundredth of the weights. */
const NARROW = ['--set', 'filters=4', '--set', 'units=32'];

let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(args, { cwd: place.path });
const path = (...parts: string[]) => join(place.path, ...parts);
const json = async (...parts: string[]) => JSON.parse(await readFile(path(...parts), 'utf8'));
const said = async (...args: string[]) => sentenceOf(await run(...args));
const tagsOf = (i: number) => SIDES[i % SIDES.length].filter((each) => each !== 'nothing').sort();

async function photosIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  return entries
    .filter((name) => /\.(jpg|png)$/i.test(name))
    .sort()
    .map((name) => join(folder, name));
}

/** Photos of which each shows an insect, a hand, both or neither, and a list of what they show. */
async function writePhotos(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const photos = { insect: await photosIn(insects.path), hand: await photosIn(hands.path) };
  const half = (what: (typeof SIDES)[number][number], i: number) => {
    const size = { width: SIDE / 2, height: SIDE };
    if (what === 'nothing') return sharp({ create: { ...size, channels: 3, background: '#808080' } });
    return sharp(photos[what][(i * 7) % photos[what].length]).resize({ ...size, fit: 'cover' });
  };
  const lines = ['file,tags'];
  for (let i = 0; i < COUNT; i++) {
    const [left, right] = await Promise.all(
      SIDES[i % SIDES.length].map((what) => half(what, i).removeAlpha().png().toBuffer()),
    );
    await sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: '#000' } })
      .composite([
        { input: left, left: 0, top: 0 },
        { input: right, left: SIDE / 2, top: 0 },
      ])
      .png()
      .toFile(join(folder, `${i}.png`));
    lines.push(`${i}.png,${tagsOf(i).join(';')}`);
  }
  await writeFile(join(folder, 'tags.csv'), `${lines.join('\n')}\n`);
}

describe.runIf(isThere)('train --multi-label', () => {
  beforeAll(async () => {
    place = await workplace();
    await writePhotos(path('photos'));
    const common = ['--data', 'photos/tags.csv', '--epochs', '8', '--validation-split', '0.25'];
    succeeded(await run('train', ...common, '--multi-label', '--out', 'run'));
  });
  afterAll(() => place.remove());

  it('learns which labels an image has, and writes what it is worth', async () => {
    const { multiLabel, accuracy, matrix } = await json('run', 'evaluation.json');
    expect(multiLabel.meanAveragePrecision).toBeGreaterThan(0.85);
    expect(multiLabel.labels.map((row: { class: string }) => row.class)).toEqual(['hand', 'insect']);
    expect([matrix, multiLabel.thresholdImages > 10]).toEqual([[], true]);
    const record = await json('run', 'run.json');
    expect(record.options).toMatchObject({ multiLabel: true, loss: { name: 'binaryCrossentropy' } });
    expect(record.result.meanAveragePrecision).toBe(multiLabel.meanAveragePrecision);
    expect(record.result.testAccuracy).toBe(accuracy);
    const report = await readFile(path('run', 'report.html'), 'utf8');
    expect(report).toContain('Label by label');
    expect(report).not.toContain('Confusion matrix');
    const images = (await readFile(path('run', 'images.jsonl'), 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const { file, label } of images)
      expect(label).toBe(tagsOf(Number(/(\d+)\.png$/.exec(file)![1])).join(';'));
    expect(images).toHaveLength(COUNT);
  });

  it('is evaluated again as it was, and by the list of another folder', async () => {
    const own = await json('run', 'evaluation.json');
    const again = JSON.parse((await run('evaluate', 'run', '--json')).stdout);
    expect(again.multiLabel).toEqual(own.multiLabel);
    const some = [
      'file,tags',
      ...Array.from({ length: 12 }, (_, i) => `photos/${i}.png,${tagsOf(i).join(';')}`),
    ];
    await writeFile(path('some.csv'), some.join('\n'));
    const text = (await run('evaluate', 'run', '--data', 'some.csv')).stdout;
    expect(text).toMatch(/some\.csv.*: all 12 images|all 12 images/);
    expect(text).toMatch(/mAP [\d.]+%, micro F1 [\d.]+%; \d+ of 12 right in every label/);
  });

  it('says the labels of an image in every form', async () => {
    const { thresholds } = await loadClassifier(path('run', 'model.onnx'));
    const files = [0, 1, 2, 3].map((i) => `photos/${i}.png`);
    const answers = JSON.parse((await run('predict', 'run', ...files, '--json')).stdout);
    const table = (await run('predict', 'run', ...files, '--csv')).stdout.trim().split('\n');
    expect(table[0]).toBe('file,labels,hand,insect,error');
    const classifier = await loadClassifier(path('run', 'model.onnx'));
    const session = await ort.InferenceSession.create(path('run', 'model.onnx'));
    for (const [i, file] of files.entries()) {
      const { predictions, labels } = answers[i];
      const given = predictions.filter(
        ({ label, probability }: { label: string; probability: number }) =>
          probability >= thresholds![['hand', 'insect'].indexOf(label)],
      );
      expect(labels).toEqual(given.map(({ label }: { label: string }) => label));
      expect(table[i + 1].split(',')[1]).toBe(labels.join(';'));
      const small = await classifier.classify(path(file));
      expect(small.filter((each) => each.given).map(({ label }) => label)).toEqual(labels);
      const pixels = await sharp(path(file)).removeAlpha().raw().toBuffer();
      const image = new ort.Tensor('uint8', new Uint8Array(pixels), [1, SIDE, SIDE, 3]);
      const { probabilities } = await session.run({ image });
      for (const { label, probability } of predictions) {
        expect(probabilities.data[['hand', 'insect'].indexOf(label)]).toBeCloseTo(probability, 5);
      }
    }
    const every = Array.from({ length: COUNT }, (_, i) => `photos/${i}.png`);
    const all: { labels: string[] }[] = JSON.parse((await run('predict', 'run', ...every, '--json')).stdout);
    const right = all.filter(({ labels }, i) => labels.sort().join() === tagsOf(i).join());
    // By chance, a quarter would be.
    expect(right.length).toBeGreaterThan(0.4 * COUNT);
    expect((await run('predict', 'run', 'photos/3.png')).stdout).toContain('(below its threshold)');
  });

  it('goes on by the asymmetric loss, from a model of labels, and where it was stopped', async () => {
    const common = ['--data', 'photos/tags.csv', '--multi-label', '--loss', 'asymmetric'];
    succeeded(
      await run(
        'train',
        ...common,
        '--from',
        'run',
        '--epochs',
        '2',
        '--validation-split',
        '0.2',
        '--out',
        'tuned',
      ),
    );
    const { options, result } = await json('tuned', 'run.json');
    expect([options.loss, options.from.name]).toEqual([{ name: 'asymmetric' }, 'run']);
    expect(result.meanAveragePrecision).toBeGreaterThan(0.7);
    const resumed = await run('train', '--resume', 'tuned', '--epochs', '3', '--json');
    expect([resumed.code, JSON.parse(resumed.stdout).epochs]).toEqual([0, 3]);
    expect(await said('train', '--resume', 'tuned', '--loss', 'crossentropy')).toMatch(
      /--loss cannot change/,
    );
  });

  it('is exported as a folder for transformers.js and in fewer bits', async () => {
    succeeded(await run('export', 'run', '--format', 'transformers.js', '--out', 'hub'));
    const config = await json('hub', 'config.json');
    expect(config.problem_type).toBe('multi_label_classification');
    expect(config.harrier.thresholds).toHaveLength(2);
    const card = await readFile(path('hub', 'README.md'), 'utf8');
    expect(card).toContain('logits.sigmoid()');
    expect(card).toContain('any number of 2 labels: hand, insect');
    expect(card).toContain('type: mean_average_precision');
    // Read back, it gives labels, not one class.
    const said = async (model: string) =>
      JSON.parse((await run('predict', model, 'photos/0.png', '--json')).stdout)[0].predictions;
    const [own, back] = [await said('run'), await said('hub/onnx/model.onnx')];
    expect(back).toEqual(
      own.map((each: object) => expect.objectContaining({ ...each, probability: expect.any(Number) })),
    );
    for (const [i, { probability }] of back.entries()) expect(probability).toBeCloseTo(own[i].probability, 2);
    const small = JSON.parse((await run('export', 'run', '--format', 'onnx-int8', '--json')).stdout);
    expect(Math.abs(small.accuracy.after - small.accuracy.before)).toBeLessThan(0.2);
  });

  it('is explained, watched, compared and described', async () => {
    const explained = JSON.parse(
      (await run('explain', 'run', 'photos/0.png', '--class', 'hand', '--out', 'why', '--json')).stdout,
    );
    expect([explained[0].label, explained[0].map.length > 0]).toEqual(['hand', true]);
    const every = Array.from({ length: COUNT }, (_, i) => `photos/${i}.png`);
    const answers: { labels: string[] }[] = JSON.parse(
      (await run('predict', 'run', ...every, '--json')).stdout,
    );
    expect(explained[0].labels).toEqual(answers[0].labels);
    const bare = every[answers.findIndex(({ labels }) => labels.length === 0)];
    const { stdout } = await run('explain', 'run', bare, '--out', 'why');
    expect(stdout).toMatch(/: (hand|insect) [\d.]+% \(below its threshold\) {2}→/);
    const compared = await run('compare', 'run', 'tuned', '--out', 'compared.html');
    expect(compared.stdout).toMatch(/mAP +[\d.]+% +[\d.]+%/);
    const described = JSON.parse((await run('data', 'photos/tags.csv', '--multi-label', '--json')).stdout);
    const shown = (name: string) =>
      Array.from({ length: COUNT }, (_, i) => i).filter((i) => tagsOf(i).includes(name as never)).length;
    const totals = described.train.perClass.map(
      (count: number, i: number) => count + described.test.perClass[i],
    );
    expect(totals).toEqual([shown('hand'), shown('insect')]);
    const differ = JSON.parse((await run('data', 'diff', 'run', 'tuned', '--json')).stdout);
    expect([differ.came.length, differ.relabelled.length]).toEqual([0, 0]);
    const watched = JSON.parse((await run('watch', 'run', '--against', 'photos', '--json')).stdout);
    expect([watched.images, watched.classes]).toEqual([COUNT, []]);
  });

  it('is inspected: what to expect, by the features of the model in the package', async () => {
    const found = JSON.parse(
      (await run('inspect', 'photos/tags.csv', '--multi-label', '--image-size', '32', '--json')).stdout,
    );
    expect(found.multiLabel.meanAveragePrecision).toBeGreaterThan(0.8);
    expect(found.classes.map((each: { class: string }) => each.class)).toEqual(['hand', 'insect']);
    const page = await readFile(path('inspection.html'), 'utf8');
    expect([page.includes('Label by label'), page.includes('Expected mAP')]).toEqual([true, true]);
    await run('features', 'photos/tags.csv', '--multi-label', '--out', 'features.csv');
    const line = (await readFile(path('features.csv'), 'utf8'))
      .split('\n')
      .find((each) => /\/0\.png,/.test(each));
    expect(line!.split(',').slice(2, 4)).toEqual(['hand;insect', '0;1']);
  });

  it('is swept, and trained from several seeds', async () => {
    const common = ['--data', 'photos/tags.csv', '--multi-label', '--epochs', '1', ...NARROW];
    const swept = await run(
      'sweep',
      ...common,
      '--vary',
      'learningRate=0.01,0.05',
      '--parallel',
      '1',
      '--out',
      'swept',
      '--json',
    );
    expect([swept.code, JSON.parse(swept.stdout).trials.length]).toEqual([0, 2]);
    const seeds = await run('train', ...common, '--seeds', '2', '--out', 'seeds');
    expect([seeds.code, /2 seeds|mean/i.test(seeds.stdout)]).toEqual([0, true]);
  });

  it('goes on without validation images, where none were wanted', async () => {
    const whole = ['--validation-split', '0', '--epochs', '1', ...NARROW, '--out', 'unsplit'];
    succeeded(await run('train', '--data', 'photos/tags.csv', '--multi-label', ...whole));
    succeeded(await run('train', '--resume', 'unsplit', '--epochs', '2'));
  });

  it('is cross-validated: each image by models that had not seen it, and by thresholds of other images', async () => {
    const words = '--data photos/tags.csv --multi-label --epochs 2 --folds 2 --ensemble --out folded';
    const finished = await run('train', ...words.split(' '), ...NARROW);
    expect(finished.stdout).toMatch(/2-fold cross-validation, each image .*; mAP by fold: mean \d/);
    const { multiLabel, crossValidation, ...evaluation } = await json('folded', 'evaluation.json');
    expect([evaluation.total, crossValidation.total, crossValidation.correct]).toEqual([
      COUNT,
      COUNT,
      evaluation.correct,
    ]);
    expect(multiLabel.thresholdImages).toBe(COUNT);
    expect(crossValidation.meanAveragePrecision.perFold).toHaveLength(2);
    // The labels that a fold gives lie behind the thresholds that its own images choose.
    const rows = (await readFile(path('folded', 'out-of-fold.csv'), 'utf8')).trim().split('\n').slice(1);
    const right = rows.filter((row) => row.split(',')[2] === row.split(',')[3]);
    expect([rows.length, right.length]).toEqual([COUNT, evaluation.correct]);
    const { thresholds } = await loadClassifier(path('folded', 'model.onnx'));
    expect(thresholds).toEqual(multiLabel.labels.map(({ threshold }: { threshold: number }) => threshold));
  });

  it('refuses in one sentence what speaks of one class for each image', async () => {
    const list = ['train', '--data', 'photos/tags.csv', '--multi-label'];
    for (const [option, ...value] of [
      ['--reject', '0.9'],
      ['--class-weight', 'balanced'],
      ['--sampling', 'balanced'],
    ]) {
      expect(await said(...list, option, ...value)).toContain(
        `${option} and --multi-label cannot be combined`,
      );
    }
    expect(await said('train', '--data', 'photos/tags.csv', '--loss', 'asymmetric')).toBe(
      '--loss asymmetric: this loss is for images with several labels. Add --multi-label, or leave it out.',
    );
    await writeImages(path('folder'), { perClass: 4 });
    expect(await said('train', '--data', 'folder', '--multi-label')).toMatch(
      /^folder: no list says which labels its images have/,
    );
    expect(await said('train', '--data', 'cifar10', '--multi-label')).toMatch(
      /^cifar10: its images have one class each/,
    );
    expect(await said('evaluate', 'run', '--data', 'folder')).toMatch(
      /^folder: no list says which labels its images have/,
    );
    expect(await said('evaluate', 'run', '--cost', 'costs.csv')).toMatch(
      /^--cost: this model gives images any number of labels/,
    );
    expect(await said('predict', 'run', 'photos/0.png', '--sets', '0.9')).toMatch(
      /this model gives images any number of labels/,
    );
    expect(await said('predict', 'run', 'photos', '--sort', 'sorted')).toMatch(
      /this model gives images any number of labels, and a file lies in one folder\. Print the labels with --csv/,
    );
    await writeFile(path('stranger.csv'), 'file,tags\nphotos/0.png,hand;wheel\nphotos/1.png,hand\n');
    expect(await said('evaluate', 'run', '--data', 'stranger.csv')).toContain('"wheel"');
  });
});
