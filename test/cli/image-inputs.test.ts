/** All ways to name images on the command line, and files that commands leave alone. */
import { spawn } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Conv2D } from '../../src/layers/index.ts';
import { PROGRAM } from '../program.ts';
import { modelBytes } from '../server/serving.ts';
import { harrier, sentenceOf, withoutProgress, workplace, writeImage } from './harrier.ts';

let place: { path: string; remove: () => Promise<void> };
let server: Server;
let address: string;
const run = (...args: string[]) => harrier(args, { cwd: place.path });
const path = (...parts: string[]) => join(place.path, ...parts);
const files = ['a.png', 'b.png', 'c.png'];

beforeAll(async () => {
  place = await workplace();
  await writeFile(path('model.onnx'), modelBytes());
  for (const [i, name] of files.entries()) await writeImage(path('photos', name), 8, i, 0);
  await mkdir(path('photos', 'more'));
  await copyFile(path('photos', 'a.png'), path('photos', 'more', 'd.png'));
  await writeFile(path('photos', 'notes.txt'), 'no image');
  server = createServer(async (request, answer) => {
    const body = await readFile(path('photos', request.url!.slice(1))).catch(() => undefined);
    answer.writeHead(body ? 200 : 404).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server?.close();
  await place.remove();
});

interface Answer {
  readonly file: string;
  readonly predictions: readonly { readonly label: string; readonly probability: number }[];
  readonly error?: string;
}

async function answers(...args: string[]): Promise<Answer[]> {
  const { code, stdout, stderr } = await run('predict', 'model.onnx', ...args, '--json');
  expect([code, withoutProgress({ stderr })]).toEqual([0, '']);
  return JSON.parse(stdout);
}

describe('predict takes', () => {
  let alone: Answer;
  beforeAll(async () => {
    [alone] = await answers('photos/a.png');
  });

  it('a folder: every image below it', async () => {
    const found = await answers('photos');
    expect(found.map(({ file }) => file).sort()).toEqual([
      ...files.map((name) => `photos/${name}`),
      'photos/more/d.png',
    ]);
    expect(found.find(({ file }) => file === 'photos/a.png')).toEqual(alone);
  });

  it('a list of names in a file, thousands of them', async () => {
    const names = Array.from({ length: 2_000 }, (_, i) => `photos/${files[i % 3]}`);
    await writeFile(path('names.txt'), `${names.join('\n')}\n`);
    const found = await answers('--list', 'names.txt');
    expect(found.map(({ file }) => file)).toEqual(names);
    expect(found[3]).toEqual(alone);
  });

  it('more names than ONNX Runtime survives on a command line', async () => {
    const names = Array.from({ length: 1_700 }, (_, i) => `./photos/../photos/${files[i % 3]}`);
    expect(names.join(' ').length).toBeGreaterThan(29_000);
    expect(await answers(...names)).toHaveLength(names.length);
  });

  it('the address of an image', async () => {
    const [{ predictions }] = await answers(`${address}/a.png`);
    expect(predictions).toEqual(alone.predictions);
    const missing = await run('predict', 'model.onnx', `${address}/none.png`);
    expect([missing.code, sentenceOf(missing)]).toEqual([1, expect.stringMatching(/none\.png: .*404/)]);
  });

  it('an image, or names, from standard input', async () => {
    const piped = async (args: string[], input: Buffer | string) => {
      const child = spawn(process.execPath, [PROGRAM, 'predict', 'model.onnx', ...args, '--json'], {
        cwd: place.path,
      });
      let output = '';
      child.stdout.on('data', (text) => {
        output += text;
      });
      child.stdin.end(input);
      await new Promise((resolve) => child.on('close', resolve));
      return JSON.parse(output) as Answer[];
    };
    const [{ predictions }] = await piped(['-'], await readFile(path('photos', 'a.png')));
    expect(predictions).toEqual(alone.predictions);
    const listed = await piped(['--list', '-'], 'photos/b.png\r\nphotos/a.png\r\n');
    expect(listed.map(({ file }) => file)).toEqual(['photos/b.png', 'photos/a.png']);
    expect(listed[1]).toEqual(alone);
  });

  it('nothing that is no image, which is said', async () => {
    await mkdir(path('empty'));
    const finished = await run('predict', 'model.onnx', 'empty');
    expect([finished.code, sentenceOf(finished)]).toEqual([
      1,
      expect.stringMatching(/^empty: this folder contains no images: expected files/),
    ]);
  });
});

describe('explain', () => {
  it('never writes over an image, and bears the longest name that a file may have', async () => {
    const before = [new Conv2D({ filters: 4, kernelSize: 3, activation: 'relu' })];
    await writeFile(path('convolution.onnx'), modelBytes({ before }));
    const name = `${'n'.repeat(251)}.png`;
    await mkdir(path('explained'));
    await copyFile(path('photos', 'a.png'), path('explained', name));
    const image = await readFile(path('explained', name));
    const finished = await run('explain', 'convolution.onnx', `explained/${name}`, '--out', 'explained');
    expect([finished.code, withoutProgress(finished)]).toEqual([0, '']);
    expect((await readFile(path('explained', name))).equals(image)).toBe(true);
    const written = (await readdir(path('explained'))).filter((each) => each !== name);
    expect(written.length).toBeGreaterThan(0);
  });
});

describe('--force', () => {
  it('is wanted before a file is written over that no command of Harrier wrote', async () => {
    await writeFile(path('mine.onnx'), 'something of mine');
    const refused = await run('export', 'model.onnx', '--format', 'onnx-int8', '--out', 'mine.onnx');
    expect([refused.code, sentenceOf(refused)]).toEqual([
      2,
      expect.stringMatching(/mine\.onnx: this file exists, and harrier did not write it.* --force\.$/),
    ]);
    expect(await readFile(path('mine.onnx'), 'utf8')).toBe('something of mine');
  });
});
