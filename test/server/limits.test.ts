import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  encode,
  exchange,
  metric,
  noise,
  post,
  queue,
  type Serving,
  serving,
  slowModelBytes,
  until,
} from './serving.ts';

// What the server does not take, and how it says so.

const MOST = 4_000;
const MOST_JSON = 3_000;
let place: Serving;

const refusal = async (response: Response) => {
  const { code, message, requestId } = await response.json();
  expect(requestId).toBe(response.headers.get('x-request-id'));
  return { status: response.status, code, message };
};

describe('one request', () => {
  let place: Serving;
  beforeAll(async () => {
    place = await serving({ maxPixels: 10_000, maxBodyBytes: MOST, maxJsonBytes: MOST_JSON, maxQueue: 2 });
  });
  afterAll(() => place.end());

  it.each([
    [
      'no content type',
      {},
      415,
      'not-supported',
      /^Content-Type: the content type is not that of an image: expected image\/png/,
    ],
    ['a wrong content type', { 'content-type': 'text/plain' }, 415, 'not-supported', /received text\/plain/],
    [
      'a compressed body',
      { 'content-type': 'image/png', 'content-encoding': 'gzip' },
      415,
      'not-supported',
      /compressed/,
    ],
    [
      'an answer that there is not',
      { 'content-type': 'image/png', accept: 'text/html' },
      406,
      'not-supported',
      /expected application\/json,/,
    ],
  ] as const)('%s', async (_, headers, status, code, message) => {
    const answer = await exchange(`${place.server.url}/invocations`, {
      headers,
      body: await encode(noise(1)),
    });
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.body)).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it.each([
    [
      'text',
      Buffer.from('this is no image'),
      400,
      /^image: not an image: expected PNG, .* received text beginning/,
    ],
    ['nothing', Buffer.alloc(0), 400, /^the request has no body/],
    [
      'an SVG',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>'),
      400,
      /not an image/,
    ],
  ])('%s for an image', async (_, body, status, message) => {
    const response = await post(`${place.server.url}/invocations`, body);
    expect(await refusal(response)).toEqual({
      status,
      code: 'bad-data',
      message: expect.stringMatching(message),
    });
  });

  it('a truncated image', async () => {
    const bytes = await encode(noise(1));
    const response = await post(`${place.server.url}/invocations`, bytes.subarray(0, bytes.length - 40));
    expect(await refusal(response)).toMatchObject({ status: 400, code: 'bad-data' });
  });

  it('more pixels than allowed, however small the file', async () => {
    const response = await post(
      `${place.server.url}/invocations`,
      await encode(new Uint8Array(101 * 101 * 3), 'png', 101),
    );
    expect(await refusal(response)).toEqual({
      status: 413,
      code: 'too-large',
      message: expect.stringMatching(/at most 10000 pixels, received 101 × 101/),
    });
  });

  it('a body that is too large, announced or not', async () => {
    const url = `${place.server.url}/invocations`;
    const announced = await post(url, new Uint8Array(MOST + 1));
    expect(await refusal(announced)).toMatchObject({ status: 413, code: 'too-large' });
    const chunked = await exchange(url, {
      headers: { 'content-type': 'image/png', 'transfer-encoding': 'chunked' },
      body: new Uint8Array(MOST + 1),
    });
    expect([chunked.status, JSON.parse(chunked.body).code]).toEqual([413, 'too-large']);
    const fits = await exchange(url, {
      headers: { 'content-type': 'image/png', 'transfer-encoding': 'chunked' },
      body: await encode(noise(1)),
    });
    expect(fits.status).toBe(200);
  });

  it('JSON that is too large, whatever may follow it', async () => {
    const text = JSON.stringify({ inputs: [], parameters: { note: 'x'.repeat(MOST_JSON) } });
    const response = await post(`${place.server.url}/v2/models/harrier/infer`, text, {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': `${text.length}`,
    });
    expect(await refusal(response)).toEqual({
      status: 413,
      code: 'too-large',
      message: expect.stringMatching(
        /^inference-header-content-length: the JSON is too large: expected at most 3000 bytes, received 30\d\d bytes/,
      ),
    });
  });

  it('more images than may wait', async () => {
    const b64 = (await encode(noise(1))).toString('base64');
    const response = await post(
      `${place.server.url}/v1/models/harrier:predict`,
      JSON.stringify({ instances: [{ b64 }, { b64 }, { b64 }] }),
    );
    expect(await refusal(response)).toMatchObject({ status: 413, code: 'too-large' });
  });

  it('binary data of far more elements than the shape says', async () => {
    const parameters = { binary_data_size: 2_000 };
    const head = JSON.stringify({ inputs: [{ name: 'image', datatype: 'BYTES', shape: [1], parameters }] });
    const url = `${place.server.url}/v2/models/harrier/infer`;
    // An element of no bytes has its length alone.
    const body = Buffer.concat([Buffer.from(head), Buffer.alloc(2_000)]);
    const response = await post(url, body, { 'inference-header-content-length': `${head.length}` });
    const message = 'image: the data does not fit the shape: expected 1, received 2.';
    expect(await refusal(response)).toMatchObject({ status: 400, code: 'bad-shape', message });
  });

  it('a path, a method, a model or a version that there is not', async () => {
    const { url } = place.server;
    const status = async (path: string, method = 'GET') => (await fetch(`${url}${path}`, { method })).status;
    expect(await status('/nowhere')).toBe(404);
    expect(await status('/invocations')).toBe(405);
    expect((await fetch(`${url}/ping`, { method: 'DELETE' })).headers.get('allow')).toBe('GET');
    expect(await status('/v1/models/other')).toBe(404);
    expect(await status('/v1/models/harrier/versions/2')).toBe(404);
    expect(await status('/v1/models/harrier/versions/1')).toBe(200);
    expect(await status('/v1/models/harrier:classify', 'POST')).toBe(404);
    expect(await status('/v2/models/other')).toBe(404);
  });
});

