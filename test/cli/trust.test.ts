import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeModel } from '../../src/onnx/index.ts';
import { harrier, sentenceOf, workplace, writePictures } from './harrier.ts';

let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(args, { cwd: place.path });
const path = (...parts: string[]) => join(place.path, ...parts);
const json = async (...parts: string[]) => JSON.parse(await readFile(path(...parts), 'utf8'));
const training = ['--data', 'pictures', '--epochs', '2', '--batch-size', '8'];

beforeAll(async () => {
  place = await workplace();
  // So noisy that it cannot be learned by heart in two epochs: probabilities then tell models apart.
  await writePictures(path('pictures'), { perClass: 12, noise: 200 });
});
afterAll(() => place.remove());

describe('test-time augmentation', () => {
  beforeAll(async () => {
    await run('train', ...training, '--tta', 'flip', '--out', 'flipped');
    await run('train', ...training, '--out', 'plain');
    await copyFile(path('plain', 'model.onnx'), path('bare.onnx'));
    await copyFile(path('flipped', 'model.onnx'), path('bare-flipped.onnx'));
  });
  const evaluate = async (...args: string[]) => JSON.parse((await run('evaluate', ...args, '--json')).stdout);

  it('is part of the model that a run ends with, and of what is said about it', async () => {
    const evaluation = await json('flipped', 'evaluation.json');
    expect(evaluation.testTimeAugmentation).toBe('flip');
    expect((await json('plain', 'evaluation.json')).testTimeAugmentation).toBe('none');
    expect(await readFile(path('flipped', 'report.html'), 'utf8')).toContain('and its mirror image');
    expect(await readFile(path('flipped', 'README.md'), 'utf8')).toContain('and its mirror image');
    const again = await evaluate('flipped');
    expect([again.loss, again.testTimeAugmentation]).toEqual([evaluation.loss, 'flip']);
    expect((await run('evaluate', 'flipped')).stdout).toContain(
      'Test-time augmentation: the picture and its mirror image, averaged.',
    );
  });

  it('changes no step and no judgement of an epoch', async () => {
    const withoutTime = async (name: string) =>
      (await readFile(path(name, 'history.csv'), 'utf8')).replace(/[^,]*$/gm, '');
    expect(await withoutTime('flipped')).toBe(await withoutTime('plain'));
  });

  it('can be another for a run folder', async () => {
    const plain = await json('plain', 'evaluation.json');
    const flipped = await json('flipped', 'evaluation.json');
    expect(plain.loss).not.toBe(flipped.loss);
    expect((await evaluate('plain', '--tta', 'flip')).loss).toBe(flipped.loss);
    expect((await evaluate('flipped', '--tta', 'none')).loss).toBe(plain.loss);
    const shifted = await evaluate('plain', '--tta', 'flip-shift');
    expect(shifted.testTimeAugmentation).toBe('flip-shift');
    expect([plain.loss, flipped.loss]).not.toContain(shifted.loss);
  });

  it.each([
    ['bare.onnx', 'flip', 'expected --tta none, received --tta flip'],
    ['bare-flipped.onnx', 'none', 'expected --tta flip, received --tta none'],
  ])('of %s without its run cannot become %s', async (file, views, difference) => {
    const finished = await run('evaluate', file, '--data', 'pictures', '--tta', views);
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toMatch(
      new RegExp(
        `${file}: test-time augmentation is part of a model file.*: ${difference}\\. Leave --tta out`,
      ),
    );
  });

  it('that there is not', async () => {
    const finished = await run('evaluate', 'plain', '--tta', 'flop');
    expect(finished.code).toBe(2);
    expect(sentenceOf(finished)).toMatch(
      /unknown value of --tta "flop"\. Did you mean "flip"\? There are: none/,
    );
  });
});

describe('temperature scaling', () => {
  const split = ['--validation-split', '0.3'];
  beforeAll(async () => {
    await run('train', ...training, ...split, '--out', 'calibrated');
    await run('train', ...training, ...split, '--no-calibrate', '--out', 'raw');
  });

  it('is fitted on validation images, kept in the model, and told with what it changed', async () => {
    const { temperatureScaling: scaling, ...evaluation } = await json('calibrated', 'evaluation.json');
    const raw = await json('raw', 'evaluation.json');
    expect(scaling.temperature).toBeGreaterThan(0);
    expect(scaling.temperature).not.toBe(1);
    const { data } = await json('calibrated', 'run.json');
    expect(scaling.validation.images).toBe(data.validation.images);
    expect(scaling.validation.after.loss).toBeLessThan(scaling.validation.before.loss);
    expect(scaling.judged.before.loss).toBeCloseTo(raw.loss, 5);
    expect(scaling.judged.after.loss).toBe(evaluation.loss);
    expect(evaluation.matrix).toEqual(raw.matrix);
    const model = decodeModel(await readFile(path('calibrated', 'model.onnx')));
    expect(Number(model.metadata['harrier.temperature'])).toBe(scaling.temperature);
  });

  it('stays in force when the model is judged again, also with other views', async () => {
    const { temperatureScaling: own, loss } = await json('calibrated', 'evaluation.json');
    const again = JSON.parse((await run('evaluate', 'calibrated', '--json')).stdout);
    expect([again.loss, again.temperatureScaling]).toEqual([
      loss,
      { temperature: own.temperature, judged: own.judged },
    ]);
    const flipped = JSON.parse((await run('evaluate', 'calibrated', '--tta', 'flip', '--json')).stdout);
    expect(flipped.temperatureScaling.temperature).toBe(own.temperature);
    expect((await run('evaluate', 'calibrated')).stdout).toMatch(
      /^Calibration error [\d.]+% \([\d.]+% before the temperature [\d.]+\)\.$/m,
    );
  });

  it.each([
    ['raw', 'it was turned off with --no-calibrate'],
    [
      'plain',
      'no images were set aside for validation (--validation-split), and the test images choose nothing',
    ],
  ])('of %s was not fitted, and the report says why', async (name, reason) => {
    expect((await json(name, 'evaluation.json')).temperatureScaling).toEqual({ temperature: 1, reason });
    expect(await readFile(path(name, 'report.html'), 'utf8')).toContain(
      `No temperature was fitted: ${reason}.`,
    );
  });
});
