/** `train --from … --trainable head` as a user types it: features first, then a head on them. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { trainedNetwork } from '../../src/models/index.ts';
import { decodeModel } from '../../src/onnx/index.ts';
import { harrier, sentenceOf, start, succeeded, workplace, writeImages } from '../cli/harrier.ts';

let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(args, { cwd: place.path });
const train = (...args: string[]) => run('train', '--data', 'others', ...args);
const read = (...parts: string[]) => readFile(join(place.path, ...parts));
const json = async (...parts: string[]) => JSON.parse(`${await read(...parts)}`);
const learned = async (name: string) =>
  trainedNetwork(decodeModel(await read(name, 'model.onnx'), name), name);

/** A run that was killed on the way. On a busy machine the signal may come after its end, so there are several. */
async function cutRun(): Promise<string> {
  for (let i = 1; i <= 5; i++) {
    const name = `cut-${i}`;
    const running = start(['train', '--data', 'others', '--from', 'first', '--out', name], {
      cwd: place.path,
    });
    await running.says(name);
    running.process.kill('SIGKILL');
    if ((await running.finished).signal === 'SIGKILL') return name;
  }
  throw new Error('every run ended before it was killed');
}

beforeAll(async () => {
  place = await workplace();
  await writeImages(join(place.path, 'images'), { perClass: 40, side: 12, noise: 120 });
  await writeImages(join(place.path, 'others'), {
    classes: ['leaf', 'stone', 'water'],
    perClass: 30,
    side: 20,
  });
  // Few features: every head is fitted on them.
  const narrow = ['--set', 'filters=8', '--set', 'units=64'];
  succeeded(await run('train', '--data', 'images', ...narrow, '--epochs', '3', '--out', 'first'));
});
afterAll(() => place.remove());

