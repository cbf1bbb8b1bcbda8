import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Metrics } from '../../src/server/metrics.ts';
import { LoadedModels } from '../../src/server/multi-model/loaded-models.ts';
import { serveModels } from '../../src/server/multi-model/serve-models.ts';
import { WorkerPool } from '../../src/server/pool/pool.ts';
import { encode, metric, modelBytes, noise, post } from './serving.ts';

// Models that come and go, by SageMaker's contract for multi-model endpoints.

let folder: string;
let server: Awaited<ReturnType<typeof serveModels>>;
let image: Buffer;
const OTHERS = ['left', 'right'];
const url = (path: string) => `${server.url}${path}`;
const load = (name: string, kind = name) =>
  post(url('/models'), JSON.stringify({ model_name: name, url: join(folder, kind) }));
const said = async (answer: Response) => [answer.status, (await answer.json()).message];
const ask = (name: string) =>
  post(url(`/models/${name}/invoke`), image, {
    'content-type': 'application/x-image',
    accept: 'application/json;verbose',
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-models-'));
  const files = {
    pets: modelBytes(),
    signs: modelBytes({ classes: OTHERS, seed: 2 }),
    broken: modelBytes().subarray(0, 200),
  };
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'model.onnx'), bytes);
  }
  image = await encode(noise(1));
  const findModel = async (place: string) => join(place, 'model.onnx');
  server = await serveModels({ findModel, port: 0, maxModels: 2, graceMs: 0, deadlineMs: 110_000 });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

it('loads models, which answer side by side, up to its limit; unloaded, they make room', async () => {
  expect((await fetch(url('/ping'))).status).toBe(200);
  expect((await Promise.all([load('pets'), load('signs')])).map(({ status }) => status)).toEqual([200, 200]);
  expect(await (await fetch(url('/models'))).json()).toEqual({
    models: expect.arrayContaining([{ modelName: 'pets', modelUrl: join(folder, 'pets') }]),
  });
  const [pets, signs] = await Promise.all(['pets', 'signs'].map(async (name) => (await ask(name)).json()));
  expect([pets.labels, signs.labels]).toEqual([['cat', 'dog', 'ship'], OTHERS]);
  expect(await said(await load('pets'))).toEqual([409, expect.stringMatching(/^pets: .*loaded already/)]);
  expect(await said(await load('more', 'pets'))).toEqual([
    507,
    expect.stringMatching(/no room for another model: expected at most 2 .* received 2 loaded/),
  ]);
  expect(await metric(server.url, 'harrier_workers')).toBe(2);
  expect((await fetch(url('/models/signs'), { method: 'DELETE' })).status).toBe(200);
  expect(await metric(server.url, 'harrier_workers')).toBe(1);
  for (const answer of [
    await ask('signs'),
    await fetch(url('/models/signs')),
    await fetch(url('/models/signs'), { method: 'DELETE' }),
  ]) {
    expect(await said(answer)).toEqual([404, expect.stringMatching(/^signs: no model of this name/)]);
  }
  // A name may hold anything.
  expect((await load('a b/ü%', 'pets')).status).toBe(200);
  const place = url(`/models/${encodeURIComponent('a b/ü%')}`);
  expect(await (await fetch(place)).json()).toMatchObject({ modelName: 'a b/ü%' });
  expect((await fetch(place, { method: 'DELETE' })).status).toBe(200);
});

it.each<[string, string | undefined, RegExp]>([
  ['no JSON', 'garbage', /^body: not JSON/],
  ['nothing', undefined, /^body: this does not say which model to load: expected \{"model_name"/],
  ['no name', '{"url": "/x"}', /^body: this does not say which model/],
  ['a name that no URL can have', '{"model_name": "..", "url": "/x"}', /^body: this does not say which/],
  ['a folder that is not there', '{"model_name": "x", "url": "/nowhere/x"}', /nowhere.*no such file/],
  [
    'a file that is cut off',
    '{"model_name": "x", "url": "FOLDER/broken"}',
    /not an ONNX model, or it is cut off/,
  ],
])('refuses to load %s, and holds nothing of it', async (_, body, sentence) => {
  const answer = await fetch(url('/models'), { method: 'POST', body: body?.replace('FOLDER', folder) });
  expect(await said(answer)).toEqual([400, expect.stringMatching(sentence)]);
  const { models } = await (await fetch(url('/models'))).json();
  expect(models.map(({ modelName }: { modelName: string }) => modelName)).not.toContain('x');
});

it('takes the words of its own routes for names', async () => {
  expect(await said(await ask(':name'))).toEqual([
    404,
    expect.stringMatching(/^:name: no model of this name/),
  ]);
  expect((await fetch(url('/ping'))).status).toBe(200);
});

it('names the way to a model where a request has none', async () => {
  const answer = await post(url('/invocations'), image, { 'content-type': 'application/x-image' });
  expect(await said(answer)).toEqual([404, expect.stringMatching(/expected POST \/models\/NAME\/invoke/)]);
});

it('loads nothing that the memory has no room for, and gives memory back; closed while it loads, it ends', async () => {
  const limits = { maxQueue: 8, maxBatch: 1, maxDelayMs: 0, maxPixels: 1e6, log: () => {} };
  const metrics = new Metrics();
  let used = 990 * 2 ** 20;
  let reading!: () => void;
  const isReading = new Promise<void>((resolve) => {
    reading = resolve;
  });
  const models = new LoadedModels({
    most: 9,
    memory: () => ({ limit: 1000 * 2 ** 20, used }),
    pool: () => new WorkerPool({ workers: 1, threads: 1, ...limits, metrics }),
    read: async (file) => {
      reading();
      return { file, bytes: modelBytes() };
    },
  });
  await expect(models.load('a', 'x')).rejects.toMatchObject({
    status: 507,
    message: expect.stringMatching(/expected 50 MiB free of the 850 MiB .*received 990 MiB in use/),
  });
  used = 700 * 2 ** 20;
  const loading = Promise.allSettled(['a', 'b', 'c'].map((name) => models.load(name, 'x')));
  await isReading;
  await expect(models.load('a', 'x')).rejects.toMatchObject({ status: 409 });
  await expect(models.load('d', 'x')).rejects.toMatchObject({ status: 507 });
  await models.close();
  expect((await loading).every(({ status }) => status === 'rejected')).toBe(true);
  expect(models.all).toEqual([]);
  await expect(models.load('e', 'x')).rejects.toMatchObject({ code: 'overloaded' });
});
