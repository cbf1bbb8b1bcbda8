import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { harrier, workplace, writeImages } from './harrier.ts';

let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(args, { cwd: place.path });
const train = (...args: string[]) =>
  run(
    'train',
    ...['--data', 'images', '--set', 'units=32', '--set', 'filters=8', '--batch-size', '16'],
    ...args,
  );

beforeAll(async () => {
  place = await workplace();
  await writeImages(join(place.path, 'images'), { perClass: 40 });
});
afterAll(() => place.remove());

describe('train', () => {
  it('says once that a run is not learning, and what to try', async () => {
    const { code, stdout, stderr } = await train(
      '--learning-rate',
      '30',
      '--epochs',
      '5',
      '--out',
      'dead',
      '--json',
    );
    expect(code).toBe(0);
    const said = stderr.split('\n').filter((line) => line.startsWith('Not learning'));
    expect(said).toEqual([
      expect.stringMatching(
        /^Not learning so far: after 2 epochs the training loss is [\d.,]+; the same answer for every image gives 1\.09\d\. Try a lower --learning-rate, another --seed, more --epochs, or start from a finished model with --from\.$/,
      ),
    ]);
    expect(JSON.parse(stdout).notes).toContain(said[0]);
  });

  it('is silent about a run that learns', async () => {
    const { stdout, stderr } = await train(
      '--learning-rate',
      '0.05',
      '--epochs',
      '5',
      '--out',
      'alive',
      '--json',
    );
    expect(stderr).not.toContain('Not learning');
    const { testAccuracy, notes = [] } = JSON.parse(stdout);
    expect(testAccuracy).toBeGreaterThan(0.6);
    expect(notes.filter((note: string) => note.startsWith('Not learning'))).toEqual([]);
  });
});

describe('evaluate', () => {
  it('says that an uncalibrated model is far from what it says, and what to do', async () => {
    // Smoothed labels keep the probabilities of a model low that is right.
    const smoothed = ['--set', 'labelSmoothing=0.8', '--learning-rate', '0.05', '--epochs', '8'];
    const trained = await train(...smoothed, '--out', 'shy', '--json');
    const { notes, testAccuracy } = JSON.parse(trained.stdout);
    expect(testAccuracy).toBeGreaterThan(0.8);
    const evaluated = await run('evaluate', 'shy', '--json');
    const { notes: again, ...evaluation } = JSON.parse(evaluated.stdout);
    for (const said of [notes, again, [trained.stderr], [evaluated.stderr]]) {
      expect(said.at(-1)).toContain('Not calibrated: the accuracy is ');
      expect(said.at(-1)).toContain('--validation-split 0.1');
    }
    expect(evaluation).toEqual(JSON.parse(await readFile(join(place.path, 'shy/evaluation.json'), 'utf8')));
  });
});
