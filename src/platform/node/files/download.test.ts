import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { download } from './download.ts';

const CONTENT = randomBytes(1_000_000);
const MD5 = createHash('md5').update(CONTENT).digest('hex');

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

let folder: string;
let destination: string;
let server: Server;
let url: string;
let answers: Answer[];
let ranges: (string | undefined)[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-download-'));
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    (answers.shift() ?? whole)(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  answers = [];
  ranges = [];
  destination = join(folder, `file-${Math.random()}`);
});
afterEach(async () => {
  for (const name of await readdir(folder)) await rm(join(folder, name), { force: true });
});

const whole: Answer = (request, response) => {
  const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from >= CONTENT.length) {
    response.writeHead(416).end();
    return;
  }
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': CONTENT.length - from });
  response.end(CONTENT.subarray(from));
};

/** Sends the headers of a whole answer and only `bytes` of it, then cuts the line. */
const cutAfter =
  (bytes: number): Answer =>
  (request, response) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': CONTENT.length - from });
    response.write(CONTENT.subarray(from, from + bytes), () => setTimeout(() => response.destroy(), 20));
  };

const status =
  (code: number): Answer =>
  (_, response) =>
    response.writeHead(code).end();

const fetchIt = (options: Partial<Parameters<typeof download>[2]> = {}) =>
  download(url, destination, { expected: { algorithm: 'md5', hex: MD5 }, backoffMs: 1, ...options });

describe('download', () => {
  it('fetches a file and reports progress', async () => {
    const progress: [number, number][] = [];
    await fetchIt({ onProgress: (done, total) => progress.push([done, total]) });
    expect((await readFile(destination)).equals(CONTENT)).toBe(true);
    expect(progress[0]).toEqual([0, CONTENT.length]);
    expect(progress.at(-1)).toEqual([CONTENT.length, CONTENT.length]);
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('asks for the rest when the connection is cut, as often as it takes', async () => {
    // More cuts than attempts: each brought something, so none counts as a failure in a row.
    answers = [200_000, 100_000, 100_000, 100_000, 100_000, 100_000].map(cutAfter);
    await fetchIt({ attempts: 3 });
    expect((await readFile(destination)).equals(CONTENT)).toBe(true);
    expect(ranges[0]).toBeUndefined();
    expect(ranges.slice(1)).toEqual(
      [200_000, 300_000, 400_000, 500_000, 600_000, 700_000].map((from) => `bytes=${from}-`),
    );
  });

  it('continues what an earlier process left', async () => {
    await writeFile(`${destination}.partial`, CONTENT.subarray(0, 600_000));
    await fetchIt();
    expect((await readFile(destination)).equals(CONTENT)).toBe(true);
    expect(ranges).toEqual(['bytes=600000-']);
  });

  it('starts again when the server knows no ranges', async () => {
    await writeFile(`${destination}.partial`, CONTENT.subarray(0, 600_000));
    answers = [(_, response) => response.writeHead(200, { 'content-length': CONTENT.length }).end(CONTENT)];
    await fetchIt();
    expect((await readFile(destination)).equals(CONTENT)).toBe(true);
  });

  it('starts again when what was left is of another file', async () => {
    await writeFile(`${destination}.partial`, Buffer.alloc(600_000));
    await fetchIt();
    expect((await readFile(destination)).equals(CONTENT)).toBe(true);
    expect(ranges).toEqual(['bytes=600000-', undefined]);
  });

  it('starts again when what was left is longer than the file', async () => {
    await writeFile(`${destination}.partial`, Buffer.alloc(2_000_000));
    await fetchIt();
    expect((await readFile(destination)).equals(CONTENT)).toBe(true);
  });

  it('takes what was left when it is whole', async () => {
    await writeFile(`${destination}.partial`, CONTENT);
    await fetchIt();
    expect((await readFile(destination)).equals(CONTENT)).toBe(true);
  });

  it('takes a file that is there when it is the right one, and replaces another', async () => {
    await writeFile(destination, CONTENT);
    await fetchIt();
    expect(ranges).toEqual([]);
    await writeFile(destination, CONTENT.subarray(1));
    await fetchIt();
    expect((await readFile(destination)).equals(CONTENT)).toBe(true);
    await fetchIt({ expected: undefined });
    expect(ranges).toHaveLength(2);
  });

  it('tries again when the server is overloaded', async () => {
    answers = [status(503), status(429)];
    await fetchIt();
    expect((await readFile(destination)).equals(CONTENT)).toBe(true);
  });

  it('tries again when the server falls silent', async () => {
    answers = [
      (_, response) => {
        response.writeHead(200, { 'content-length': CONTENT.length });
        response.write(CONTENT.subarray(0, 10_000));
      },
    ];
    await fetchIt({ stallTimeoutMs: 100 });
    expect((await readFile(destination)).equals(CONTENT)).toBe(true);
    expect(ranges[1]).toBe('bytes=10000-');
  });

  it('gives up at once on a file that is not there', async () => {
    answers = [status(404)];
    await expect(fetchIt()).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/download failed \(the server answered 404/),
    });
    expect(ranges).toHaveLength(1);
  });

  it('gives up at once on a server that is not there or does not answer', async () => {
    await expect(download('http://127.0.0.1:1/', destination, {})).rejects.toMatchObject({
      code: 'network',
    });
    answers = [() => {}];
    await expect(fetchIt({ connectTimeoutMs: 50 })).rejects.toThrow(/no answer/);
    expect(ranges).toHaveLength(1);
  });

  it('gives up when nothing is gained time after time', async () => {
    answers = Array(9).fill(status(500));
    await expect(fetchIt({ attempts: 3 })).rejects.toThrow(/the server answered 500/);
    expect(ranges).toHaveLength(3);
  });

  it('refuses another file and does not keep it', async () => {
    answers = [(_, response) => response.end('something else')];
    await expect(fetchIt()).rejects.toThrow(new RegExp(`MD5 ${MD5} expected`));
    expect(await readdir(folder)).toEqual([]);
  });

  it('stops when asked to, and keeps what it has', async () => {
    answers = [
      (_, response) => {
        response.writeHead(200, { 'content-length': CONTENT.length });
        response.write(CONTENT.subarray(0, 300_000));
      },
    ];
    const controller = new AbortController();
    const onProgress = (done: number) => done === 300_000 && controller.abort(new Error('enough'));
    await expect(fetchIt({ onProgress, signal: controller.signal })).rejects.toThrow('enough');
    expect((await readFile(`${destination}.partial`)).equals(CONTENT.subarray(0, 300_000))).toBe(true);
  });
});
