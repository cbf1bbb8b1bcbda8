import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { harrier, sentenceOf, workplace, writeImages } from './harrier.ts';

let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(args, { cwd: place.path });
const SMALL = ['--data', 'images', '--set', 'units=32', '--set', 'filters=8', '--batch-size', '16'];

beforeAll(async () => {
  place = await workplace();
  await writeImages(join(place.path, 'images'), { perClass: 40 });
});
afterAll(() => place.remove());

describe('lr-find', () => {
  it('finds a rate that trains, from a loss that explodes in the end', async () => {
    const { code, stdout, stderr } = await run(
      'lr-find',
      ...SMALL,
      '--to',
      '1000',
      '--steps',
      '120',
      '--json',
    );
    expect(code).toBe(0);
    const { suggested, lowest, ended, points } = JSON.parse(stdout);
    expect(ended).toBe('diverged');
    expect(points.length).toBeGreaterThan(30);
    expect(points.length).toBeLessThan(120);
    expect(points[0]).toMatchObject({ learningRate: 1e-5, loss: expect.closeTo(Math.log(3), 0) });
    expect(suggested).toBeGreaterThan(1e-4);
    expect(suggested).toBeLessThan(lowest);
    expect(stderr).toMatch(
      /Suggested learning rate: [\d.]+, a tenth of the rate at which the loss is lowest\./,
    );
    expect(stderr).toMatch(/The loss exploded at [\d.]+, as it should/);
    const image = await readFile(join(place.path, 'lr-find-keras-cnn.svg'), 'utf8');
    expect(image).toContain('falls fastest');

    const epochs = ['--epochs', '4', '--learning-rate', `${suggested}`, '--out', 'run', '--json'];
    const trained = await run('train', ...SMALL, ...epochs);
    expect(JSON.parse(trained.stdout).testAccuracy).toBeGreaterThan(0.6);
  });

  it('says so when no rate helps, and when the range is none', async () => {
    const slow = await run(
      'lr-find',
      ...SMALL,
      '--from',
      '1e-12',
      '--to',
      '1e-11',
      '--steps',
      '20',
      '--out',
      'slow.svg',
    );
    expect(slow.code).toBe(0);
    expect(slow.stdout).toContain('The loss did not fall at any of these rates.');
    const none = await run('lr-find', ...SMALL, '--from', '1', '--to', '0.1');
    expect(sentenceOf(none)).toMatch(/these learning rates are not a range: .*received 1 and 0\.1/);
    expect(none.code).toBe(2);
  });

  it('suggests nothing where the loss falls no further than it varies from batch to batch', async () => {
    // At these rates nothing is learned, and the losses of two images differ.
    const noise = ['--batch-size', '2', '--from', '1e-9', '--to', '1e-8', '--steps', '40', '--json'];
    const { code, stdout, stderr } = await run('lr-find', ...SMALL, ...noise, '--out', 'noise.svg');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ suggested: null, withinNoise: true });
    expect(stderr).toContain('these steps suggest no learning rate. Try more --steps');
  });
});
