import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Dense, GlobalAveragePooling2D } from '../../src/layers/index.ts';
import { exportModel, initialWeights, Network } from '../../src/models/index.ts';
import { encodeModel } from '../../src/onnx/index.ts';
import { HubServer } from '../hub-server.ts';
import { type Finished, harrier, sentenceOf, withoutAdvice, workplace, writeImages } from './harrier.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const NAME = 'hf:someone/colours';

let place: { path: string; remove: () => Promise<void> };
let hub: HubServer;

beforeAll(async () => {
  place = await workplace();
  hub = await new HubServer().listen();
  const network = new Network({
    name: 'colours',
    inputShape: [12, 12, 3],
    layers: [new GlobalAveragePooling2D(), new Dense({ units: 5 })],
  });
  const content = encodeModel(exportModel(network, initialWeights(network.parameters, 1)));
  hub.repositories.set('someone/colours', {
    commit: COMMIT,
    license: 'cc-by-nc-4.0',
    files: { 'model.onnx': { content, large: true } },
  });
  await writeImages(join(place.path, 'images'), { perClass: 20, side: 12 });
});
afterAll(async () => {
  hub.close();
  await place.remove();
});

const run = (...args: string[]): Promise<Finished> =>
  harrier(args, { cwd: place.path, environment: { HF_ENDPOINT: hub.endpoint, HF_HUB_OFFLINE: '' } });

it('a model is listed, fetched, shown and removed', async () => {
  const listed = await run('models');
  expect(listed.stdout).toMatch(/efficientnet-lite0 +75\.5% .* Apache-2\.0/);
  expect(listed.stdout).not.toContain('colours');
  const fetched = await run('models', 'fetch', NAME, '--json');
  expect([fetched.code, JSON.parse(fetched.stdout)]).toMatchObject([
    0,
    { name: NAME, commit: COMMIT, license: 'cc-by-nc-4.0' },
  ]);
  expect((await run('models', 'list')).stdout).toContain(`${NAME}:model.onnx`);
  const shown = await run('models', 'show', NAME);
  expect(shown.stdout).toContain(`commit   ${COMMIT}`);
  expect(shown.stdout).toContain('cc-by-nc-4.0, which forbids commercial use');
  expect((await run('models', 'remove', NAME)).code).toBe(0);
  expect(await readdir(join(place.path, 'cache/models'))).not.toContainEqual(
    expect.stringMatching(/^hf.*[^k]$/),
  );
  expect((await run('models', 'remove', NAME)).stderr).toMatch(
    /it is not in the cache\. Fetch it: npx harrier models fetch/,
  );
});

it('a run begins with a model of the hub, and names its commit and licence', async () => {
  const trained = await run('train', '--from', NAME, '--data', 'images', '--epochs', '1', '--out', 'tuned');
  expect(trained.code).toBe(0);
  expect(withoutAdvice(trained)).toMatch(
    /^Note: hf:someone\/colours is under cc-by-nc-4\.0, which forbids commercial use/,
  );
  const { options } = JSON.parse(await readFile(join(place.path, 'tuned/run.json'), 'utf8'));
  expect(options.from).toMatchObject({
    name: NAME,
    source: { address: `${NAME}:model.onnx`, commit: COMMIT, license: 'cc-by-nc-4.0' },
  });
  const card = await readFile(join(place.path, 'tuned/README.md'), 'utf8');
  expect(card).toContain(`comes from \`${NAME}:model.onnx\` at commit \`${COMMIT}\``);
  expect(card).toContain('Its licence is cc-by-nc-4.0, whose terms apply to this model too.');
  expect(card).not.toContain(place.path);
  const resumed = await run('train', '--resume', 'tuned', '--epochs', '2');
  expect(resumed.code).toBe(0);
});

it('another name, and a hub that is away, are one sentence each', async () => {
  const unknown = await run('models', 'fetch', 'efficentnet-lite0');
  expect([unknown.code, sentenceOf(unknown)]).toEqual([
    1,
    expect.stringContaining('Did you mean "efficientnet-lite0"?'),
  ]);
  const away = await harrier(['train', '--from', 'hf:a/b', '--data', 'images'], {
    cwd: place.path,
    environment: { HF_ENDPOINT: 'http://127.0.0.1:1', HF_HUB_OFFLINE: '' },
  });
  expect(away.code).toBe(1);
  expect(sentenceOf(away)).toMatch(/the hub cannot be reached \(connect ECONNREFUSED 127\.0\.0\.1:1\)/);
});
