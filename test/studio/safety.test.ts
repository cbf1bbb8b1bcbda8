import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeImages } from '../cli/harrier.ts';
import { openStudio, raw, studioFolder, type TestStudio } from './studio.ts';

let server: TestStudio;
beforeAll(async () => {
  const folder = await studioFolder();
  await writeImages(join(folder, 'images'), { perClass: 4 });
  server = await openStudio(folder, { data: [join(folder, 'images')] });
});
afterAll(() => server.end());

const ask = (path: string, headers: Record<string, string> = {}) =>
  raw(server.studio.port, path, { headers: { host: `127.0.0.1:${server.studio.port}`, ...headers } });
const put = (headers: Record<string, string>, body = '{"excluded":true}') =>
  raw(server.studio.port, '/api/datasets/images/train/marks/0', {
    method: 'PUT',
    headers: { host: `127.0.0.1:${server.studio.port}`, ...headers },
    body,
  });
const codeOf = ({ text }: { text: string }) => JSON.parse(text).error.code;

it('sends a strict policy with everything, refusals included', async () => {
  for (const path of ['/', '/assets/index-a1b2c3.js', '/api/state', '/api/nothing', '/nothing.txt']) {
    const { headers } = await ask(path);
    expect(headers).toMatchObject({
      'content-security-policy': expect.stringMatching(
        /^default-src 'self'; script-src 'self' 'wasm-unsafe-eval';.* frame-ancestors 'none'$/,
      ),
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-resource-policy': 'same-origin',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    });
    expect(headers['content-security-policy']).not.toMatch(/unsafe-inline|'unsafe-eval'|\*/);
    expect(headers['access-control-allow-origin']).toBeUndefined();
  }
});

describe('names of the host', () => {
  it.each(['127.0.0.1', 'localhost', '[::1]'])('answers to %s, whatever the port', async (name) => {
    expect((await ask('/api/state', { host: `${name}:9000` })).status).toBe(200);
    expect((await ask('/', { host: name })).status).toBe(200);
  });

  it.each([
    'evil.example',
    'localhost.evil.example:3000',
    '127.0.0.1.evil.example',
    '192.168.0.7',
    '0.0.0.0',
  ])('refuses %s: a page there may have had its name point here', async (host) => {
    for (const path of ['/', '/api/state', '/api/datasets/images/train/image/0']) {
      const answer = await ask(path, { host });
      expect(answer.status).toBe(421);
      expect(codeOf(answer)).toBe('refused');
    }
  });

  it('answers to a name that is allowed', async () => {
    const other = await openStudio(server.folder, { allowedHosts: ['studio.example'] });
    const token = new URL(other.studio.url).searchParams.get('token');
    const authorization = `Bearer ${token}`;
    const to = (headers: Record<string, string>) => raw(other.studio.port, '/api/state', { headers });
    expect((await to({ host: 'studio.example', authorization })).status).toBe(200);
    expect((await to({ host: 'evil.example', authorization })).status).toBe(421);
    // Whoever reaches the proxy with this name would be let in.
    expect((await to({ host: 'studio.example' })).status).toBe(401);
    await other.studio.close();
  });

  it('wants no token where all its names are of this machine', async () => {
    const other = await openStudio(server.folder, { allowedHosts: ['localhost'] });
    expect(other.studio.url).not.toContain('token');
    await other.studio.close();
  });
});

describe('requests of other sites', () => {
  it.each(['cross-site', 'same-site'])('refuses what a %s page asks', async (site) => {
    for (const path of ['/api/state', '/api/datasets/images/train/image/0', '/assets/index-a1b2c3.js', '/']) {
      const answer = await ask(path, {
        'sec-fetch-site': site,
        'sec-fetch-mode': 'no-cors',
        'sec-fetch-dest': 'image',
      });
      expect(answer.status).toBe(403);
    }
  });

  it('lets people follow a link to the page, and to nothing else', async () => {
    const visit = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    expect((await ask('/data?split=train', visit)).status).toBe(200);
    expect((await ask('/api/state', visit)).status).toBe(403);
    expect((await ask('/', { ...visit, 'sec-fetch-dest': 'iframe' })).status).toBe(403);
  });

  it('answers the page itself, and an address that somebody typed', async () => {
    expect((await ask('/api/state', { 'sec-fetch-site': 'same-origin' })).status).toBe(200);
    expect((await ask('/api/state', { 'sec-fetch-site': 'none' })).status).toBe(200);
  });

  it('refuses another origin', async () => {
    const json = { 'content-type': 'application/json' };
    expect((await put({ ...json, origin: 'http://evil.example' })).status).toBe(403);
    expect((await put({ ...json, origin: 'null' })).status).toBe(403);
    expect((await put({ ...json, origin: 'http://127.0.0.1:1' })).status).toBe(403);
    expect((await put({ ...json, 'sec-fetch-site': 'none' })).status).toBe(403);
    expect((await ask('/api/state', { origin: 'http://evil.example' })).status).toBe(403);
  });

  it('answers the page behind a proxy with TLS', async () => {
    const headers = { 'content-type': 'application/json', origin: `https://127.0.0.1:${server.studio.port}` };
    expect((await put(headers, '{"excluded":false}')).status).toBe(200);
  });

  it('changes nothing that does not come as JSON, as a form of another site would', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
    ]) {
      const answer = await put({ 'content-type': type });
      expect([answer.status, codeOf(answer)]).toEqual([415, 'not-supported']);
    }
    expect((await put({})).status).toBe(415);
    const { status } = await raw(server.studio.port, '/api/runs/x/stop', { method: 'POST' });
    expect(status).toBe(415);
    const list = await ask('/api/datasets/images/train/images?mark=any');
    expect(JSON.parse(list.text).total).toBe(0);
    expect((await put({ 'content-type': 'application/json' }, '{"excluded":false}')).status).toBe(200);
  });
});