describe('a token', () => {
  afterEach(() => place.end());

  it('is wanted everywhere but where one asks whether the server lives', async () => {
    place = await serving({ token: 'a long random one' });
    const { url } = place.server;
    const get = async (path: string, authorization?: string) =>
      (await fetch(`${url}${path}`, { headers: authorization ? { authorization } : {} })).status;
    for (const path of ['/ping', '/healthz', '/readyz', '/v2/health/live', '/v2/health/ready']) {
      expect([path, await get(path)]).toEqual([path, 200]);
    }
    for (const path of [
      '/',
      '/metrics',
      '/openapi.json',
      '/v2',
      '/v1/models/harrier',
      '/execution-parameters',
    ]) {
      expect([path, await get(path)]).toEqual([path, 401]);
      expect([path, await get(path, 'Bearer a long random on')]).toEqual([path, 401]);
      expect([path, await get(path, 'Basic a long random one')]).toEqual([path, 401]);
      expect([path, await get(path, 'Bearer a long random one')]).toEqual([path, 200]);
    }
    const response = await post(`${url}/invocations`, await encode(noise(1)));
    expect(response.headers.get('www-authenticate')).toBe('Bearer');
    expect(await refusal(response)).toMatchObject({ status: 401, code: 'unauthorized' });
    expect(JSON.stringify(place.logged)).not.toContain('random');
  });

  it('that is empty is no token', async () => {
    await expect(serving({ token: '' })).rejects.toMatchObject({ code: 'bad-option' });
    place = await serving();
  });
});

