/** `train --time`: a head first, then all layers, and the better of the two is kept. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { random } from '../../src/data/random.ts';
import { newRun } from '../../src/platform/node/runs/new-run.ts';
import { harrier, sentenceOf, start, succeeded, workplace, writeImages } from '../cli/harrier.ts';

const SIDE = 12;
let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(args, { cwd: place.path });
const read = (...parts: string[]) => readFile(join(place.path, ...parts));
const json = async (...parts: string[]) => JSON.parse(`${await read(...parts)}`);

/** Stripes across and down, in noise: colours say nothing about the class. */
async function writeStripes(path: string, perClass: number): Promise<void> {
  for (const [label, name] of ['across', 'down'].entries()) {
    await mkdir(join(path, name), { recursive: true });
    for (let number = 0; number < perClass; number++) {
      const stream = random(label, 'stripes', number);
      const phase = stream.integer(4);
      const pixels = Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => {
        const pixel = Math.floor(i / 3);
        const place = label === 0 ? Math.floor(pixel / SIDE) : pixel % SIDE;
        return 60 + (((place + phase) >> 1) % 2) * 60 + stream.integer(130);
      });
      await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
        .png()
        .toFile(join(path, name, `${number}.png`));
    }
  }
}

beforeAll(async () => {
  place = await workplace();
  await writeImages(join(place.path, 'images'), { perClass: 40, side: SIDE, noise: 120 });
  await writeStripes(join(place.path, 'stripes'), 320);
  await writeImages(join(place.path, 'alike'), { perClass: 225, side: SIDE, noise: 250 });
  succeeded(await run('train', '--data', 'images', '--epochs', '3', '--out', 'first'));
});
afterAll(() => place.remove());

describe('train --time', () => {
  it('keeps all layers where they are better, and continues where it was killed between', async () => {
    const running = start(
      [
        ...['train', '--data', 'stripes', '--from', 'first', '--time', '2h', '--out', 'better'],
        ...['--log-to', 'csv'],
      ],
      { cwd: place.path },
    );
    await running.says('epoch  2/');
    running.process.kill('SIGKILL');
    const { stdout } = await running.finished;
    expect(stdout).toMatch(/\d+ of \d+ right: .*, with the head alone\. Its model is in better\./);
    const head = await read('better', 'model.onnx');
    expect((await json('better', 'run.json')).result.head.kind).toBe('linear');

    const resumed = await run('train', '--resume', 'better', '--log-to', 'csv');
    succeeded(resumed);
    expect(resumed.stdout).toContain('Resuming better: the head is fitted, training all layers comes next.');
    expect(resumed.stdout).toMatch(/\nepoch +[2-9]\/\d+ /);
    expect(resumed.stdout).not.toMatch(/\nepoch +1\/\d+ /);
    const { options, result } = await json('better', 'run.json');
    expect([options.head, options.from.trainable, options.time]).toEqual([undefined, 'all', 7200]);
    expect(result.compared.kept).toBe('fineTuned');
    expect(result.compared.fineTuned.accuracy).toBeGreaterThan(result.compared.head.accuracy);
    expect(resumed.stdout).toMatch(
      /\nCompared: head alone: .* of 100 validation images right .* Kept: all layers\.\n/,
    );
    expect(`${await read('better', 'report.html')}`).toContain('Kept: all layers');
    // The head is kept beside it, as the run that it was.
    expect((await read('better', 'head', 'model.onnx')).equals(head)).toBe(true);
    expect((await json('better', 'head', 'run.json')).result.head.kind).toBe('linear');
    // So is what a tracker wrote of it; the folder has that of the training of all layers.
    expect(`${await read('better', 'metrics.csv')}`.trim().split('\n').length).toBeGreaterThan(2);
    expect(await readdir(join(place.path, 'better', 'head'))).toContain('metrics.csv');
    expect((await readdir(join(place.path, 'better'))).sort()).toEqual(
      [
        ...[
          'README.md',
          'checkpoints',
          'evaluation.json',
          'head',
          'history.csv',
          'images.jsonl',
          'metrics.csv',
          'model.onnx',
        ],
        ...['predictions.csv', 'report.html', 'run.json'],
      ].sort(),
    );
    const evaluated = JSON.parse((await run('evaluate', 'better', '--json')).stdout);
    expect(evaluated.accuracy).toBe(result.testAccuracy);
    expect((await run('train', '--resume', 'better')).stdout).toContain(
      'better is finished: it has had its ',
    );
  });

  it('keeps the head where all layers are no better, with what was compared', async () => {
    const finished = await run(
      'train',
      '--data',
      'alike',
      '--from',
      'first',
      '--time',
      '120',
      '--json',
      '--out',
      'same',
    );
    expect(finished.code, finished.stderr).toBe(0);
    const printed = JSON.parse(finished.stdout);
    expect([printed.compared.kept, printed.compared.images, printed.head.kind]).toEqual([
      'head',
      100,
      'linear',
    ]);
    const { options, result } = await json('same', 'run.json');
    expect([options.head, options.time, result.compared]).toEqual(['linear', 7200, printed.compared]);
    expect(`${await read('same', 'report.html')}`).toContain('Kept: the head');
    expect((await json('same', 'fine-tuned', 'run.json')).result.compared.kept).toBe('head');
    expect((await run('train', '--resume', 'same')).stdout).toContain(
      'same is finished: its last layer was fitted',
    );
    expect(sentenceOf(await run('train', '--resume', 'same', '--epochs', '9'))).toContain(
      '--epochs: a head that is fitted on features has no epochs. Leave it out.',
    );
  });

  it('says why all layers are not trained', async () => {
    const few = await run('train', '--data', 'images', '--from', 'first', '--time', '2h', '--out', 'few');
    expect(few.code).toBe(0);
    expect(few.stderr).toContain(
      'All layers were not trained too: that helps with 500 training images or more, and there are ',
    );
    expect((await json('few', 'run.json')).result.compared).toBeUndefined();
  });

  it('refuses a time in which no epoch fits', async () => {
    const short = await run(
      'train',
      '--data',
      'images',
      '--recipe',
      'quick',
      '--time',
      '0.1s',
      '--out',
      'short',
    );
    expect(sentenceOf(short)).toMatch(
      /^--time: not even one epoch fits into this time: expected more than .* which an epoch takes on this machine, received 0.1 s/,
    );
    expect(await readdir(place.path)).not.toContain('short');
  });

  it('is not combined with a head that was asked for', async () => {
    const from = join(place.path, 'first');
    const refused = newRun({ data: 'stripes', from, head: 'linear', time: 60 });
    await expect(refused).rejects.toThrow(
      'a head that is fitted on features has no epochs to fit into a time',
    );
    const { options } = await newRun({ data: 'stripes', from, time: 60 });
    expect([options.time, options.thenFineTune]).toEqual([60, true]);
    expect((await newRun({ data: 'stripes', from, time: 60, trainable: 'all' })).options.thenFineTune).toBe(
      undefined,
    );
  });
});
