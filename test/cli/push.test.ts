import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Dense, Flatten } from '../../src/layers/index.ts';
import { CLASS_NAMES_KEY, exportModel, initialWeights, Network } from '../../src/models/index.ts';
import { encodeModel } from '../../src/onnx/index.ts';
import { pushToHub } from '../../src/platform/node/hub-upload/push-to-hub.ts';
import { HubServer } from '../hub-server.ts';
import { HubUploads } from '../hub-uploads.ts';
import { harrier, sentenceOf, withoutProgress, workplace } from './harrier.ts';

// Pushes to a server that speaks the hub's protocol.

let place: { path: string; remove: () => Promise<void> };
let server: HubServer;
let uploads: HubUploads;
const environment = () => ({ HF_ENDPOINT: server.endpoint, HF_TOKEN: 'writer', HUGGING_FACE_HUB_TOKEN: '' });
const push = (target: string, args: readonly string[] = [], more: Record<string, string> = {}) =>
  harrier(['push', 'model.onnx', target, ...args], {
    cwd: place.path,
    environment: { ...environment(), ...more },
  });

beforeAll(async () => {
  place = await workplace();
  server = await new HubServer().listen();
  const network = new Network({ inputShape: [8, 8, 3], layers: [new Flatten(), new Dense({ units: 3 })] });
  const names = { [CLASS_NAMES_KEY]: JSON.stringify(['cat', 'dog', 'ship']) };
  const model = encodeModel(exportModel(network, initialWeights(network.parameters, 1), names));
  await writeFile(join(place.path, 'model.onnx'), model);
});
afterAll(async () => {
  server.close();
  await place.remove();
});
beforeEach(() => {
  uploads = new HubUploads();
  uploads.tokens.set('writer', ['acme']).set('reader', []);
  server.uploads = uploads;
  server.repositories.clear();
  server.storage = [];
});

describe('harrier push', () => {
  it('makes a repository that can be fetched again', async () => {
    const finished = await push('hf:acme/parts', ['--private', '--message', 'First parts', '--json']);
    expect([finished.code, withoutProgress(finished)]).toEqual([0, '']);
    expect(uploads.complaints).toEqual([]);
    const repository = uploads.repositories.get('acme/parts')!;
    const files = ['onnx/model.onnx', 'README.md', 'LICENSE.md', 'preprocessor_config.json', 'config.json'];
    expect(repository.commits).toEqual([{ summary: 'First parts', changed: files }]);
    expect(repository.private).toBe(true);
    const weights = repository.files.get('onnx/model.onnx')!.content;
    expect(JSON.parse(finished.stdout)).toEqual({
      repository: 'acme/parts',
      url: `${server.endpoint}/acme/parts`,
      commit: server.repositories.get('acme/parts')!.commit,
      changed: 5,
      sentBytes: weights.length,
      kept: [],
    });
    expect(`${repository.files.get('README.md')!.content}`).toMatch(
      /^---\n[\s\S]*pipeline_tag: image-classification\n[\s\S]*# acme\/parts\n/,
    );

    const fetched = await harrier(['models', 'fetch', 'hf:acme/parts', '--json'], {
      cwd: place.path,
      environment: environment(),
    });
    expect([fetched.code, fetched.stderr]).toEqual([0, expect.not.stringContaining('error')]);
    expect(await readFile(JSON.parse(fetched.stdout).path)).toEqual(Buffer.from(weights));
  });

  it('sends nothing for its owner alone to where everybody reads', async () => {
    await push('hf:acme/parts');
    const commits = uploads.repositories.get('acme/parts')!.commits.length;
    const finished = await push('hf:acme/parts', ['--private']);
    expect([finished.code, sentenceOf(finished)]).toEqual([
      2,
      expect.stringContaining('hf:acme/parts: this repository exists already, and everybody can read it'),
    ]);
    expect(uploads.repositories.get('acme/parts')!.commits).toHaveLength(commits);
  });

  it('changes nothing that is there already, and only what is another', async () => {
    await push('hf:acme/parts');
    const again = await push('hf:acme/parts');
    expect(again.stdout).toContain('The repository has all files already: nothing was changed.');
    const { files, commits } = uploads.repositories.get('acme/parts')!;
    expect(commits).toHaveLength(1);
    files
      .set('config.json', { content: Buffer.from('{}') })
      .set('notes.md', { content: Buffer.from('mine') });
    const changed = await push('hf:acme/parts');
    expect(changed.stdout).toMatch(/1 file changed, 0 B of weights sent/);
    expect(commits.at(-1)).toEqual({ summary: 'Upload a model of Harrier', changed: ['config.json'] });
    expect(`${files.get('notes.md')!.content}`).toBe('mine');
    expect(uploads.complaints).toEqual([]);
  });

  it('keeps what was edited on the hub', async () => {
    await push('hf:acme/parts');
    const { files } = uploads.repositories.get('acme/parts')!;
    const card = `${files.get('README.md')!.content}`;
    const edit = (path: string, text: string) => uploads.edit(server, 'acme/parts', path, text);
    edit('README.md', card.replace(/license: other\nlicense_name.*\nlicense_link.*\n/, 'license: mit\n'));
    edit('LICENSE.md', 'MIT, for the weights too.\n');
    const again = await push('hf:acme/parts', ['--tta', 'flip']);
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('1 file changed')]);
    expect(again.stderr).toContain(
      'Note: these stay as they are there: README.md (license, license_name, license_link), LICENSE.md.',
    );
    expect(`${files.get('README.md')!.content}`).toMatch(/^---\n(.*\n)*license: mit\n/);
    expect(`${files.get('README.md')!.content}`).not.toContain('license_name:');
    expect(`${files.get('LICENSE.md')!.content}`).toBe('MIT, for the weights too.\n');
    // A text of one's own stays too; one that was taken away is written again.
    edit('README.md', '# By hand\n');
    edit('LICENSE.md', '');
    const third = await push('hf:acme/parts');
    expect(third.stderr).toMatch(/as they are there: README\.md\. Delete a file there/);
    expect(`${files.get('README.md')!.content}`).toContain('# By hand');
    expect(uploads.complaints).toEqual([]);
  });

  it.each<[string, string, Record<string, string>, number, RegExp]>([
    [
      'no token',
      'hf:acme/parts',
      { HF_TOKEN: '' },
      1,
      /the hub takes models only with a token\. Create one that may write at .*\/settings\/tokens, and set HF_TOKEN/,
    ],
    [
      'an unknown token',
      'hf:acme/parts',
      { HF_TOKEN: 'old' },
      1,
      /hf:acme\/parts: the hub does not know this token: received Invalid username or password/,
    ],
    [
      'a token without rights',
      'hf:acme/parts',
      { HF_TOKEN: 'reader' },
      1,
      /the token has no right to write there: received You don't have the rights .*"acme"/,
    ],
    ['another owner', 'hf:other/parts', {}, 1, /the token has no right to write there/],
    [
      'an address of a file',
      'hf:acme/parts:model.onnx',
      {},
      2,
      /this is no repository to push to: expected hf:OWNER\/NAME, received hf:acme/,
    ],
    ['a path', './parts', {}, 2, /this is no repository to push to/],
    ['a name without an owner', 'hf:parts', {}, 2, /expected hf:OWNER\/NAME/],
  ])('refuses %s', async (_, target, more, code, sentence) => {
    const finished = await push(target, [], more);
    expect(finished.code).toBe(code);
    expect(sentenceOf(finished)).toMatch(sentence);
    expect([...uploads.repositories.keys()]).toEqual([]);
  });
});

