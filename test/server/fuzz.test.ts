import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RandomStream, random } from '../../src/data/random.ts';
import { encode, exchange, metric, noise, post, type Serving, serving, until } from './serving.ts';

// Whatever is sent, the answer is 4xx (or 200, where chance made something that can be read), and the server stays well.

const SEED = 20261124;
const HTTP_BODIES = 2_400;
const RAW_BODIES = 400;

let place: Serving;
let good: Buffer;
let right: number[];

beforeAll(async () => {
  place = await serving({
    workers: 2,
    maxBodyBytes: 100_000,
    maxPixels: 1_000_000,
    headersTimeoutMs: 400,
    requestTimeoutMs: 800,
    watchMs: 0,
  });
  good = await encode(noise(1));
  right = await (await post(`${place.server.url}/invocations`, good)).json();
});
afterAll(async () => {
  const { url } = place.server;
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
  const again: number[] = await (await post(`${url}/invocations`, good)).json();
  again.forEach((value, i) => {
    expect(value).toBeCloseTo(right[i], 5);
  });
  expect(await metric(url, 'harrier_worker_restarts_total')).toBe(0);
  await until(async () => (await metric(url, 'harrier_queue_images')) === 0, 'an empty queue');
  expect(place.logged.filter(({ level }) => level === 'error')).toEqual([]);
  await place.end();
});

const pick = <T>(stream: RandomStream, list: readonly T[]): T => list[stream.integer(list.length)];

function damage(stream: RandomStream, bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  for (let i = 0; i <= stream.integer(8); i++) copy[stream.integer(copy.length)] = stream.integer(256);
  return stream.integer(2) ? copy : copy.subarray(0, stream.integer(copy.length));
}

function noiseBytes(stream: RandomStream): Uint8Array {
  const signatures = [
    '\x89PNG\r\n\x1a\n',
    '\xff\xd8\xff',
    'GIF89a',
    'RIFF\x10\0\0\0WEBPVP8 ',
    'II*\0',
    '<svg',
    '%PDF',
    '',
  ];
  const bytes = Uint8Array.from({ length: 1 + stream.integer(500) }, () => stream.integer(256));
  return Buffer.concat([Buffer.from(pick(stream, signatures), 'latin1'), bytes]);
}

/** A PNG whose header claims to be large: up to ten thousand million pixels. */
function bomb(stream: RandomStream): Uint8Array {
  const bytes = Buffer.from(good);
  bytes.writeUInt32BE(stream.integer(100_000), 16);
  bytes.writeUInt32BE(1 + stream.integer(100_000), 20);
  bytes.writeUInt32BE(crc32(bytes.subarray(12, 29)), 29);
  return bytes;
}

/** JSON that is nearly right: any value of it may be something else. */
function nearlyRight(stream: RandomStream): string {
  const values: (() => unknown)[] = [
    () => null,
    () => -1,
    () => 256,
    () => 0.5,
    () => 1e308,
    () => 'text',
    () => good.toString('base64'),
    () => [],
    () => ({}),
    () => true,
    () => [[[[[[[[]]]]]]]],
    () => Array.from({ length: 192 }, () => stream.integer(256)),
  ];
  const any = () => pick(stream, values)();
  const or = (value: unknown) => (stream.integer(4) === 0 ? any() : value);
  const image = () => or({ b64: or(stream.integer(2) ? good.toString('base64') : 'AAAA') });
  const body = pick(stream, [
    () => ({ instances: or([image(), image()]) }),
    () => ({ inputs: or({ image: or([image()]) }) }),
    () => ({
      id: or('id'),
      inputs: or([
        or({
          name: or('image'),
          datatype: or(pick(stream, ['UINT8', 'BYTES', 'FP32'])),
          shape: or([or(1), 8, or(8), 3]),
          data: or(Array.from({ length: 192 }, () => or(stream.integer(256)))),
          parameters: or({ binary_data_size: or(192) }),
        }),
      ]),
      outputs: or([or({ name: or('probabilities'), parameters: or({ binary_data: or(true) }) })]),
    }),
    () => any(),
  ])();
  const text = JSON.stringify(body);
  if (stream.integer(4) > 0) return text;
  return stream.integer(2)
    ? text.slice(0, stream.integer(text.length))
    : `${'['.repeat(stream.integer(30_000))}${text}`;
}