describe('train --from', () => {
  it('fits a linear head on the features, whose strength cross-validation chose', async () => {
    const finished = await train('--from', 'first', '--out', 'linear');
    succeeded(finished);
    expect(finished.stdout).toContain('from first: a linear head is fitted on its features');
    expect(finished.stdout).toMatch(
      /linear head, C [\d.e-]+ by 5-fold cross-validation \([\d.]+% accuracy on held-out images\) in /,
    );
    const { options, result } = await json('linear', 'run.json');
    expect([options.head, options.from.trainable, result.testAccuracy > 0.9]).toEqual([
      'linear',
      'head',
      true,
    ]);
    expect(result.head.scores.map(({ c }: { c: number }) => c)).toContain(result.head.c);
    const [before, after] = [await learned('first'), await learned('linear')];
    expect(after.weights.get('conv2d/kernel')).toEqual(before.weights.get('conv2d/kernel'));
    expect(after.network.outputSize).toBe(3);
    expect((await readdir(join(place.path, 'linear'))).sort()).toEqual(
      [
        ...['README.md', 'evaluation.json', 'history.csv', 'images.jsonl', 'model.onnx'],
        ...['predictions.csv', 'report.html', 'run.json'],
      ].sort(),
    );
  });

  it('says of the images what the model says of them, though they went through the network once', async () => {
    const own = await json('linear', 'evaluation.json');
    const again = await run('evaluate', 'linear', '--json');
    const { loss, matrix, predictionSets } = JSON.parse(again.stdout);
    expect(matrix).toEqual(own.matrix);
    expect(loss).toBeCloseTo(own.loss, 5);
    expect(predictionSets.calibrationImages).toBe(own.predictionSets.calibrationImages);
  });

  it('gives the same model for the same command, and in a cut run that is resumed', async () => {
    succeeded(await train('--from', 'first', '--out', 'again'));
    const model = await read('linear', 'model.onnx');
    expect((await read('again', 'model.onnx')).equals(model)).toBe(true);
    const cut = await cutRun();
    succeeded(await run('train', '--resume', cut));
    expect((await read(cut, 'model.onnx')).equals(model)).toBe(true);
    expect((await run('train', '--resume', 'linear')).stdout).toMatch(
      /linear is finished: its last layer was fitted/,
    );
  });

  it('takes class weights, label smoothing, validation images and other kinds of heads', async () => {
    const options = ['--validation-split', '0.2', '--augment', 'none'];
    succeeded(await train('--from', 'first', '--head', 'centroid', ...options, '--out', 'centroid'));
    const { options: kept, result } = await json('centroid', 'run.json');
    expect([kept.head, kept.augmentation, result.head]).toEqual(['centroid', [], { kind: 'centroid' }]);
    expect(result.testAccuracy).toBeGreaterThan(0.9);
    const [, line] = `${await read('centroid', 'history.csv')}`.split('\n');
    expect(line.split(',')[4], 'validation accuracy').not.toBe('');
    const refused = await train('--from', 'first', '--head', 'centroid', '--class-weight', 'leaf=3');
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringContaining('has no use for class weights'),
    ]);
    const smooth = ['--class-weight', 'leaf=3', '--set', 'labelSmoothing=0.1', '--seeds', '2'];
    const seeds = await train('--from', 'first', ...smooth, '--out', 'seeds');
    expect(seeds.code, seeds.stderr).toBe(0);
  });

  it('fits a head with a hidden layer, and runs, evaluates and trains on from it as from any', async () => {
    expect((await train('--from', 'first', '--head', 'mlp', '--out', 'mlp')).code).toBe(0);
    const { result, network } = await json('mlp', 'run.json');
    const losses = result.head.heldOut.map(({ loss }: { loss: number }) => loss);
    expect(result.head.epochs).toBe(losses.indexOf(Math.min(...losses)) + 1);
    expect(result.testAccuracy).toBeGreaterThan(0.9);
    expect(network.layers.slice(-3).map(({ layer }: { layer: string }) => layer)).toEqual([
      'Dense',
      'Dropout',
      'Dense',
    ]);
    const own = await json('mlp', 'evaluation.json');
    const again = JSON.parse((await run('evaluate', 'mlp', '--json')).stdout);
    expect(again.matrix).toEqual(own.matrix);
    expect(again.loss).toBeCloseTo(own.loss, 5);
    expect((await train('--from', 'mlp', '--head', 'mlp', '--out', 'deeper')).code).toBe(0);
    expect((await json('deeper', 'run.json')).result.testAccuracy).toBeGreaterThan(0.9);
  });

  it('trains by steps where options of that are given, as before', async () => {
    succeeded(await train('--from', 'first', '--epochs', '1', '--out', 'steps'));
    const { options } = await json('steps', 'run.json');
    expect([options.head, options.epochs]).toEqual([undefined, 1]);
    expect(await readdir(join(place.path, 'steps'))).toContain('checkpoints');
    // A head sees images mirrored left to right, not upside down.
    succeeded(await train('--from', 'first', '--augment', 'flip-vertical', '--out', 'upside-down'));
    const { options: own } = await json('upside-down', 'run.json');
    expect([own.head, own.augmentation]).toEqual([undefined, [{ name: 'RandomFlip', mode: 'vertical' }]]);
  });

  it.each<[string, string[], RegExp]>([
    [
      'a head and epochs',
      ['--head', 'linear', '--epochs', '3'],
      /^--epochs: a head that is fitted on features is not/,
    ],
    [
      'a head and more layers',
      ['--head', 'linear', '--trainable', 'all'],
      /^--head and --trainable cannot be combined: received --trainable all/,
    ],
    ['an unknown head', ['--head', 'linar'], /unknown value of --head "linar"\. Did you mean "linear"\?/],
  ])('refuses %s', async (_, args, sentence) => {
    const finished = await train('--from', 'first', ...args, '--out', 'refused');
    expect([finished.code, sentenceOf(finished)]).toEqual([2, expect.stringMatching(sentence)]);
  });

  it('has no use for --head without --from', async () => {
    const finished = await train('--head', 'linear', '--out', 'refused');
    expect([finished.code, sentenceOf(finished)]).toEqual([2, expect.stringMatching(/^--head: /)]);
  });
});
