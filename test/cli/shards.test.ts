import { readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { harrier, sentenceOf, start, workplace, writeImages } from './harrier.ts';

let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(args, { cwd: place.path });
const path = (...parts: string[]) => join(place.path, ...parts);
const text = (file: string) => readFile(path(file), 'utf8');
const CLASSES = ['cat', 'dog', 'ship'];

beforeAll(async () => {
  place = await workplace();
  await writeImages(path('images'), { perClass: 12 });
  await run('train', '--data', 'images', '--epochs', '1', '--batch-size', '8', '--out', 'model');
});
afterAll(() => place.remove());

describe('predict --shard --out', () => {
  it('divides a list, and goes on after a crash without doing or losing an image twice', async () => {
    const names = CLASSES.flatMap((name) => Array.from({ length: 12 }, (_, i) => `images/${name}/${i}.png`));
    // A name of another system's line ending, an empty line, a file that is gone, and no line break at the end.
    const all = [...names.slice(0, 20), 'gone.png', ...names.slice(20)];
    await writeFile(path('list.txt'), all.join('\r\n').replace('gone.png\r\n', 'gone.png\n\n'));
    const part = (number: number) =>
      run('predict', 'model', '--list', 'list.txt', '--shard', `${number}/3`, '--out', `${number}.jsonl`);
    const ended = [await part(1), await part(2), await part(3)];
    const answers = await Promise.all([1, 2, 3].map((number) => text(`${number}.jsonl`)));
    const lines = answers.map((each) =>
      each
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    );
    lines.forEach((each, i) => {
      expect(each.map(({ file }) => file)).toEqual(all.filter((_, at) => at % 3 === i));
    });
    const gone = all.indexOf('gone.png') % 3;
    expect(ended.map(({ code }) => code)).toEqual([0, 1, 2].map((i) => Number(i === gone)));
    expect(sentenceOf(ended[gone])).toBe('1 of 12 images could not be read; their lines say why');
    expect(lines[gone].find(({ file }) => file === 'gone.png')).toMatchObject({ error: expect.any(String) });
    // The same as of one image by itself.
    const [{ predictions }] = JSON.parse((await run('predict', 'model', all[0], '--json')).stdout);
    expect(lines[0][0].predictions[0].label).toBe(predictions[0].label);
    expect(lines[0][0].predictions[0].probability).toBeCloseTo(predictions[0].probability, 5);

    // A crash in the middle of the ninth line.
    const whole = answers[0].split('\n').slice(0, 8).join('\n').length + 1;
    await truncate(path('1.jsonl'), whole + 30);
    const again = await part(1);
    expect(again.stderr).toContain('8 answers of 1.jsonl are kept.');
    expect((await text('1.jsonl')).split('\n').map((line) => line.slice(0, 40))).toEqual(
      answers[0].split('\n').map((line) => line.slice(0, 40)),
    );
    // All is done: nothing is added.
    const before = await text('1.jsonl');
    await part(1);
    expect(await text('1.jsonl')).toBe(before);

    const other = await run('predict', 'model', '--list', 'list.txt', '--shard', '2/3', '--out', '1.jsonl');
    expect(sentenceOf(other)).toContain(
      '1.jsonl, line 1: this file holds no answers of this model to this list. Choose another file with --out',
    );
    await writeFile(path('notes.txt'), '{"mine": 1}');
    const mine = await run('predict', 'model', '--list', 'list.txt', '--out', 'notes.txt');
    expect(sentenceOf(mine)).toContain('notes.txt, line 1: this file holds no answers');
    expect(await text('notes.txt')).toBe('{"mine": 1}');
  });

  it('refuses parts that there are not, and lists that are not there', async () => {
    const shard = (part: string) => run('predict', 'model', '--list', 'list.txt', '--shard', part);
    expect(sentenceOf(await shard('17/16'))).toContain('there is no part 17 of 16: expected a part and the');
    expect(sentenceOf(await shard('0/16'))).toContain('such as 3/16 (the first is 1)');
    expect(sentenceOf(await run('predict', 'model', '--list', 'no.txt', '--out', 'x.jsonl'))).toContain(
      'no.txt',
    );
    expect(
      sentenceOf(await run('predict', 'model', '--list', 'list.txt', '--out', 'x.jsonl', '--csv')),
    ).toContain('--csv: --out writes lines of JSON, and takes no other format.');
  });
});

describe('sweep --plan', () => {
  it('trains trials apart, goes on with one that was stopped, and collects them', async () => {
    const settings = ['--data', 'images', '--epochs', '2', '--batch-size', '8', '--validation-split', '0.3'];
    const planned = await run('sweep', ...settings, '--vary', 'dropout=0,0.5,0.7', '--plan', 'trials.jsonl');
    expect(planned.stdout).toMatch(/^3 trials in trials\.jsonl\n/);
    const trial = (number: number, runs: string) => [
      'sweep',
      '--plan',
      'trials.jsonl',
      '--trial',
      `${number}`,
      '--out',
      runs,
    ];
    expect((await run(...trial(1, 'runs'))).code).toBe(0);
    expect((await run(...trial(2, 'runs'))).code).toBe(0);
    // Stopped in the middle, it ends as one that never was.
    const stopped = start(trial(2, 'stopped'), { cwd: place.path });
    await stopped.says('trial 2: dropout');
    stopped.process.kill('SIGTERM');
    await stopped.finished;
    expect((await run(...trial(2, 'stopped'))).code).toBe(0);
    const [a, b] = await Promise.all(
      ['runs', 'stopped'].map((runs) => readFile(path(runs, 'trial-2', 'predictions.csv'), 'utf8')),
    );
    expect(b).toBe(a);

    const collected = await run('sweep', '--plan', 'trials.jsonl', '--collect', 'runs');
    expect(collected.stdout).toMatch(/^dropout +validation/m);
    expect(collected.stderr).toContain('Note: 1 trial of 3 is not finished: 3.');
    expect((await text('runs/sweep.csv')).trim().split('\n')).toHaveLength(4);

    expect(sentenceOf(await run(...trial(4, 'runs')))).toContain(
      '--trial 4: the plan has no such trial: expected 1 to 3, received 4.',
    );
    await writeFile(path('half.jsonl'), (await text('trials.jsonl')).split('\n').slice(0, 2).join('\n'));
    expect(sentenceOf(await run('sweep', '--plan', 'half.jsonl', '--trial', '1'))).toContain(
      'half.jsonl: this plan is not whole: expected 3 trials, received 2.',
    );
    expect(sentenceOf(await run('sweep', '--trial', '1'))).toContain(
      '--trial needs the file of trials. Add --plan',
    );
    expect(
      sentenceOf(
        await run('sweep', ...settings, '--vary', 'dropout=0,0.5', '--halving', '--plan', 'x.jsonl'),
      ),
    ).toContain('--halving: halving compares trials while they train');
  });
});
