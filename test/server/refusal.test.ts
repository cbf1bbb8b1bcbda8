import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { encode, exchange, metric, noise, type Serving, serving, until } from './serving.ts';

describe('too much to do is refused from the head of a request', () => {
  let place: Serving;
  let holder: Socket;
  let body: Buffer;
  const open: Socket[] = [];
  const post = (length: number, more = '') =>
    `POST /invocations HTTP/1.1\r\nhost: localhost\r\ncontent-type: image/png\r\ncontent-length: ${length}\r\n${more}\r\n`;
  const health = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n';

  /** A connection that collects the statuses of its answers. */
  function talk() {
    const socket = connect(place.server.port, '127.0.0.1');
    open.push(socket);
    const talk = {
      socket,
      text: '',
      isEnded: false,
      statuses: () => talk.text.match(/HTTP\/1\.1 \d+/g) ?? [],
    };
    socket.on('data', (data) => {
      talk.text += data;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      talk.isEnded = true;
    });
    return talk;
  }

  /** A request that never goes on takes the only place there is. */
  async function fill(options = {}) {
    place = await serving({ maxConcurrency: 1, ...options });
    body = await encode(noise(1));
    holder = connect(place.server.port, '127.0.0.1');
    open.push(holder);
    holder.write(`${post(body.length, 'authorization: Bearer open\r\n')}half`);
    const { url } = place.server;
    const headers = { 'content-type': 'image/png', authorization: 'Bearer open' };
    await until(
      async () => (await exchange(`${url}/invocations`, { headers, body })).status === 503,
      'a refusal',
    );
  }

  afterEach(async () => {
    for (const socket of open.splice(0)) socket.destroy();
    await place.end();
  });

  it('and the connection goes on', async () => {
    await fill();
    const { socket, statuses } = talk();
    for (let count = 1; count <= 3; count++) {
      socket.write(Buffer.concat([Buffer.from(post(body.length)), body]));
      await until(() => statuses().length === count, 'an answer');
    }
    holder.destroy();
    const { url } = place.server;
    const headers = { 'content-type': 'image/png' };
    await until(async () => (await exchange(`${url}/invocations`, { headers, body })).status === 200, 'room');
    socket.write(Buffer.concat([Buffer.from(post(body.length)), body]));
    await until(() => statuses().length === 4, 'an answer');
    expect(statuses()).toEqual([...Array(3).fill('HTTP/1.1 503'), 'HTTP/1.1 200']);
  });

  it('before its body has come, which is then no request', async () => {
    await fill();
    const { socket, statuses } = talk();
    socket.write(post(2 * body.length));
    await until(() => statuses().length === 1, 'an answer');
    socket.write(body);
    socket.write(body);
    socket.write(health);
    await until(() => statuses().length === 2, 'an answer');
    expect(statuses()).toEqual(['HTTP/1.1 503', 'HTTP/1.1 200']);
  });

  it('one after another that came together', async () => {
    await fill();
    const { socket, statuses } = talk();
    const one = Buffer.concat([Buffer.from(post(body.length)), body]);
    const large = Buffer.concat([Buffer.from(post(60_000)), Buffer.alloc(60_000)]);
    socket.write(Buffer.concat([one, large, Buffer.from(health), large, one, Buffer.from(health)]));
    await until(() => statuses().length === 6, 'six answers');
    expect(statuses().map((line) => line.slice(-3))).toEqual(['503', '503', '200', '503', '503', '200']);
  });

  it.each([
    ['a short body', 100],
    ['a long one', 1_000_000],
  ])('%s that does not come ends its connection, and nothing else', async (_, length) => {
    await fill();
    const asked = talk();
    asked.socket.write(`${post(length)}half`);
    await until(() => asked.isEnded, 'an end');
    expect(asked.statuses()).toEqual(['HTTP/1.1 503']);
    const broken = talk();
    broken.socket.write(`${post(length)}half`, () => broken.socket.resetAndDestroy());
    await until(() => broken.isEnded, 'an end');
    expect((await fetch(`${place.server.url}/healthz`)).status).toBe(200);
  });

  it('with what every refusal has', async () => {
    await fill();
    const shed = await metric(place.server.url, 'harrier_shed_total');
    const headers = {
      'content-type': 'image/png',
      'x-request-id': 'mine',
      'x-amzn-sagemaker-custom-attributes': 'trace=1',
    };
    const answer = await exchange(`${place.server.url}/invocations?x=1`, { headers, body });
    expect(answer).toMatchObject({
      status: 503,
      headers: {
        'content-type': 'application/json',
        'retry-after': '1',
        'x-content-type-options': 'nosniff',
        'x-request-id': 'mine',
        'x-amzn-sagemaker-custom-attributes': 'trace=1',
      },
    });
    expect(JSON.parse(answer.body)).toEqual({
      code: 'overloaded',
      message: 'too many requests at a time: expected at most 1. Try again in a second.',
      expected: 'at most 1',
      next: 'Try again in a second.',
      requestId: 'mine',
    });
    expect(await metric(place.server.url, 'harrier_shed_total')).toBe(shed + 1);
    expect(place.logged.filter(({ fields }) => fields.requestId === 'mine')).toEqual([
      {
        level: 'warn',
        event: 'request',
        fields: expect.objectContaining({
          path: '/invocations',
          status: 503,
          code: 'overloaded',
          bytes: 0,
        }),
      },
    ]);
    for (const path of ['/v1/models/harrier:predict', '/v2/models/harrier/infer']) {
      const { status, body: text } = await exchange(`${place.server.url}${path}`, { body: '{}' });
      expect([status, JSON.parse(text).error]).toEqual([503, expect.stringMatching(/^too many requests/)]);
    }
  });

  it('but not where something else is wrong with it', async () => {
    await fill({ token: 'open' });
    const { url } = place.server;
    expect((await exchange(`${url}/invocations`, { body })).status).toBe(401);
    expect((await exchange(`${url}/invocations`, { method: 'PUT', body })).status).toBe(405);
    expect((await exchange(`${url}/v1/models/%2e%2e/nowhere`, { body })).status).toBe(404);
  });
});
