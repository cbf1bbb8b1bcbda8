import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenAppOptions, type OpenedApp, openApp } from '../../src/server/index.ts';
import {
  CLASSES,
  encode,
  modelBytes,
  noise,
  post,
  putFile,
  type Serving,
  serving,
  slowModelBytes,
  unrunnable,
  until,
} from './serving.ts';

// A model among the routes of another server.

let folder: string;
let modelFile: string;
let body: Buffer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-app-'));
  modelFile = join(folder, 'model.onnx');
  await writeFile(modelFile, modelBytes());
  body = await encode(noise(1));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A request as it comes by a name that no loopback address has. */
function asking(path = 'invocations', headers: Record<string, string> = {}): Request {
  const url = `https://app.example.org/${path}`;
  if (path !== 'invocations') return new Request(url, { headers });
  return new Request(url, {
    method: 'POST',
    body: new Uint8Array(body),
    headers: { 'content-type': 'image/png', ...headers },
  });
}

async function metric(app: OpenedApp, name: string): Promise<number> {
  const text = await (await app.fetch(asking('metrics'))).text();
  return Number(new RegExp(`^${name} (.+)$`, 'm').exec(text)?.[1]);
}

const small = (options: Partial<OpenAppOptions> = {}) =>
  openApp({ modelFile, workers: 1, deadlineMs: 110_000, ...options });

describe('an app without a socket', () => {
  let app: OpenedApp;
  let server: Serving;
  let expected: number[];
  beforeAll(async () => {
    app = await small();
    server = await serving();
    expected = await (await post(`${server.server.url}/invocations`, body)).json();
  });
  afterAll(() => Promise.all([app?.close(), server?.end()]));

  /** Asks over a socket. */
  async function posted(listener: RequestListener, path: string): Promise<Response> {
    const around = createServer(listener);
    await new Promise<void>((resolve) => around.listen(0, '127.0.0.1', resolve));
    try {
      return await post(`http://127.0.0.1:${(around.address() as AddressInfo).port}${path}`, body);
    } finally {
      around.close();
    }
  }

  it('answers requests by any name as the server does, with the same model', async () => {
    const { fetch } = app;
    const answer = await fetch(asking());
    expect([answer.status, await answer.json()]).toEqual([200, expected]);
    expect(app.model).toMatchObject({ classNames: CLASSES, version: server.server.model.version });
    expect((await fetch(asking('readyz'))).status).toBe(200);
    expect((await fetch(asking('nowhere'))).status).toBe(404);
  });

  it('can be mounted in an app of Hono, and in one of Node', async () => {
    const mounted = new Hono().get('/', (context) => context.text('mine')).mount('/model', app.fetch);
    expect(await (await mounted.request('/')).text()).toBe('mine');
    const answers = [
      await posted(getRequestListener(mounted.fetch), '/model/invocations'),
      await posted(getRequestListener(app.fetch), '/invocations'),
    ];
    for (const answer of answers) expect([answer.status, await answer.json()]).toEqual([200, expected]);
  });
});

it('wants the token where there is one', async () => {
  const app = await small({ token: 'secret' });
  expect((await app.fetch(asking())).status).toBe(401);
  expect((await app.fetch(asking('invocations', { authorization: 'Bearer secret' }))).status).toBe(200);
  await app.close();
});

it('follows the file of its model', async () => {
  const changing = join(folder, 'changing.onnx');
  await putFile(changing, modelBytes());
  const app = await small({ modelFile: changing, watchMs: 20 });
  const { version } = app.model;
  await putFile(changing, modelBytes({ seed: 2, classes: ['cat', 'dog'] }));
  await until(() => app.model.version !== version, 'the new model is loaded');
  expect(await (await app.fetch(asking())).json()).toHaveLength(2);
  await app.close();
});

it('answers what waits when it is closed, and nothing after', async () => {
  await writeFile(join(folder, 'slow.onnx'), slowModelBytes());
  const events: [string, unknown][] = [];
  const app = await small({
    modelFile: join(folder, 'slow.onnx'),
    maxBatch: 1,
    log: (_, event, fields = {}) => void events.push([event, Object.keys(fields)]),
  });
  let done = 0;
  const answers: Promise<number>[] = [];
  await until(async () => {
    if ((await metric(app, 'harrier_queue_images')) > 0) return true;
    const ask = async () => {
      const { status } = await app.fetch(asking());
      done++;
      return status;
    };
    answers.push(...Array.from({ length: 8 }, ask));
    return false;
  }, 'a queue');
  const before = done;
  const accepted = before + (await metric(app, 'harrier_queue_images'));
  await Promise.all([app.close(), app.close()]);
  const statuses = await Promise.all(answers);
  expect(accepted).toBeGreaterThan(0);
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(accepted);
  expect((await app.fetch(asking())).status).toBe(503);
  expect(events[0]).toEqual(['ready', ['model', 'file', 'workers']]);
  expect(events.filter(([event]) => event !== 'request').map(([event]) => event)).toEqual([
    'ready',
    'draining',
    'closed',
  ]);
});

it('refuses a model that cannot run, and numbers that make no sense', async () => {
  const damaged = join(folder, 'damaged.onnx');
  await writeFile(damaged, unrunnable(modelBytes()));
  await expect(small({ modelFile: damaged })).rejects.toMatchObject({ code: 'bad-graph' });
  await expect(small({ maxBatch: Number.NaN })).rejects.toThrow('openApp: maxBatch: expected a whole number');
});
