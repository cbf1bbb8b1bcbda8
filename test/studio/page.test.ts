import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findRun } from '../../src/platform/node/runs/find-run.ts';
import type {
  ModelInfo,
  RunDetails,
  RunPredictions,
  RunSummary,
  StudioState,
} from '../../src/studio-server/api.ts';
import { exportSite } from '../../src/studio-server/export.ts';
import { harrier, writeImages } from '../cli/harrier.ts';
import { openStudio, raw, studioFolder, type TestStudio, WASM } from './studio.ts';

let server: TestStudio;
const path = (...parts: string[]) => join(server.folder, ...parts);
beforeAll(async () => {
  server = await openStudio(await studioFolder());
});
afterAll(() => server.end());

describe('the page', () => {
  it('stands at the address of every view', async () => {
    for (const view of ['/', '/data?data=cifar10', '/evaluate', '/try', '/inspect', '/teach', '/train']) {
      const answer = await server.get(view);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(await answer.text()).toContain('<!doctype html>');
    }
  });

  it('has files of the right types; those named after their content are kept for ever', async () => {
    const kinds = [
      ['/theme.js', 'text/javascript; charset=utf-8', /no-cache/],
      ['/assets/index-a1b2c3.js', 'text/javascript; charset=utf-8', /immutable/],
      ['/assets/engine-d4e5f6.wasm', 'application/wasm', /immutable/],
    ] as const;
    for (const [address, type, control] of kinds) {
      const answer = await server.get(address);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, type]);
      expect(answer.headers.get('cache-control')).toMatch(control);
      const again = await server.get(address, { headers: { 'if-none-match': answer.headers.get('etag')! } });
      expect(again.status).toBe(304);
    }
    for (const address of [
      '/assets/index.js',
      '/favicon.ico',
      '/assets/',
      '/assets/engine-d4e5f6.wasm.gz',
      '/a/b',
    ]) {
      const answer = await server.get(address);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/json']);
    }
  });

  it('comes compressed to who takes that, and as it is to others', async () => {
    const host = { host: `127.0.0.1:${server.studio.port}` };
    for (const address of ['/assets/index-a1b2c3.js', '/assets/engine-d4e5f6.wasm']) {
      const plain = await raw(server.studio.port, address, { headers: host });
      expect(plain.headers['content-encoding']).toBeUndefined();
      const packed = await raw(server.studio.port, address, {
        headers: { ...host, 'accept-encoding': 'br, gzip' },
      });
      expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'accept-encoding' });
      const through = await server.get(address);
      const bytes = new Uint8Array(await through.arrayBuffer());
      expect(through.headers.get('x-uncompressed-length')).toBe(`${bytes.length}`);
      expect(Buffer.from(plain.text)).toEqual(Buffer.from(new TextDecoder().decode(bytes)));
    }
    expect(new Uint8Array(await (await server.get('/assets/engine-d4e5f6.wasm')).arrayBuffer())).toEqual(
      WASM,
    );
    const stored = gunzipSync(await readFile(path('page/assets/engine-d4e5f6.wasm.gz')));
    expect(new Uint8Array(stored)).toEqual(WASM);
  });

  it('is found however its folder is written', async () => {
    const folder = `${relative(process.cwd(), path('page'))}/./`;
    const other = await openStudio(server.folder, { pageFolder: folder });
    expect((await other.get('/theme.js')).status).toBe(200);
    await other.studio.close();
  });

  it('is missed with a sentence', async () => {
    const missing = openStudio(server.folder, { pageFolder: path('nowhere') });
    await expect(missing).rejects.toThrow(/the page of Studio has not been built\. Build it: npm run build/);
  });
});

it('tells what people see in CIFAR-10', async () => {
  const people = await server.json<{ accuracy: number; confusions: unknown[] }>('/api/human-baseline');
  expect(people).toMatchObject({ accuracy: 0.9524, majorityAccuracy: 0.9921 });
  expect(people.confusions[0]).toEqual({ trueClass: 'deer', takenFor: 'horse', people: 0.043, model: null });
});

