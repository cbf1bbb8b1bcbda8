import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { harrier, type Running, sentenceOf, workplace, writeImages } from '../cli/harrier.ts';
import { containerFolder, startContainer } from './container.ts';
import { freePort } from './fake/container.ts';

let place: { path: string; remove: () => Promise<void> };
let model: Buffer;
let image: Buffer;

beforeAll(async () => {
  place = await workplace();
  await writeImages(join(place.path, 'images'), { perClass: 6 });
  await harrier(['train', '--data', 'images', '--epochs', '1', '--out', 'run'], { cwd: place.path });
  model = await readFile(join(place.path, 'run', 'model.onnx'));
  image = await readFile(join(place.path, 'images', 'cat', '0.png'));
});
afterAll(() => place.remove());

describe('a container that serves', () => {
  let folder: Awaited<ReturnType<typeof containerFolder>>;
  let running: Running;
  let url: string;

  beforeAll(async () => {
    folder = await containerFolder({});
    await writeFile(folder.path('model', 'model.onnx'), model);
    await chmod(folder.path('model'), 0o555);
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    running = startContainer('serve', folder.base, { SAGEMAKER_BIND_TO_PORT: `${port}` });
    await running.says('"ready"');
  });
  afterAll(async () => {
    running.process.kill('SIGKILL');
    await running.finished;
    await folder.remove();
  });

  const ask = (headers: Record<string, string>) =>
    fetch(`${url}/invocations`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-image', ...headers },
      body: new Uint8Array(image),
    });

  it('answers pings with nothing', async () => {
    const answer = await fetch(`${url}/ping`);
    expect([answer.status, await answer.text()]).toEqual([200, '']);
  });

  it('gives probabilities, and echoes what the caller attached', async () => {
    const answer = await ask({ 'x-amzn-sagemaker-custom-attributes': 'trace-1' });
    expect(answer.headers.get('x-amzn-sagemaker-custom-attributes')).toBe('trace-1');
    const probabilities = (await answer.json()) as number[];
    expect(probabilities.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    const verbose = (await (await ask({ accept: 'application/json;verbose' })).json()) as {
      labels: string[];
    };
    expect(verbose.labels).toEqual(['cat', 'dog', 'ship']);
  });

  it('says how to send a batch: as many lines as fit, within 100 MB', async () => {
    const parameters = (await (await fetch(`${url}/execution-parameters`)).json()) as Record<string, number>;
    expect(parameters).toMatchObject({ BatchStrategy: 'MULTI_RECORD' });
    expect(parameters.MaxConcurrentTransforms * parameters.MaxPayloadInMB).toBeLessThanOrEqual(100);
  });

  it('writes nothing beside /tmp, and ends when it is told to', async () => {
    running.process.kill('SIGTERM');
    const { code, stderr } = await running.finished;
    expect([code, stderr]).toEqual([0, '']);
    const files = await readdir(folder.base, { recursive: true, withFileTypes: true });
    const names = files.filter((entry) => entry.isFile()).map(({ name }) => name);
    expect(names.sort()).toEqual([
      'hyperparameters.json',
      'inputdataconfig.json',
      'model.onnx',
      'resourceconfig.json',
    ]);
  });
});

it.each<[string, Record<string, string>, Record<string, string>, RegExp]>([
  [
    'no model',
    { 'weights.bin': 'x' },
    {},
    /the model archive contains no model\.onnx: expected .* received weights\.bin/,
  ],
  ['a file that is no model', { 'model.onnx': 'no model' }, {}, /model\.onnx: /],
  [
    'a port that is none',
    { 'model.onnx': 'x' },
    { SAGEMAKER_BIND_TO_PORT: '80800' },
    /SAGEMAKER_BIND_TO_PORT: this is not a port/,
  ],
])('fails with %s', async (_, files, environment, sentence) => {
  const folder = await containerFolder({});
  await mkdir(folder.path('model'), { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(folder.path('model', name), text);
  const port = `${await freePort()}`;
  const finished = await startContainer('serve', folder.base, {
    SAGEMAKER_BIND_TO_PORT: port,
    ...environment,
  }).finished;
  expect(finished.code).toBeGreaterThan(0);
  expect(sentenceOf(finished)).toMatch(sentence);
  await folder.remove();
});
