import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeAws, REGION } from '../sagemaker/fake/fake.ts';
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
    expect(again.stderr).toContain('8 lines of 1.jsonl are kept.');
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

  it('takes addresses of a list by leave, and resumes with them as with files', async () => {
    const files = Array.from({ length: 12 }, (_, i) => `images/cat/${i}.png`);
    const asked: string[] = [];
    const server = createServer(async ({ url = '' }, answer) => {
      asked.push(url);
      if (url === '/page')
        answer.writeHead(200, { 'content-type': 'text/html' }).end('<html>no image</html>');
      else answer.end(await readFile(path(url.slice(1))));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const aws = await FakeAws.start();
    try {
      aws.world.s3.buckets.set('photos', REGION);
      for (const [i, name] of files.entries()) {
        aws.world.s3.objects.set(`photos/new/${i}.png`, await readFile(path(name)));
      }
      aws.world.s3.objects.set('photos/new/notes.txt', Buffer.from('no image'));
      const origin = `http://localhost:${(server.address() as AddressInfo).port}`;
      const web = files.map((name) => `${origin}/${name}`);
      const list = [...web, files[0], `${origin}/page`, 's3://photos/new/', 's3://photos/none.png'];
      await writeFile(path('remote.txt'), list.join('\n'));
      const remote = (name: string, out: string, ...more: string[]) =>
        harrier(['predict', 'model', '--list', name, '--out', out, ...more], {
          cwd: place.path,
          environment: aws.environment,
        });
      const unasked = await remote('remote.txt', 'remote.jsonl');
      expect([unasked.code, sentenceOf(unasked)]).toEqual([
        2,
        `remote.txt: this list names addresses on the network: received ${web[0]}. If you trust the list, add --allow-remote.`,
      ]);
      expect(asked).toEqual([]);
      const leave = ['--allow-remote', '--allow-private', 'localhost'];
      const done = await remote('remote.txt', 'remote.jsonl', ...leave);
      expect([done.code, sentenceOf(done)]).toEqual([
        1,
        '2 of 27 images could not be read; their lines say why',
      ]);
      const whole = await text('remote.jsonl');
      const lines = whole
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      const inS3 = aws.world.s3.keys('photos/new/').filter((key) => key.endsWith('.png'));
      const names = [...list.slice(0, 14), ...inS3.map((key) => `s3://${key}`), list[15]];
      expect(lines.map(({ file }) => file)).toEqual(names);
      expect(lines[13].error).toMatch(/\/page: not an image: expected PNG/);
      expect(lines.at(-1).error).toBe(
        's3://photos/none.png: there is no such object in S3. Check the address.',
      );
      expect(lines[0].predictions).toEqual(lines[12].predictions);
      expect(lines[14].predictions).toEqual(lines[0].predictions);

      // A crash in the middle of a line: the images before it are not fetched again.
      await truncate(path('remote.jsonl'), whole.split('\n').slice(0, 5).join('\n').length + 30);
      asked.length = 0;
      await remote('remote.txt', 'remote.jsonl', ...leave);
      expect(await text('remote.jsonl')).toBe(whole);
      expect(asked.sort()).toEqual(
        [...web.slice(5).map((each) => each.slice(origin.length)), '/page'].sort(),
      );

      // The server is away for more images than can be gone: none of them is done.
      const { port } = server.address() as AddressInfo;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      const many = Array.from({ length: 70 }, (_, i) => (i < 3 ? files[i] : web[i % 12]));
      await writeFile(path('many.txt'), many.join('\n'));
      const away = await remote('many.txt', 'many.jsonl', ...leave);
      expect([away.code, sentenceOf(away)]).toEqual([
        1,
        expect.stringMatching(/67 images in a row: it cannot be/),
      ]);
      expect((await text('many.jsonl')).trim().split('\n')).toHaveLength(3);
      // Nor is any of a short list of which not one image came.
      await writeFile(path('short.txt'), web.slice(0, 3).join('\n'));
      const none = await remote('short.txt', 'short.jsonl', ...leave, '--skip-bad');
      expect([none.code, sentenceOf(none)]).toEqual([1, expect.stringContaining('3 images in a row')]);
      expect(await text('short.jsonl')).toBe('');
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      expect((await remote('short.txt', 'short.jsonl', ...leave)).code).toBe(0);
      expect((await remote('many.txt', 'many.jsonl', ...leave)).code).toBe(0);
      const all = (await text('many.jsonl'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(all.map(({ file, error }) => [file, error])).toEqual(many.map((name) => [name, undefined]));
    } finally {
      server.closeAllConnections();
      server.close();
      await aws.close();
    }
  });

  it('ends with success where images that cannot be read are expected', async () => {
    await writeFile(path('some.txt'), 'images/cat/0.png\nnone.png\n');
    const answered = await run(
      ...['predict', 'model', '--list', 'some.txt', '--out', 'some.jsonl', '--skip-bad'],
    );
    expect([answered.code, answered.stderr]).toEqual([
      0,
      expect.stringContaining('Note: 1 of 2 images could not be read; their lines say why.'),
    ]);
    expect((await run('predict', 'model', '--list', 'some.txt', '--out', 'some.jsonl')).code).toBe(1);
    const alone = await run('predict', 'model', '--list', 'some.txt', '--skip-bad');
    expect(sentenceOf(alone)).toContain(
      '--skip-bad: this option needs --out or --sort. Add --out answers.jsonl, or',
    );
  });

  it('leaves the file of answers as it is when the list cannot be read', async () => {
    await writeFile(path('kept.jsonl'), '{"file":"a.png"}\n');
    for (const bad of ['no.txt', 'images/cat/0.png']) {
      const answered = await run('predict', 'model', '--list', bad, '--out', 'kept.jsonl', '--force');
      expect(sentenceOf(answered)).toContain(bad);
      expect(await text('kept.jsonl')).toBe('{"file":"a.png"}\n');
      await run('predict', 'model', '--list', bad, '--out', 'none.jsonl');
      expect(existsSync(path('none.jsonl'))).toBe(false);
    }
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
    // Few images take other epochs in other batches: each trial is trained for as long as it would be alone.
    const few = ['--recipe', 'quick', '--data', 'images', '--image-size', '32', '--validation-split', '0.3'];
    await run('sweep', ...few, '--vary', 'batchSize=8,16', '--plan', 'few.jsonl');
    const alone = await run('train', ...few, '--batch-size', '8', '--dry-run', '--json');
    expect(JSON.parse((await text('few.jsonl')).split('\n')[0]).sweep.epochs).toBe(
      JSON.parse(alone.stdout).epochs,
    );
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
    await cp(path('images'), path('other'), { recursive: true });
    await rm(path('other/cat/0.png'));
    const elsewhere = await run(...trial(2, 'stopped'), '--data', 'other');
    expect(sentenceOf(elsewhere)).toContain('other');
    expect(elsewhere.code).not.toBe(0);
    // One that has not begun is as strict: trials on other images cannot be compared.
    expect(sentenceOf(await run(...trial(3, 'apart'), '--data', 'other'))).toContain(
      'these are not the images that the sweep was planned with: expected SHA-256',
    );
    expect((await run(...trial(2, 'stopped'))).code).toBe(0);
    const [a, b] = await Promise.all(
      ['runs', 'stopped'].map((runs) => readFile(path(runs, 'trial-2', 'predictions.csv'), 'utf8')),
    );
    expect(b).toBe(a);

    const collected = await run('sweep', '--plan', 'trials.jsonl', '--collect', 'runs');
    expect(collected.stdout).toMatch(/^dropout +validation/m);
    expect(collected.stderr).toContain('Note: 1 trial of 3 is not finished: 3.');
    expect((await text('runs/sweep.csv')).trim().split('\n')).toHaveLength(4);

    // A trial of another plan is no trial of this one, whatever its number.
    await run('sweep', ...settings, '--vary', 'dropout=0.1,0.9', '--plan', 'others.jsonl');
    const other = await run('sweep', '--plan', 'others.jsonl', '--trial', '1');
    expect(sentenceOf(other)).toContain(
      'runs/trial-1: this folder holds a run that is no trial of this plan. Choose another folder with --out.',
    );
    expect(sentenceOf(await run('sweep', '--plan', 'others.jsonl', '--collect', 'runs'))).toContain(
      'runs/trial-1: this folder holds a run that is no trial of this plan. Give the folder',
    );

    expect(sentenceOf(await run(...trial(1, 'runs'), '--epochs', '9'))).toContain(
      '--epochs has no use for a trial of a plan, which has its own options. Leave it out.',
    );
    expect(
      sentenceOf(await run(...['sweep', '--plan', 'x.jsonl', '--collect', 'runs', '--time', '1h'])),
    ).toContain('--time has no use where trials are only ranked.');
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