describe('pushToHub', () => {
  const weights = Buffer.alloc(100_000, 'weights ');
  const files = new Map<string, string | Uint8Array>([
    ['README.md', '# parts'],
    ['onnx/model.onnx', weights],
    ['onnx/other.onnx', Buffer.alloc(5000, 'other')],
  ]);
  const options = () => ({ environment: environment(), message: 'Push', attempts: 2, backoffMs: 1 });
  const sentToStorage = () =>
    server.seen.filter(({ host, method }) => host === 'storage' && method === 'PUT').length;

  it('sends large files in parts where the hub asks for that', async () => {
    uploads.chunk = 30_000;
    const pushed = await pushToHub('acme/parts', files, options());
    expect(pushed).toMatchObject({ changed: 3, sentBytes: 105_000 });
    expect(uploads.repositories.get('acme/parts')!.files.get('onnx/model.onnx')!.content).toEqual(weights);
    expect(uploads.complaints).toEqual([]);
  });

  it('sends again what a broken line cut off', async () => {
    server.storage.push((_, response) => response.destroy());
    server.storage.push((request, response) => {
      request.resume();
      response.writeHead(503).end();
    });
    const before = sentToStorage();
    const pushed = await pushToHub('acme/parts', files, { ...options(), attempts: 3 });
    expect(pushed.sentBytes).toBe(105_000);
    expect(sentToStorage() - before).toBe(4);
    expect(uploads.complaints).toEqual([]);
  });

  it('goes on where a push ended, without sending a file twice', async () => {
    const cut = (_: unknown, response: { destroy(): void }) => response.destroy();
    // The first file arrives, the second does not, however often it is tried.
    server.storage.push(undefined as never, cut, cut);
    server.storage[0] = (request, response) => void uploads.answer(request, response, server);
    await expect(pushToHub('acme/parts', files, options())).rejects.toThrow(
      /the hub cannot be reached \(.*\)\. Check the connection .* then push again: files that are there are not sent again/,
    );
    expect(uploads.repositories.get('acme/parts')!.commits).toEqual([]);
    const pushed = await pushToHub('acme/parts', files, options());
    expect(pushed).toMatchObject({ changed: 3, sentBytes: 5000 });
    expect(uploads.repositories.get('acme/parts')!.commits).toHaveLength(1);
  });

  it('says that the hub is away', async () => {
    const away = await new HubServer().listen();
    const { endpoint } = away;
    away.close();
    const nowhere = { ...options(), environment: { HF_ENDPOINT: endpoint, HF_TOKEN: 'writer' } };
    await expect(pushToHub('acme/parts', files, nowhere)).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/the hub cannot be reached \(.*ECONNREFUSED/),
    });
  });
});