it(`${HTTP_BODIES} bodies`, async () => {
  const images = await Promise.all(
    (['png', 'jpeg', 'webp'] as const).map((format) => encode(noise(3), format)),
  );
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const counts = new Map<number, number>();
  let next = 0;
  const client = async () => {
    for (let number = next++; number < HTTP_BODIES; number = next++) {
      const stream = random(SEED, 'fuzzed-bodies', number);
      const path = pick(stream, ['/invocations', '/v1/models/harrier:predict', '/v2/models/harrier/infer']);
      const bytes = pick(stream, [
        () => damage(stream, pick(stream, images)),
        () => noiseBytes(stream),
        () => bomb(stream),
        () => nearlyRight(stream),
        () => nearlyRight(stream),
      ])();
      const headers: Record<string, string> = {
        'content-type': pick(stream, [
          'image/png',
          'image/jpeg',
          'application/x-image',
          'application/json',
          'a b;;',
        ]),
      };
      if (stream.integer(5) === 0)
        headers['inference-header-content-length'] = pick(stream, ['0', '100', '-1', 'x']);
      if (stream.integer(5) === 0) headers['transfer-encoding'] = 'chunked';
      const what = `seed ${SEED}, body ${number}`;
      const answer = await exchange(`${place.server.url}${path}`, { agent, headers, body: bytes });
      counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
      if (answer.status === 200) continue;
      expect([what, answer.status]).toEqual([
        what,
        expect.toSatisfy((status) => status >= 400 && status < 500),
      ]);
      const { code, message } = JSON.parse(answer.body);
      expect([what, typeof code, typeof message]).toEqual([what, 'string', 'string']);
      expect(answer.body.length).toBeLessThan(2_000);
    }
  };
  await Promise.all(Array.from({ length: 16 }, client));
  agent.destroy();
  // The kinds of refusal that must have been among them.
  for (const status of [400, 413, 415]) expect(counts.get(status) ?? 0).toBeGreaterThan(20);
});

describe('sockets that do not keep to HTTP', () => {
  const head = (length: number | string, more = '') =>
    `POST /invocations HTTP/1.1\r\nhost: localhost\r\ncontent-type: image/png\r\ncontent-length: ${length}\r\n${more}\r\n`;

  /** Sends something, then does something; gives all that came back until the connection ended. */
  function talk(send: (socket: Socket) => void): Promise<string> {
    return new Promise((resolve) => {
      const socket = connect(place.server.port, '127.0.0.1', () => send(socket));
      let text = '';
      socket.on('data', (data) => {
        text += data;
      });
      socket.on('error', () => {});
      socket.on('close', () => resolve(text));
    });
  }

  it('more announced than sent, then closed halfway: an answer, or none', async () => {
    const text = await talk((socket) =>
      socket.end(Buffer.concat([Buffer.from(head(good.length + 10)), good])),
    );
    expect(text).toMatch(/^(HTTP\/1\.1 400 |$)/);
  });

  it('more announced than sent, then silence: 408 in time', async () => {
    expect(await talk((socket) => socket.write(head(100)))).toMatch(/^HTTP\/1\.1 408 [\s\S]*too slowly/);
  });

  it('headers that never end: 408 in time', async () => {
    let timer: NodeJS.Timeout | undefined;
    const text = await talk((socket) => {
      socket.write('POST /invocations HTTP/1.1\r\n');
      timer = setInterval(() => socket.writable && socket.write('x'), 50);
    });
    clearInterval(timer);
    expect(text).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('less announced than sent: the rest is no request', async () => {
    const text = await talk((socket) =>
      socket.write(Buffer.concat([Buffer.from(head(good.length - 20)), good])),
    );
    expect(text).toMatch(/HTTP\/1\.1 400 /);
  });

  it('a whole request, and the sending half closed: as good as gone', async () => {
    const text = await talk((socket) => socket.end(Buffer.concat([Buffer.from(head(good.length)), good])));
    expect(text).toMatch(/^(HTTP\/1\.1 200 |$)/);
  });

  it('two requests at once: two answers, in order', async () => {
    const one = Buffer.concat([Buffer.from(head(good.length)), good]);
    const other = Buffer.concat([Buffer.from(head(4, 'connection: close\r\n')), Buffer.from('none')]);
    const text = await talk((socket) => socket.write(Buffer.concat([one, other])));
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
  });

  it.each([
    ['no HTTP', 'SSH-2.0-client\r\n\r\n', 400],
    ['headers beyond measure', `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`, 431],
    [
      'a chunk of no size',
      `POST /invocations HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`,
      400,
    ],
    ['two lengths', `${head(4, 'content-length: 5\r\n')}abcd`, 400],
    ['a length and chunks', `${head(4, 'transfer-encoding: chunked\r\n')}abcd`, 400],
    ['a length that is none', head('many'), 400],
    ['a host that is none', 'GET /healthz HTTP/1.1\r\nhost: a/b c\r\nconnection: close\r\n\r\n', 400],
  ])('%s', async (_, text, status) => {
    expect(await talk((socket) => socket.write(text))).toMatch(new RegExp(`^HTTP/1\\.1 ${status}`));
  });

  it(`${RAW_BODIES} requests broken off anywhere`, async () => {
    const request = Buffer.concat([Buffer.from(head(good.length)), good]);
    for (let number = 0; number < RAW_BODIES; number += 20) {
      await Promise.all(
        Array.from({ length: 20 }, async (_, i) => {
          const stream = random(SEED, 'broken-requests', number + i);
          const bytes = damage(stream, request).subarray(0, stream.integer(request.length));
          const answer = await talk((socket) => {
            socket.write(bytes, () => {
              if (stream.integer(2)) socket.resetAndDestroy();
              else socket.end();
            });
          });
          if (answer !== '') expect(answer).toMatch(/^HTTP\/1\.1 (200|4\d\d) /);
        }),
      );
    }
  });
});

/** The checksum of PNG chunks (ISO 3309). */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