describe('too much to do', () => {
  afterEach(() => place.end());

  const image = () => encode(noise(1, 64), 'png', 64);

  it('is refused at once, with the hint in the body; what was accepted is answered', async () => {
    place = await serving({ maxQueue: 4, maxBatch: 1 }, slowModelBytes());
    const url = `${place.server.url}/invocations`;
    const body = await image();
    const all = await Promise.all(Array.from({ length: 64 }, () => post(url, body)));
    const shed = all.filter(({ status }) => status === 503);
    expect(all.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(5);
    expect(shed.length).toBeGreaterThan(0);
    for (const response of shed) {
      expect(response.headers.get('retry-after')).toBe('1');
      expect(await refusal(response)).toEqual({
        status: 503,
        code: 'overloaded',
        message: 'too many images are waiting: expected at most 4 at a time. Try again in a second.',
      });
    }
    expect(shed.length + all.filter(({ status }) => status === 200).length).toBe(64);
    expect(await metric(place.server.url, 'harrier_shed_total')).toBe(shed.length);
    expect((await post(url, body)).status).toBe(200);
    // Busy is not ill.
    expect((await fetch(`${place.server.url}/ping`)).status).toBe(200);
  });

  it('is not what many lines are, which go through the queue piece by piece', async () => {
    place = await serving({ maxQueue: 2, maxBatch: 1 });
    const image = JSON.stringify({ b64: (await encode(noise(1))).toString('base64') });
    const lines = (count: number, line: string) => Array.from({ length: count }, () => line).join('\n');
    const url = `${place.server.url}/invocations`;
    const type = { 'content-type': 'application/jsonlines' };
    expect((await post(url, lines(12, `{"image": ${image}}`), type)).status).toBe(200);
    const documents = lines(4, `{"instances": [${image}, ${image}]}`);
    expect((await post(url, documents, { 'content-type': 'application/json' })).status).toBe(200);
  });

  it('of countless lines that are no images ends at the deadline; others are answered meanwhile', async () => {
    place = await serving({ deadlineMs: 3_000 });
    const { url } = place.server;
    let isAnswered = false;
    const type = { 'content-type': 'application/jsonlines' };
    const lines = post(`${url}/invocations`, '1\n'.repeat(4_000_000), type).finally(() => {
      isAnswered = true;
    });
    let others = 0;
    while (!isAnswered) {
      expect((await fetch(`${url}/ping`)).status).toBe(200);
      others++;
    }
    expect(await refusal(await lines)).toMatchObject({ status: 504, code: 'timed-out' });
    expect(others).toBeGreaterThan(2);
  });

  it('ends at the deadline, and the workers do not go on with it', async () => {
    place = await serving({ deadlineMs: 30, maxBatch: 1 }, slowModelBytes());
    const url = `${place.server.url}/invocations`;
    const body = await image();
    const all = await Promise.all(Array.from({ length: 20 }, () => post(url, body)));
    const late = all.filter(({ status }) => status === 504);
    expect(late.length).toBeGreaterThan(0);
    expect(await refusal(late[0])).toMatchObject({ status: 504, code: 'timed-out' });
    expect(await metric(place.server.url, 'harrier_queue_images')).toBe(0);
    expect(await metric(place.server.url, 'harrier_batch_images_sum')).toBeLessThan(20);
  });

  it('a deadline beyond what a timer can wait is no deadline', async () => {
    place = await serving({ deadlineMs: 2 ** 32 }, slowModelBytes());
    expect((await post(`${place.server.url}/invocations`, await image())).status).toBe(200);
  });

  it('bodies that are only announced hold up nobody', async () => {
    const most = 64 * 2 ** 20;
    place = await serving({ maxBodyBytes: most });
    const head = `POST /invocations HTTP/1.1\r\nhost: localhost\r\ncontent-type: image/png\r\ncontent-length: ${most}\r\n`;
    const sockets = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const socket = connect(place.server.port, '127.0.0.1');
        socket.write(`${head}expect: 100-continue\r\n\r\n`);
        await new Promise((resolve) => socket.once('data', resolve));
        return socket;
      }),
    );
    const response = await post(`${place.server.url}/invocations`, await encode(noise(1)));
    for (const socket of sockets) socket.destroy();
    expect(response.status).toBe(200);
  });

  it('what runs together runs as one batch', async () => {
    place = await serving({}, slowModelBytes());
    const body = await image();
    const all = await Promise.all(
      Array.from({ length: 32 }, () => post(`${place.server.url}/invocations`, body)),
    );
    expect(all.every(({ status }) => status === 200)).toBe(true);
    expect(await metric(place.server.url, 'harrier_batch_images_sum')).toBe(32);
    expect(await metric(place.server.url, 'harrier_batch_images_count')).toBeLessThan(16);
  });

  it('nobody waits for a client that went away', async () => {
    place = await serving({ maxBatch: 1 }, slowModelBytes());
    const { url } = place.server;
    const body = await image();
    const controller = new AbortController();
    const gone = await queue(url, body, 5, () =>
      fetch(`${url}/invocations`, {
        method: 'POST',
        body: new Uint8Array(body),
        headers: { 'content-type': 'image/png' },
        signal: controller.signal,
      }).catch(() => 'gone'),
    );
    controller.abort();
    expect(await Promise.all(gone)).toContain('gone');
    await until(async () => (await metric(url, 'harrier_queue_images')) === 0, 'an empty queue');
    expect(await metric(url, 'harrier_batch_images_sum')).toBeLessThan(gone.length);
  });

  it('requests that only begin count as well', async () => {
    place = await serving({ maxConcurrency: 1 });
    const socket = connect(place.server.port, '127.0.0.1');
    socket.write(
      'POST /invocations HTTP/1.1\r\nhost: localhost\r\ncontent-type: image/png\r\ncontent-length: 100\r\n\r\nhalf',
    );
    const url = `${place.server.url}/invocations`;
    const body = await encode(noise(1));
    await until(async () => (await post(url, body)).status === 503, 'a refusal');
    socket.destroy();
    await until(async () => (await post(url, body)).status === 200, 'an answer');
  });
});
