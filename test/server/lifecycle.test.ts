import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ModelProtoSchema, StringStringEntryProtoSchema } from '../../src/onnx/generated/onnx_pb.ts';
import { PROGRAM, SOURCE_PROGRAM } from '../program.ts';
import {
  encode,
  modelBytes,
  noise,
  post,
  putFile,
  queue,
  type Serving,
  serving,
  slowModelBytes,
  until,
} from './serving.ts';

// How a server begins, changes and ends.

let body: Buffer;
beforeAll(async () => {
  body = await encode(noise(1));
});

it('leaves no timer behind when it is closed with a request under way', async () => {
  const place = await serving({ graceMs: 0 }, slowModelBytes());
  const before = timers();
  const answers = Promise.allSettled(await queue(place.server.url, body));
  await place.server.close();
  expect(await answers).toContainEqual(expect.objectContaining({ status: 'fulfilled' }));
  // The time for which it would have waited for answers is 25 s.
  await until(() => timers() <= before, 'no timer is left');
  await place.end();
});

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

describe('a client that closes its sending half', () => {
  let place: Serving;
  beforeAll(async () => {
    place = await serving();
  });
  afterAll(() => place.end());

  it.each([
    ['after the whole request is answered', 0, /^HTTP\/1\.1 200 OK/],
    ['in the middle of it hears that', 10, /^HTTP\/1\.1 400 Bad Request/],
  ])('%s', async (_, missing, expected) => {
    const socket = connect({ port: place.server.port, host: '127.0.0.1', allowHalfOpen: true });
    const head = `POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: ${body.length + missing}\r\n\r\n`;
    socket.write(head);
    socket.end(body);
    const [answer] = await once(socket, 'data');
    expect(String(answer)).toMatch(expected);
    socket.destroy();
  });
});

it('a client that closed its sending half is asked whether it waits while others do, and is answered', async () => {
  const place = await serving({ maxBatch: 1 }, slowModelBytes());
  const others = await queue(place.server.url, body, 8);
  const socket = connect({ port: place.server.port, host: '127.0.0.1', allowHalfOpen: true });
  socket.write(
    `POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: ${body.length}\r\n\r\n`,
  );
  socket.end(body);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  expect(answer).toMatch(/^(HTTP\/1\.1 100 Continue\r\n\r\n)+HTTP\/1\.1 200 OK\r\n/);
  await Promise.all(others);
  await place.end();
});

/** A model that keeps its weights in a file beside it, as PyTorch's exporter writes it. */
function weightsBeside(bytes: Uint8Array): { model: Uint8Array; weights: Uint8Array } {
  const proto = fromBinary(ModelProtoSchema, bytes);
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const tensor of proto.graph!.initializer) {
    if (tensor.rawData.length === 0) continue;
    const where = { location: 'model.onnx.data', offset: `${offset}`, length: `${tensor.rawData.length}` };
    offset += tensor.rawData.length;
    parts.push(tensor.rawData);
    tensor.rawData = new Uint8Array();
    tensor.dataLocation = 1;
    tensor.externalData = Object.entries(where).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    );
  }
  return { model: toBinary(ModelProtoSchema, proto), weights: Buffer.concat(parts) };
}