describe('an exported site', () => {
  const read = async <T>(name: string): Promise<T> => JSON.parse(await readFile(path('site', name), 'utf8'));
  const exported = (data: string[]) =>
    findRun(path('evaluated')).then((run) =>
      exportSite({ folder: path('site'), pageFolder: path('page'), runs: [run], data }),
    );
  beforeAll(async () => {
    await writeImages(path('images'), { perClass: 20 });
    const place = { cwd: server.folder, environment: { HARRIER_CACHE: path('cache') } };
    const train = ['train', '--data', 'images', '--epochs', '1', '--set', 'filters=2', '--out', 'evaluated'];
    expect((await harrier(train, place)).code).toBe(0);
  });

  it('holds the page, the shipped model, and what the page would ask for', async () => {
    const { files, bytes } = await exported([]);
    const names = (await readdir(path('site'), { recursive: true, withFileTypes: true })).filter((each) =>
      each.isFile(),
    );
    expect([names.length, bytes > 2e6]).toEqual([files, true]);
    const html = await readFile(path('site/index.html'), 'utf8');
    expect(html).toContain('<meta name="harrier-exported" content="true">');
    expect(html).toMatch(/<meta http-equiv="Content-Security-Policy" content="default-src 'self'; [^"]*">/);
    expect(html).not.toContain('frame-ancestors');
    expect(new Uint8Array(await readFile(path('site/assets/engine-d4e5f6.wasm')))).toEqual(WASM);
    expect(await read<StudioState>('api/state.json')).toMatchObject({
      exported: true,
      canTrain: false,
      datasets: [],
    });
    const models = await read<ModelInfo[]>('api/models.json');
    expect(models.map(({ id }) => id)).toEqual(['shipped-cifar10', 'evaluated']);
    for (const { id, bytes: size } of models) {
      expect((await readFile(path('site/api/models', id, 'model.onnx'))).length).toBe(size);
    }
    const details = await read<RunDetails>('api/runs/evaluated.json');
    expect(details.evaluation?.accuracy).toBe(details.summary.testAccuracy);
    expect(details.summary).not.toHaveProperty('dataset');
    expect(JSON.stringify(details.record?.data)).not.toContain(path('images'));
    expect((await read<RunPredictions>('api/runs/evaluated/predictions.json')).label).toHaveLength(
      details.record!.data.test.images,
    );
    expect((await readdir(path('site/api'))).includes('datasets')).toBe(false);
  });

  it('holds test images only where they are named', async () => {
    await exported([path('images')]);
    const { dataset, index } = await read<RunPredictions>('api/runs/evaluated/predictions.json');
    expect(dataset).toBe('images');
    const list = await read<{ total: number }>('api/datasets/images/test/images.json');
    expect(list.total).toBe(index.length);
    expect(await readdir(path('site/api/datasets/images/test/sheet'))).toEqual(['0.webp']);
    expect(await read('api/datasets/images.json')).toMatchObject({
      id: 'images',
      name: 'images',
      state: 'ready',
    });
  });

  it('tells runs of one name apart', async () => {
    const folders = ['one', 'two'].map((group) => path(`${group}/seed-1`));
    for (const folder of folders) await cp(path('evaluated'), folder, { recursive: true });
    const runs = await Promise.all(folders.map((folder) => findRun(folder)));
    await exportSite({ folder: path('seeds'), pageFolder: path('page'), runs, data: [] });
    const listed: RunSummary[] = JSON.parse(await readFile(path('seeds/api/runs.json'), 'utf8'));
    expect(listed.map(({ id }) => id).sort()).toEqual(['seed-1', 'two~seed-1']);
    expect(await readdir(path('seeds/api/models'))).toEqual(expect.arrayContaining(['seed-1', 'two~seed-1']));
  });

  it('holds runs of images with several labels, whose answers no view shows one by one', async () => {
    await cp(path('evaluated'), path('labels'), { recursive: true });
    const record = JSON.parse(await readFile(path('labels/run.json'), 'utf8'));
    const options = { ...record.options, multiLabel: true };
    await writeFile(path('labels/run.json'), JSON.stringify({ ...record, options }));
    const run = await findRun(path('labels'));
    await exportSite({ folder: path('labelled'), pageFolder: path('page'), runs: [run], data: [] });
    expect((await readdir(path('labelled/api/runs'))).includes('labels.json')).toBe(true);
    expect(await readdir(path('labelled/api/runs/labels')).catch(() => [])).not.toContain('predictions.json');
  });

  it('is written anew over one of before, where other files stay, and over nothing else', async () => {
    const page = path('page');
    await writeFile(join(page, 'old.js'), '');
    await writeFile(join(page, 'assets/index-000000.js'), '');
    await exported([path('images')]);
    expect(await readdir(path('site/api/datasets/images/test/sheet'))).toEqual(['0.webp']);
    for (const name of ['old.js', 'assets/index-000000.js']) await rm(join(page, name));
    await mkdir(path('site/.git'));
    const own = ['.git/HEAD', 'CNAME', 'about.html'];
    for (const name of own) await writeFile(path('site', name), name);
    const { files } = await exported([]);
    for (const name of own) expect(await readFile(path('site', name), 'utf8')).toBe(name);
    const all = await readdir(path('site'), { recursive: true, withFileTypes: true });
    expect(all.filter((each) => each.isFile())).toHaveLength(files + own.length);
    expect(await readdir(path('site'))).not.toContain('old.js');
    expect(await readdir(path('site/assets'))).not.toContain('index-000000.js');
    expect(await readdir(path('site/api'))).not.toContain('datasets');
    const elsewhere = exportSite({ folder: path('evaluated'), pageFolder: path('page'), runs: [], data: [] });
    await expect(elsewhere).rejects.toThrow(/this folder is not empty/);
    expect(await readdir(path('evaluated'))).toContain('run.json');
  });

  it('keeps the one of before where it cannot be written to its end', async () => {
    await cp(path('evaluated'), path('linked'), { recursive: true });
    await rm(path('linked/report.html'));
    await symlink(path('page/theme.js'), path('linked/report.html'));
    await exported([]);
    const before = await readdir(path('site'), { recursive: true });
    const run = await findRun(path('linked'));
    const again = exportSite({ folder: path('site'), pageFolder: path('page'), runs: [run], data: [] });
    await expect(again).rejects.toThrow(/this link points outside the run folder/);
    expect(await readdir(path('site'), { recursive: true })).toEqual(expect.arrayContaining(before));
    const listed = await read<RunSummary[]>('api/runs.json');
    expect(listed.map(({ id }) => id)).toEqual(['evaluated']);
  });
});