describe('files', () => {
  it.each([
    '/../package.json',
    '/..%2f..%2fpackage.json',
    '/assets/..%2f..%2fruns',
    '/assets/%2e%2e/%2e%2e/secret.txt',
    '/%2fetc%2fpasswd',
    '//etc/passwd',
    '/assets/index-a1b2c3.js%00.html',
    '/api/runs/..%2f..%2fsecret/files/run.json',
    '/api/runs/%2e%2e/files/run.json',
    '/api/runs/mine/files/..%2f..%2fsecret.txt',
    '/api/runs/mine/files/checkpoints%2flast.safetensors',
    '/api/models/..%2f..%2fsecret/model.onnx',
    '/api/datasets/..%2fimages/train/images',
    '/api/datasets/images/..%2f..%2fx/images',
    '/api/datasets/images/train/image/..%2f0',
  ])('%s leads nowhere', async (path) => {
    await writeFile(join(server.folder, 'secret.txt'), 'not for you');
    const answer = await ask(path);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.text).not.toMatch(/not for you|root:/);
  });

  it('passes over links that lead out of the folder of runs', async () => {
    const runs = join(server.folder, 'runs');
    const outside = join(server.folder, 'outside');
    await mkdir(join(runs, 'inside'), { recursive: true });
    await mkdir(outside, { recursive: true });
    await writeFile(join(outside, 'run.json'), '{}');
    await symlink(outside, join(runs, 'linked'));
    await writeFile(join(runs, 'inside', 'run.json'), '{}');
    await symlink(join(server.folder, 'secret.txt'), join(runs, 'inside', 'report.html'));
    const list = await server.json<{ id: string; state: string; message: string }[]>('/api/runs');
    expect(list.map(({ id, state }) => [id, state])).toEqual([['inside', 'failed']]);
    expect(list[0].message).toMatch(/run\.json: this is not the record of a run/);
    for (const path of ['/api/runs/inside/files/report.html', '/api/runs/linked/files/run.json']) {
      const answer = await ask(path);
      expect([answer.status, codeOf(answer)]).toEqual([404, 'not-found']);
    }
  });

  it('gives a report a policy under which nothing runs', async () => {
    await writeFile(join(server.folder, 'runs', 'inside', 'README.md'), '# A card');
    await mkdir(join(server.folder, 'runs', 'shown'), { recursive: true });
    await writeFile(join(server.folder, 'runs', 'shown', 'run.json'), '{}');
    await writeFile(join(server.folder, 'runs', 'shown', 'report.html'), '<script>alert(1)</script>');
    const { status, headers } = await ask('/api/runs/shown/files/report.html');
    expect(status).toBe(200);
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; .*sandbox$/);
  });
});

