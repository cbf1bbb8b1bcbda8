import { writeFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { harrier, type Running, sentenceOf, start, workplace } from '../cli/harrier.ts';
import { encode, exchange, modelBytes, noise, post } from './serving.ts';

// `harrier serve` as a process of its own.

let place: { path: string; remove: () => Promise<void> };
let body: Buffer;
const headers = { 'content-type': 'image/png' };

beforeAll(async () => {
  place = await workplace();
  await writeFile(join(place.path, 'model.onnx'), modelBytes());
  body = await encode(noise(1));
});
afterAll(() => place.remove());

async function serve(...args: string[]): Promise<{ url: string; running: Running }> {
  const running = start(['serve', 'model.onnx', '--port', '0', ...args], { cwd: place.path });
  let printed = '';
  running.process.stderr?.on('data', (text) => {
    printed += text;
  });
  await running.says('Try: curl');
  const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(printed) ?? [];
  if (url === undefined) throw new Error(`not serving: ${JSON.stringify(await running.finished)}`);
  return { url, running };
}

describe('SIGTERM under load', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s: every request is answered, then it ends with 0',
    async (signal) => {
      const { url, running } = await serve();
      let answered = 0;
      // Each on one connection of its own, until it is told that the connection ends.
      const clients = Array.from({ length: 8 }, async () => {
        const agent = new Agent({ keepAlive: true, maxSockets: 1 });
        for (;;) {
          const response = await exchange(`${url}/invocations`, { agent, headers, body });
          expect(response.status).toBe(200);
          expect(JSON.parse(response.body)).toHaveLength(3);
          if (++answered === 200) running.process.kill(signal);
          if (response.headers.connection === 'close') return agent.destroy();
        }
      });
      // A balancer asks on a connection of its own, and must hear that it ends while it still answers. It was there before:
      // a new one might come when the last of the others has been told, and the server is gone.
      const readiness = (async () => {
        const agent = new Agent({ keepAlive: true, maxSockets: 1 });
        for (;;) {
          const { status, headers } = await exchange(`${url}/readyz`, { agent, method: 'GET' });
          if (status === 200 && headers.connection !== 'close') continue;
          expect(status).toBe(503);
          return agent.destroy();
        }
      })();
      await Promise.all([...clients, readiness]);
      const { code, stdout, stderr } = await running.finished;
      expect([code, stderr]).toEqual([0, expect.not.stringMatching(/error|\n\s+at /)]);
      expect(answered).toBeGreaterThanOrEqual(200);
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(lines.filter(({ event, path }) => event === 'request' && path === '/invocations')).toHaveLength(
        answered,
      );
      expect(lines.at(-1)).toMatchObject({ level: 'info', event: 'closed' });
    },
  );
});

describe('does not start', () => {
  it('on a port in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    const finished = await harrier(['serve', 'model.onnx', '--port', `${port}`], { cwd: place.path });
    other.close();
    expect(finished.code).toBe(1);
    expect(sentenceOf(finished)).toBe(
      `127.0.0.1:${port}: this port is in use. Stop the program that uses it, or choose another port with --port.`,
    );
  });

  it('with a damaged model, or none', async () => {
    await writeFile(join(place.path, 'cut.onnx'), modelBytes().subarray(0, 3_000));
    const cut = await harrier(['serve', 'cut.onnx', '--port', '0'], { cwd: place.path });
    expect(cut.code).toBe(1);
    expect(sentenceOf(cut)).toMatch(/cut\.onnx: /);
    const none = await harrier(['serve', 'latest'], { cwd: place.path });
    expect(none.code).toBe(1);
    expect(sentenceOf(none)).toMatch(/there is no finished run in \.\/runs yet/);
  });

  it.each<[string, string[], RegExp]>([
    [
      'an address of another machine',
      ['--host', '192.0.2.1'],
      /^192\.0\.2\.1:0: the server cannot listen there/,
    ],
    ['a port that there is not', ['--port', '70000'], /--port: this port does not exist/],
    ['a name that is no name', ['--name', 'a/b'], /--name: this name cannot be used in a URL/],
    ['an empty token', ['--token', ''], /the token is empty/],
    ['no workers', ['--workers', '0'], /--workers: .*at least 1/],
  ])('with %s', async (_, args, sentence) => {
    const finished = await harrier(['serve', 'model.onnx', '--port', '0', ...args], { cwd: place.path });
    expect(sentenceOf(finished)).toMatch(sentence);
    expect(finished.code).toBe(2);
    expect(finished.stdout).toBe('');
  });
});

it('takes its token from the environment, and warns who serves everyone without one', async () => {
  const environment = { HARRIER_TOKEN: 'secret' };
  const running = start(['serve', 'model.onnx', '--port', '0', '--host', '0.0.0.0'], {
    cwd: place.path,
    environment,
  });
  await running.says('Try: curl');
  running.process.kill('SIGTERM');
  const { stderr, stdout } = await running.finished;
  expect(stderr).not.toMatch(/Anyone who can reach/);
  expect(stdout + stderr).not.toContain('secret');
  const open = start(['serve', 'model.onnx', '--port', '0', '--host', '0.0.0.0'], { cwd: place.path });
  await open.says('Anyone who can reach this address');
  open.process.kill('SIGTERM');
  expect((await open.finished).stderr).toMatch(/Anyone who can reach this address can use the server/);
});

it('memory stays flat', async () => {
  const { url, running } = await serve('--log', 'error');
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const file = await encode(noise(2, 283), 'jpeg', 283);
  const residentAfterMore = async () => {
    let left = 500;
    const client = async () => {
      while (left-- > 0) await exchange(`${url}/invocations`, { agent, headers, body: file });
    };
    await Promise.all(Array.from({ length: 16 }, client));
    const { body: text } = await exchange(`${url}/metrics`, { agent, method: 'GET' });
    return Number(/^process_resident_memory_bytes (\d+)/m.exec(text)?.[1]);
  };
  // The heaps of three threads grow at first, with newer Nodes for longer. What stayed of each request, be it the file
  // alone (20 kB), would add 30 MB with each 1,500 requests, for ever.
  const resident: number[] = [];
  const grown = () => (resident.at(-1) ?? Number.POSITIVE_INFINITY) - (resident.at(-4) ?? 0);
  while (grown() >= 24e6 && resident.length < 40) resident.push(await residentAfterMore());
  agent.destroy();
  running.process.kill('SIGTERM');
  expect((await running.finished).code).toBe(0);
  expect(grown(), resident.join()).toBeLessThan(24e6);
});

it('says what predict says, and a silent connection does not hold up its end', async () => {
  const { url, running } = await serve();
  const [row, lines] = [
    await (await post(`${url}/invocations`, body)).json(),
    await (await post(`${url}/invocations`, body, { ...headers, accept: 'application/jsonlines' })).json(),
  ];
  expect(lines).toEqual({ prediction: row });
  await writeFile(join(place.path, 'one.png'), body);
  const { stdout } = await harrier(['predict', 'model.onnx', 'one.png', '--json'], { cwd: place.path });
  const [{ predictions }] = JSON.parse(stdout);
  expect(predictions.map(({ probability }: { probability: number }) => probability)).toEqual(
    [...row].sort((a, b) => b - a),
  );
  const agent = new Agent({ keepAlive: true });
  await exchange(`${url}/healthz`, { agent, method: 'GET' });
  running.process.kill('SIGTERM');
  expect((await running.finished).code).toBe(0);
  agent.destroy();
});
