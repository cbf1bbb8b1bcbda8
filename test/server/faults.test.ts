import { writeFile } from 'node:fs/promises';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Conv2D } from '../../src/layers/index.ts';
import { decodeModel, encodeModel } from '../../src/onnx/index.ts';
import {
  encode,
  metric,
  modelBytes,
  noise,
  post,
  putFile,
  type Serving,
  serving,
  slowModelBytes,
  until,
} from './serving.ts';

let place: Serving;
afterEach(() => place.end());

const answers = async (body: Uint8Array): Promise<number[]> =>
  (await post(`${place.server.url}/invocations`, body)).json();

describe('a model file that changes', () => {
  const events = (event: string) => place.logged.filter((each) => each.event.startsWith(event));
  let body: Uint8Array;
  beforeEach(async () => {
    place = await serving({ watchMs: 20, workers: 2 });
    body = await encode(noise(1));
  });

  it('is taken over without a dropped request', async () => {
    const before = await answers(body);
    const version = place.server.model.version;
    let isOver = false;
    const seen: string[] = [];
    const clients = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const response = await post(`${place.server.url}/invocations`, body);
        seen.push(`${response.status} ${response.status === 200 && (await response.json())[0].toFixed(4)}`);
      }
    });
    await putFile(place.modelFile, modelBytes({ seed: 2 }));
    await until(() => events('model reloaded').length === 1, 'a reload');
    const after = await answers(body);
    isOver = true;
    await Promise.all(clients);
    expect(Math.abs(after[0] - before[0])).toBeGreaterThan(1e-3);
    expect(new Set(seen)).toEqual(new Set([`200 ${before[0].toFixed(4)}`, `200 ${after[0].toFixed(4)}`]));
    expect(place.server.model.version).not.toBe(version);
    expect(await metric(place.server.url, 'harrier_model_reloads_total{result="loaded"}')).toBe(1);
  });

  it('may have other classes and another size', async () => {
    await putFile(place.modelFile, modelBytes({ seed: 2, side: 12, classes: ['a', 'b', 'c', 'd'] }));
    await until(() => events('model reloaded').length === 1, 'a reload');
    expect(await answers(body)).toHaveLength(4);
    const { inputs } = await (await fetch(`${place.server.url}/v2/models/harrier`)).json();
    expect(inputs[0].shape).toEqual([-1, 12, 12, 3]);
  });

  it.each<[string, () => Uint8Array, RegExp]>([
    ['no model at all', () => Buffer.from('nothing of the kind'), /model\.onnx: /],
    ['one cut off', () => modelBytes({ seed: 2 }).subarray(0, 5_000), /model\.onnx: /],
    ['one that gives no numbers', () => diverged(), /not finite/],
  ])('is refused when it is %s: the old one stays', async (_, bytes, reason) => {
    const before = await answers(body);
    await putFile(place.modelFile, bytes());
    await until(() => events('the changed model is refused').length === 1, 'a refusal');
    const [{ level, fields }] = events('the changed model is refused');
    expect([level, fields.reason]).toEqual(['error', expect.stringMatching(reason)]);
    expect(await answers(body)).toEqual(before);
    expect(await metric(place.server.url, 'harrier_model_reloads_total{result="refused"}')).toBe(1);
    // And a good one is taken again.
    await putFile(place.modelFile, modelBytes({ seed: 3 }));
    await until(() => events('model reloaded').length === 1, 'a reload');
  });

  it('is read when it stands still, not when half of it is written', async () => {
    const bytes = modelBytes({ seed: 2 });
    await writeFile(place.modelFile, bytes.subarray(0, 100));
    await writeFile(place.modelFile, bytes);
    await until(() => events('model reloaded').length === 1, 'a reload');
  });
});

describe('a worker that dies', () => {
  const workers: Worker[] = [];
  const collect = (worker: Worker) => workers.push(worker);
  /** An order that makes no sense is an error which nobody catches: the thread ends in the middle of its work. */
  const kill = (worker: Worker) => {
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    worker.postMessage(null);
    return gone;
  };
  beforeEach(async () => {
    workers.length = 0;
    process.on('worker', collect);
    place = await serving({ workers: 2, maxBatch: 4 }, slowModelBytes());
  });
  afterEach(() => process.off('worker', collect));

  it('is replaced, and its requests are answered', async () => {
    const { url } = place.server;
    const body = await encode(noise(1, 64), 'png', 64);
    const all = Array.from({ length: 24 }, () => post(`${url}/invocations`, body));
    await until(async () => (await metric(url, 'harrier_workers_busy')) === 2, 'work');
    await kill(workers[0]);
    const statuses = (await Promise.all(all)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200]));
    await until(async () => (await metric(url, 'harrier_workers')) === 2, 'two workers');
    expect(await metric(url, 'harrier_worker_restarts_total')).toBe(1);
    expect(place.logged).toContainEqual(expect.objectContaining({ level: 'error', event: 'a worker died' }));
  });

  it('and another, and another: nobody waits for ever, and the server gets well again', async () => {
    const { url } = place.server;
    const body = await encode(noise(1, 64), 'png', 64);
    const all = Array.from({ length: 24 }, () => post(`${url}/invocations`, body));
    for (let i = 0; i < 6; i++) {
      await until(() => workers.length > i, 'a worker');
      await kill(workers[i]);
    }
    for (const response of await Promise.all(all)) {
      expect([200, 503]).toContain(response.status);
      if (response.status === 503) expect((await response.json()).code).toBe('overloaded');
    }
    await until(async () => (await metric(url, 'harrier_workers')) === 2, 'two workers');
    expect((await post(`${url}/invocations`, body)).status).toBe(200);
  });

  it('all of them: not ready meanwhile', async () => {
    const { url } = place.server;
    await Promise.all(workers.map(kill));
    const ready = await fetch(`${url}/readyz`);
    expect([ready.status, (await ready.json()).workers]).toEqual([503, 0]);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    await until(async () => (await fetch(`${url}/readyz`)).status === 200, 'readiness');
  });
});

it('a model that is damaged at the start is refused, and the port is free again', async () => {
  await expect(serving({}, Buffer.from('nothing of the kind'))).rejects.toMatchObject({ code: 'bad-graph' });
  await expect(serving({}, diverged())).rejects.toThrow(/not finite/);
  place = await serving();
  const { port } = place.server;
  await expect(serving({ port })).rejects.toMatchObject({ code: 'in-use' });
  await place.server.close();
  const again = await serving({ port });
  expect(again.server.port).toBe(port);
  await again.end();
});

/** A model whose weights are no numbers. */
function diverged(): Uint8Array {
  const model = decodeModel(modelBytes({ before: [new Conv2D({ filters: 2, kernelSize: 1 })] }), 'model');
  const { initializers } = model.graph;
  for (const { data } of initializers.values()) if (data instanceof Float32Array) data.fill(Number.NaN);
  return encodeModel(model);
}