describe('an address that others reach', () => {
  let open: TestStudio;
  const own = () => `127.0.0.1:${open.studio.port}`;
  const get = (path: string, headers: Record<string, string> = {}) =>
    raw(open.studio.port, path, { headers: { host: own(), ...headers } });
  beforeAll(async () => {
    open = await openStudio(server.folder, { host: '0.0.0.0' });
  });
  afterAll(() => open.studio.close());

  it('wants a token, which is made up and stands in the address', async () => {
    const { searchParams } = new URL(open.studio.url);
    const token = searchParams.get('token')!;
    expect(token).toMatch(/^[0-9a-f]{32}$/);
    for (const path of ['/', '/api/state', '/assets/index-a1b2c3.js']) {
      const answer = await get(path);
      expect([answer.status, codeOf(answer)]).toEqual([401, 'unauthorized']);
    }
    expect((await get(`/?token=${'0'.repeat(32)}`)).status).toBe(401);
    expect((await get('/api/state', { authorization: `Bearer ${token}` })).status).toBe(200);
    expect((await get('/api/state', { authorization: 'Bearer wrong' })).status).toBe(401);
  });

  it('gives who came with it a cookie, and takes it out of the address', async () => {
    const token = new URL(open.studio.url).searchParams.get('token')!;
    const { status, headers } = await get(`/data?split=test&token=${token}`);
    expect([status, headers.location]).toEqual([303, './data?split=test']);
    // Also below a path of a proxy.
    expect(
      new URL(headers.location!, `https://example.org/studio/data?split=test&token=${token}`).pathname,
    ).toBe('/studio/data');
    const [cookie] = headers['set-cookie']!;
    expect(cookie).toMatch(/; HttpOnly; SameSite=Strict; Path=\//);
    expect(cookie).not.toContain(token);
    expect((await get('/api/state', { cookie: `other=1; ${cookie.split(';')[0]}` })).status).toBe(200);
    const [name] = cookie.split('=');
    expect((await get('/api/state', { cookie: `${name}=00` })).status).toBe(401);
    // Cookies do not tell ports apart: that of another Studio on this host does not take the place of this one's.
    expect(name).toMatch(/^harrier-studio-[0-9a-f]{8}$/);
    const others = `harrier-studio-00000000=1; ${cookie.split(';')[0]}`;
    expect((await get('/api/state', { cookie: others })).status).toBe(200);
  });

  it('is not led astray by slashes in the address', async () => {
    const token = new URL(open.studio.url).searchParams.get('token')!;
    expect((await get(`//evil.example/?token=${token}`)).headers.location ?? '').not.toMatch(/^\/\//);
  });

  it('goes by addresses, and by no stranger’s name', async () => {
    const authorization = `Bearer ${new URL(open.studio.url).searchParams.get('token')}`;
    expect((await get('/api/state', { authorization, host: '192.168.0.7:3000' })).status).toBe(200);
    expect((await get('/api/state', { authorization, host: 'evil.example' })).status).toBe(421);
  });
});

it('refuses bodies that are large, broken or no objects, with a sentence', async () => {
  const json = { 'content-type': 'application/json' };
  const cases = [
    ['{', 400, /not JSON/],
    ['[]', 400, /not a JSON object/],
    ['', 400, /no body/],
    [JSON.stringify({ excluded: 'x'.repeat(70_000) }), 413, /too large/],
    ['{"label":1.5}', 400, /not a label correction/],
    ['{"label":3}', 400, /not a class: expected a whole number from 0 to 2/],
    ['{"label":0,"rm":"-rf"}', 400, /not a label correction/],
  ] as const;
  for (const [body, status, message] of cases) {
    const answer = await put(json, body);
    expect([answer.status, JSON.parse(answer.text).error.message]).toEqual([
      status,
      expect.stringMatching(message),
    ]);
  }
  const wrong = await raw(server.studio.port, '/api/datasets/images/train/marks/99', {
    method: 'PUT',
    headers: { ...json },
    body: '{}',
  });
  expect(wrong.status).toBe(404);
});

it.each(['', ' secret'])('does not start with the token "%s", which would keep nobody out', async (token) => {
  const folder = await studioFolder();
  await expect(openStudio(folder, { token })).rejects.toMatchObject({ code: 'bad-option' });
});

it('refuses an option called __proto__ like any other that there is not', async () => {
  const body = '{"recipe":"quick","data":"images","options":{"__proto__":{"epochs":1},"epochs":1}}';
  const answer = await raw(server.studio.port, '/api/runs', {
    method: 'POST',
    headers: { host: `127.0.0.1:${server.studio.port}`, 'content-type': 'application/json' },
    body,
  });
  expect(answer.status).toBe(400);
  expect(answer.text).toContain('There is no option \\"__proto__\\" of quick.');
});

it.each(['history.csv', 'evaluation.json', 'predictions.csv', 'progress.json', 'run.json', 'model.onnx'])(
  'reads nothing outside of a run folder where %s is a link out of it',
  async (name) => {
    const run = join(server.folder, 'runs', 'linked');
    await mkdir(run, { recursive: true });
    const secret = join(server.folder, 'secret.txt');
    await writeFile(secret, 'root:x:0:0');
    await writeFile(join(run, 'run.json'), '{"format":1}');
    await rm(join(run, name), { force: true });
    await symlink(secret, join(run, name));
    for (const path of ['', '/linked', '/linked/predictions', `/linked/files/${name}`]) {
      expect((await ask(`/api/runs${path}`)).text).not.toContain('root:x');
    }
    expect((await ask('/api/models/linked/model.onnx')).text).not.toContain('root:x');
    await rm(run, { recursive: true });
  },
);
