import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Finished, harrier, sentenceOf, start, workplace, writeImages } from './harrier.ts';

let place: { path: string; remove: () => Promise<void> };
const run = (...args: string[]) => harrier(args, { cwd: place.path });
const path = (...parts: string[]) => join(place.path, ...parts);
const SMALL = ['--data', 'images', '--set', 'units=8', '--set', 'filters=4', '--batch-size', '8'];
const POOLED = [
  ...['--recipe', 'record', '--set', 'width=8', '--set', 'growth=1'],
  ...['--epochs', '1', '--image-size', '16'],
];
const csv = async (folder: string) =>
  (await readFile(path(folder, 'sweep.csv'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => line.split(','));

beforeAll(async () => {
  place = await workplace();
  await writeImages(path('images'), { perClass: 40 });
  expect((await run('train', ...SMALL, '--epochs', '1', '--out', 'first')).code).toBe(0);
  const pooled = await run('train', ...POOLED, '--data', 'images', '--out', 'pooled');
  expect(pooled.code, pooled.stderr).toBe(0);
});
afterAll(() => place.remove());

it('varies heads and trained layers of a model, whose features are computed once', async () => {
  const finished = await run(
    ...[
      'sweep',
      '--from',
      'first',
      '--data',
      'images',
      '--vary',
      'trainable=head,last:2',
      '--batch-size',
      '24',
      '--merge',
      'pet=cat+dog',
      '--classes',
      'pet,ship',
    ],
    ...['--out', 'tuned', '--json'],
  );
  expect(finished.code, finished.stderr).toBe(0);
  const { ended, trials } = JSON.parse(finished.stdout);
  expect(ended).toBe('finished');
  expect(trials.map(({ state }: { state: string }) => state)).toEqual(['finished', 'finished']);
  const { command } = JSON.parse(await readFile(join(place.path, trials[0].folder, 'run.json'), 'utf8'));
  expect(command).toContain(`--merge '{"pet":["cat","dog"]}' --classes '["pet","ship"]'`);
});

it('varies models, and how images are resized', async () => {
  const vary = ['--vary', 'from=first,pooled', '--vary', 'resize=crop,pad'];
  const finished = await run('sweep', ...vary, '--data', 'images', '--out', 'models', '--json');
  expect(finished.code, finished.stderr).toBe(0);
  const { trials } = JSON.parse(finished.stdout);
  expect(trials.map(({ state }: { state: string }) => state)).toEqual(Array(4).fill('finished'));
  const pairs = trials.map(({ settings }: { settings: Record<string, string> }) => [
    settings.from.replace(/^.*?(first|pooled).*$/, '$1'),
    settings.resize,
  ]);
  expect(pairs.toSorted().join(' ')).toBe('first,crop first,pad pooled,crop pooled,pad');
});

it('varies sizes, of the same images, in trials of a plan', async () => {
  const sizes = await run(
    'sweep',
    '--from',
    'pooled',
    '--data',
    'images',
    '--vary',
    'imageSize=16,24',
    '--plan',
    'sizes.jsonl',
  );
  expect(sizes.code, sizes.stderr).toBe(0);
  const lines = (await readFile(path('sizes.jsonl'), 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(new Set(lines.map(({ trial }) => trial.data.validation)).size, 'other pixels').toBe(2);
  expect(lines.map(({ trial }) => trial.data.rules)).toEqual([4, 4]);
  for (const trial of ['1', '2']) {
    const { code, stderr } = await run('sweep', '--plan', 'sizes.jsonl', '--trial', trial);
    expect(code, stderr).toBe(0);
  }
  const collected = await run('sweep', '--plan', 'sizes.jsonl', '--collect', 'runs', '--json');
  expect(JSON.parse(collected.stdout).trials).toHaveLength(2);
  const record = JSON.parse(await readFile(path('runs', 'trial-2', 'run.json'), 'utf8'));
  expect(record.options.from.imageSize).toBe(24);
  expect(record.data.imageShape).toMatchObject({ height: 24, width: 24 });
});

describe('a sweep over a list', () => {
  let finished: Finished;
  beforeAll(async () => {
    const vary = ['--vary', 'activation=relu,tanh,sigmoid,elu,gelu', '--augment', 'flip'];
    finished = await run(
      'sweep',
      ...vary,
      '--epochs',
      '3',
      ...SMALL,
      '--parallel',
      '2',
      '--out',
      'list',
      '--json',
    );
  });

  it('trains every trial, stops the worse half early, and ranks them by validation images', async () => {
    expect(finished.code).toBe(0);
    const { ended, images, trials } = JSON.parse(finished.stdout);
    expect(ended).toBe('finished');
    // A tenth of about four fifths of 40 images in each of 3 classes.
    expect(images).toBeGreaterThan(5);
    expect(trials.map(({ epochs, state }: { epochs: number; state: string }) => [epochs, state])).toEqual([
      [3, 'finished'],
      [3, 'finished'],
      [2, 'stopped'],
      [1, 'stopped'],
      [1, 'stopped'],
    ]);
    expect(trials[0].score.accuracy).toBeGreaterThanOrEqual(trials[1].score.accuracy);
    expect(finished.stderr).toMatch(
      /halving: 5 until epoch 1, 3 until epoch 2, 2 until epoch 3: 10 epochs instead of 15/,
    );
    expect(finished.stderr).toContain('After 1 epoch the better 3 of 5 continue.');
    expect(finished.stderr).toMatch(/^trial 2\/5 {2}activation=tanh {2}1\/3 epochs {2}validation [\d.]+%$/m);
  });

  it('writes one table, one image, and a run folder for each trial', async () => {
    const files = await readdir(path('list'));
    expect(files.sort()).toEqual(
      ['sweep.csv', 'sweep.json', 'sweep.svg', ...[1, 2, 3, 4, 5].map((number) => `trial-${number}`)].sort(),
    );
    const [head, ...rows] = await csv('list');
    expect(head.slice(0, 3)).toEqual(['trial', 'activation', 'validation_accuracy']);
    expect(rows).toHaveLength(5);
    const image = await readFile(path('list', 'sweep.svg'), 'utf8');
    for (const name of ['relu', 'tanh', 'sigmoid', 'elu', 'gelu']) expect(image).toContain(`>${name}</text>`);
    expect(image).not.toMatch(/<script|href=/);
  });

  it('gives a trial what train would have given it: the recorded command makes it again', async () => {
    const best = rowsBest(await csv('list'));
    const record = JSON.parse(await readFile(path('list', best.folder, 'run.json'), 'utf8'));
    expect(record.options).toMatchObject({ validationSplit: 0.1, threads: 1, epochs: 3 });
    const words = record.command.split(' ').slice(2);
    words[words.indexOf('--out') + 1] = 'again';
    expect((await run(...words)).code).toBe(0);
    const history = async (folder: string) =>
      (await readFile(path(folder, 'history.csv'), 'utf8'))
        .split('\n')
        .map((line) => line.split(',').slice(0, 6));
    expect(await history('again')).toEqual(await history(join('list', best.folder)));
  });

  it('is finished when it goes on', async () => {
    const again = await run('sweep', '--resume', 'list', '--json');
    expect(JSON.parse(again.stdout)).toEqual(JSON.parse(finished.stdout));
  });
});

function rowsBest([head, best]: string[][]): Record<string, string> {
  return Object.fromEntries(head.map((name, i) => [name, best[i]]));
}

it('ends with the reason where its folder takes nothing more, and goes on after that', async () => {
  const vary = ['--vary', 'activation=relu,tanh,sigmoid', '--no-halving', '--parallel', '2'];
  const running = start(['sweep', ...vary, '--epochs', '1', ...SMALL, '--out', 'stuck'], { cwd: place.path });
  await running.says('evaluated on');
  // No file can take the place of a folder.
  await mkdir(path('stuck', 'sweep.csv', 'in-the-way'), { recursive: true });
  const { code, stderr } = await running.finished;
  expect([code, sentenceOf({ stderr })]).toEqual([
    1,
    expect.stringMatching(/sweep\.csv: it cannot be written/),
  ]);
  await rm(path('stuck', 'sweep.csv'), { recursive: true });
  const resumed = await run('sweep', '--resume', 'stuck', '--json');
  expect(JSON.parse(resumed.stdout).trials).toHaveLength(3);
});

describe('a sweep over ranges', () => {
  it('stops and saves when it is interrupted, and goes on to the same end', async () => {
    const options = [
      '--vary',
      'learningRate=log:1e-4..1e-1',
      '--vary',
      'activation=relu,tanh',
      '--trials',
      '3',
    ];
    const whole = run('sweep', ...options, '--epochs', '2', ...SMALL, '--out', 'whole', '--json');
    const running = start(['sweep', ...options, '--epochs', '2', ...SMALL, '--out', 'halted'], {
      cwd: place.path,
    });
    await running.says('trial 1/3');
    running.process.kill('SIGINT');
    const { code, stdout, stderr } = await running.finished;
    expect(code).toBe(130);
    expect(stderr).toContain('Stopped and saved.');
    expect(stdout).toContain('npx harrier sweep --resume halted');
    const resumed = await run('sweep', '--resume', 'halted', '--json');
    expect(resumed.code).toBe(0);
    const scores = ({ stdout: text }: Finished) =>
      JSON.parse(text).trials.map(({ settings, score }: { settings: object; score: object }) => [
        settings,
        score,
      ]);
    expect(scores(resumed)).toEqual(scores(await whole));
  });

  it('keeps on when a trial diverges, and ends when the time is up', async () => {
    const wild = await run(
      'sweep',
      '--vary',
      'learningRate=1e30,0.01',
      '--set',
      'activation=linear',
      '--epochs',
      '1',
      ...SMALL,
      '--out',
      'wild',
      '--json',
    );
    expect(wild.code).toBe(0);
    const [best, worst] = JSON.parse(wild.stdout).trials;
    expect([best.state, worst.state]).toEqual(['finished', 'failed']);
    expect(worst.message).toMatch(/the loss became/);

    const vary = ['--vary', 'learningRate=log:1e-4..1e-1', '--trials', '5'];
    const short = await run(
      'sweep',
      ...vary,
      '--epochs',
      '2000',
      ...SMALL,
      '--time',
      '3s',
      '--out',
      'short',
      '--json',
    );
    expect(short.code).toBe(0);
    expect(JSON.parse(short.stdout).ended).toBe('time');
    expect(short.stderr).toContain('npx harrier sweep --resume short');
  });
});

describe('a worker that is killed', () => {
  it('costs its trial alone, which is tried again when the sweep goes on', async () => {
    // So many that its first trial does not end before it is killed.
    const vary = ['--vary', 'dropout=0.1,0.2', '--epochs', '20'];
    const running = start(['sweep', ...vary, ...SMALL, '--out', 'killed', '--json'], { cwd: place.path });
    const isAlive = () => running.process.exitCode === null;
    // Long before it trains, so that no time is lost then.
    let worker = Number.NaN;
    while (Number.isNaN(worker) && isAlive()) {
      await sleep(50);
      const { stdout } = spawnSync('ps', ['-o', 'pid=,args=', '--ppid', `${running.process.pid}`]);
      const line = `${stdout}`.split('\n').find((each) => each.includes('sweep-worker'));
      worker = Number.parseInt(line ?? '', 10);
    }
    const isTraining = () => existsSync(path('killed', 'trial-1', 'history.csv'));
    while (!isTraining() && isAlive()) await sleep(5);
    process.kill(worker, 'SIGKILL');
    const first = await running.finished;
    expect(first.code).toBe(0);
    const [best, failed] = JSON.parse(first.stdout).trials;
    expect([best.number, failed.number, failed.state]).toEqual([2, 1, 'failed']);
    expect(failed.message).toMatch(/its process was ended by SIGKILL; was there enough memory\?/);
    expect(first.stderr).toContain('npx harrier sweep --resume killed');
    const again = await run('sweep', '--resume', 'killed', '--json');
    expect(JSON.parse(again.stdout).trials.map(({ state }: { state: string }) => state)).toEqual([
      'finished',
      'finished',
    ]);
  });
});

describe('wrong usage', () => {
  it.each<[string, string[], RegExp]>([
    [
      'a model that is given and varies',
      ['--from', '--vary', 'from=first,second'],
      /^--vary: from is set by --from and by --vary\. Leave out one of the two\.$/,
    ],
    [
      'an address whose signature the files would hold',
      ['--vary', 'from=https://example.org/a.onnx?key=1'],
      /--vary from: an address with a password or a signature cannot vary: received https:\/\/example\.org\/a\.onnx\. Download/,
    ],
    [
      'a part that only fine-tuning has',
      ['--vary', 'head=linear,mlp'],
      /head varies only where a model is fine-tuned\. Name the model: --from MODEL\.$/,
    ],
    [
      'an option of fine-tuning that is given and varies',
      ['--from', 'first', '--trainable', 'all', '--vary', 'trainable=head,all'],
      /trainable is set by --trainable and by --vary/,
    ],
    [
      'a part that there is not',
      ['--from', 'first', '--vary', 'trainable=head,neck'],
      /^--vary trainable: .*expected head, all, or a number of last layers such as last:2, received "neck"/,
    ],
    [
      'halving of trials of different lengths',
      ['--from', 'first', '--halving', '--vary', 'trainable=head,last:2'],
      /^--halving: these trials take different numbers of epochs/,
    ],
    ['nothing varies', [], /no setting varies\. Give one or more, such as --vary/],
    [
      'a value that there is not',
      ['--vary', 'activation=relu,tahn'],
      /unknown activation "tahn"\. Did you mean "tanh"\?/,
    ],
    ['no trials', ['--vary', 'units=3,4', '--trials', '0'], /--trials: .*at least 1, received "0"/],
    [
      'no time',
      ['--vary', 'units=3,4', '--time', 'soon'],
      /--time: .*expected a time, such as 90s, 1h30m or 2d/,
    ],
    [
      'more time than there is',
      ['--vary', 'units=3,4', '--time', '600h'],
      /--time: .*or 2d, of at most 24d, received "600h"/,
    ],
    [
      'set and varied',
      ['--vary', 'learningRate=0.1,0.2', '--learning-rate', '0.1'],
      /learningRate is set by --set and by --vary/,
    ],
    [
      'more workers than cores',
      ['--vary', 'units=3,4', '--parallel', '999'],
      /--parallel: there are fewer cores: expected at most \d+/,
    ],
    [
      'other options with --resume',
      ['--resume', 'list', '--epochs', '9'],
      /keeps its own options: --epochs cannot change/,
    ],
  ])('%s', async (_, args, sentence) => {
    const data = args.includes('--resume') ? [] : ['--data', 'images'];
    const finished = await run('sweep', ...args, ...data);
    expect(sentenceOf(finished)).toMatch(sentence);
    expect(finished.code).toBe(2);
    expect(finished.stdout).toBe('');
  });

  it('a folder of no sweep', async () => {
    const finished = await run('sweep', '--resume', 'images');
    expect(sentenceOf(finished)).toMatch(/this is not a sweep folder: it has no sweep\.json/);
    expect(finished.code).toBe(1);
  });
});