describe('a model file that changes', () => {
  let place: Serving;
  const events = (event: string) => place.logged.filter((each) => each.event === event);
  beforeAll(async () => {
    place = await serving({ watchMs: 20 });
  });
  afterAll(() => place.end());

  it.skipIf(process.platform === 'win32')('is noticed again after a pipe stood in its place', async () => {
    const pipe = join(place.folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    await rename(pipe, place.modelFile);
    await until(
      () => events('the changed model is refused; the one before stays').length === 1,
      'the pipe is refused',
    );
    const refused = events('the changed model is refused; the one before stays')[0];
    expect(refused.fields.reason).toMatch(/this is a pipe or a device/);
    await putFile(place.modelFile, modelBytes({ seed: 2 }));
    await until(() => events('model reloaded').length === 1, 'the next model is loaded');
    expect((await post(`${place.server.url}/invocations`, body)).status).toBe(200);
  });

  it('is noticed when only the file of its weights changes', async () => {
    const [one, two] = [weightsBeside(modelBytes({ seed: 5 })), weightsBeside(modelBytes({ seed: 6 }))];
    expect(two.model).toEqual(one.model);
    const weights = join(place.folder, 'model.onnx.data');
    const before = events('model reloaded').length;
    await putFile(weights, one.weights);
    await putFile(place.modelFile, one.model);
    await until(() => events('model reloaded').length === before + 1, 'the model is loaded');
    const ask = async () => (await post(`${place.server.url}/invocations`, body)).json();
    const first = await ask();
    await putFile(weights, two.weights);
    await until(() => events('model reloaded').length === before + 2, 'its new weights are loaded');
    expect(await ask()).not.toEqual(first);
  });

  it('is noticed when it changed while the server started', async () => {
    let isFirst = true;
    const started = await serving({
      watchMs: 20,
      readModel: async (file) => {
        const bytes = await readFile(file);
        if (isFirst) await putFile(file, modelBytes({ seed: 4 }));
        isFirst = false;
        return bytes;
      },
    });
    await until(
      () => started.logged.some(({ event }) => event === 'model reloaded'),
      'the newer model is loaded',
    );
    await started.end();
  });

  it('is taken with a warning when it has other classes', async () => {
    await putFile(place.modelFile, modelBytes({ seed: 3, classes: ['cat', 'dog'] }));
    await until(() => events('the changed model has other classes').length === 1, 'a warning');
    const [{ level, fields }] = events('the changed model has other classes');
    expect([level, fields.reason]).toEqual(['warn', '2 classes instead of 3']);
    expect(await (await post(`${place.server.url}/invocations`, body)).json()).toHaveLength(2);
    await putFile(place.modelFile, modelBytes({ seed: 3, classes: ['cat', 'ship'] }));
    await until(() => events('the changed model has other classes').length === 2, 'another warning');
    expect(events('the changed model has other classes')[1].fields.reason).toBe(
      'class 1 is "ship" instead of "dog"',
    );
  });
});

it.each([
  ['an empty one', '', /the token is empty/],
  ['one with a space before it', ' secret', /begins or ends with a space/],
  ['one with a line end', 'secret\n', /begins or ends with a space/],
  ['one of letters that no header carries', 'geheimnis-ü', /no HTTP header carries/],
])('refuses a token that nobody could send: %s', async (_, token, message) => {
  await expect(serving({ token })).rejects.toMatchObject({
    code: 'bad-option',
    message: expect.stringMatching(message),
  });
});

describe('the process', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'harrier-process-'));
    await writeFile(join(folder, 'model.onnx'), modelBytes());
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.skipIf(process.platform !== 'linux')(
    'says once that its log cannot be written, and serves on',
    async () => {
      const full = await open('/dev/full', 'w');
      const child = spawn(
        process.execPath,
        [PROGRAM, 'serve', 'model.onnx', '--port', '0', '--workers', '1'],
        {
          cwd: folder,
          stdio: ['ignore', full.fd, 'pipe'],
        },
      );
      await full.close();
      let said = '';
      child.stderr!.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      await until(() => /at http:\S+/.test(said), 'it serves');
      const [, url] = /at (http:\S+)/.exec(said)!;
      for (let i = 0; i < 5; i++) expect((await post(`${url}/invocations`, body)).status).toBe(200);
      child.kill('SIGTERM');
      await once(child, 'exit');
      expect(said).not.toContain('fault of Harrier');
      expect(said.match(/standard output cannot be written/g)).toHaveLength(1);
    },
  );

  const isolates =
    process.platform === 'linux' && spawnSync('unshare', ['-pf', 'true'], { stdio: 'ignore' }).status === 0;
  it.skipIf(!isolates)(
    'ends by a signal that comes while it loads, as the first of a container too',
    async () => {
      // Sends the signal as soon as anything listens: long before the command itself does.
      const early = `data:text/javascript,${encodeURIComponent(
        `const timer = setInterval(() => {
        if (process.listenerCount('SIGTERM') === 0) return;
        clearInterval(timer);
        process.kill(process.pid, 'SIGTERM');
      }, 1).unref();`,
      )}`;
      const args = [
        '-pf',
        process.execPath,
        '--import',
        early,
        SOURCE_PROGRAM,
        'serve',
        'model.onnx',
        '--port',
        '0',
      ];
      const child = spawn('unshare', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
      let said = '';
      child.stderr!.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      const [code] = await once(child, 'close');
      expect([code, said]).toEqual([143, '']);
    },
  );
});
