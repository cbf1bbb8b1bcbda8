import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeImage } from '../../src/platform/node/images/decode.ts';
import { Metrics } from '../../src/server/metrics.ts';
import { WorkerPool } from '../../src/server/pool/pool.ts';
import { encode, metric, modelBytes, noise, post, type Serving, SIDE, serving, until } from './serving.ts';

// Images that take long to decode, or much memory: they are decoded in processes that can be ended.

let large: Buffer;
let place: Serving;
const waiting = () => metric(place.server.url, 'harrier_large_images');

beforeAll(async () => {
  const gradient = Uint8Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 7) % 256);
  large = await sharp(gradient, { raw: { width: 64, height: 64, channels: 3 } })
    .resize(3000, 2500)
    .png({ compressionLevel: 1 })
    .toBuffer();
  place = await serving();
});
afterAll(() => place.end());

it('are answered like the same image in the size of the model', async () => {
  const pixels = await decodeImage(large, { height: SIDE, width: SIDE, channels: 3 });
  const small = await encode(pixels);
  const [one, other] = await Promise.all([
    post(`${place.server.url}/invocations`, large),
    post(`${place.server.url}/invocations`, small),
  ]);
  expect([one.status, other.status]).toEqual([200, 200]);
  expect(await one.json()).toEqual(await other.json());
});

it('are not decoded on for clients that have gone, and keep nobody else from an answer', async () => {
  // Its decoder cannot be stopped halfway, unlike that of a PNG.
  const slow = await sharp({ create: { width: 6000, height: 6000, channels: 3, background: '#357' } })
    .avif({ effort: 0, quality: 20 })
    .toBuffer();
  const leaving = new AbortController();
  const headers = { 'content-type': 'image/avif' };
  const requests = Array.from({ length: 4 }, () =>
    fetch(`${place.server.url}/invocations`, {
      method: 'POST',
      body: new Uint8Array(slow),
      headers,
      signal: leaving.signal,
    }).catch((error) => error),
  );
  await until(async () => (await waiting()) === 4, 'four images that are decoded or wait for it');
  const answered = post(`${place.server.url}/invocations`, await encode(noise(1)));
  expect((await answered).status).toBe(200);
  expect(await waiting()).toBe(4);
  leaving.abort();
  await Promise.all(requests);
  await until(async () => (await waiting()) === 0, 'nothing is decoded any more');
  expect((await post(`${place.server.url}/invocations`, large)).status).toBe(200);
});

describe('with little memory', () => {
  const limits = { workers: 2, threads: 1, maxQueue: 4, maxBatch: 1, maxDelayMs: 0, maxPixels: 50e6 };
  const poolWith = async (budget: number) => {
    const pool = new WorkerPool({
      ...limits,
      decodeBudget: () => budget,
      metrics: new Metrics(),
      log: () => {},
    });
    await pool.load(modelBytes(), 'model.onnx');
    return pool;
  };
  const ask = (pool: WorkerPool) => {
    const image = { kind: 'file', bytes: new Uint8Array(large), where: 'image' } as const;
    return pool.classify([image], { deadlineMs: 60_000 });
  };

  it('refuses an image that it is not enough for', async () => {
    const pool = await poolWith(10e6);
    await expect(ask(pool)).rejects.toMatchObject({
      code: 'too-large',
      message: expect.stringMatching(
        /^image: to decode this image takes more memory .*at most 10\.0 MB, received 3000 × 2500 pixels, which take 7\d\.\d MB/,
      ),
    });
    await pool.close();
  });

  it('answers those that it has before it closes', async () => {
    const pool = await poolWith(200e6);
    const answer = ask(pool);
    await pool.close();
    expect(await answer).toMatchObject({ probabilities: expect.anything() });
  });

  it('decodes one after another, and refuses more than may wait', async () => {
    const pool = await poolWith(200e6);
    const answers = await Promise.allSettled(Array.from({ length: 6 }, () => ask(pool)));
    const refused = answers.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(2);
    expect(refused[0]).toMatchObject({ reason: { code: 'overloaded' } });
    await pool.close();
  });
});

it('a JPEG whose data end long before its image does is damaged', async () => {
  const jpeg = await sharp({ create: { width: 32, height: 32, channels: 3, background: '#a40' } })
    .jpeg()
    .toBuffer();
  const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
  for (const side of [64, 2000, 7000]) {
    const claims = Buffer.from(jpeg);
    claims.writeUInt16BE(side, frame + 5);
    claims.writeUInt16BE(side, frame + 7);
    const answer = await post(`${place.server.url}/invocations`, claims, { 'content-type': 'image/jpeg' });
    expect([side, answer.status]).toEqual([side, 400]);
    expect((await answer.json()).message).toMatch(/damaged or cut off .*premature end/);
  }
});
