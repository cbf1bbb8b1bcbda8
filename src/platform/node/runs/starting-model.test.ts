import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withExternalWeights } from '../../../../test/foreign/external-weights.ts';
import { CLASSES, classifier } from '../../../../test/foreign/graphs.ts';
import { HubServer } from '../../../../test/hub-server.ts';
import { encodeModel } from '../../../onnx/index.ts';
import { fetchModel } from '../backbones/fetch-model.ts';
import { nativeSha256 } from '../files/sha256.ts';
import { shippedModel } from './shipped-model.ts';
import { fetchedStartingModel } from './starting-model.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'harrier-starting-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('reads a model of the cache, and says how to mend one that is damaged', async () => {
  const file = join(folder, 'model.onnx');
  await copyFile((await shippedModel())!, file);
  const bytes = await readFile(file);
  const source = {
    ...{ address: 'hf:some/model', path: 'model.onnx', file: 'model.onnx', bytes: bytes.length },
    ...{ sha256: nativeSha256().update(bytes).digest(), fetched: '2026-01-01T00:00:00.000Z' },
  };
  const fetched = { name: 'hf:some/model', file, folder, source };
  expect((await fetchedStartingModel(fetched)).hash).toBe(source.sha256);
  // One bit of a weight: it could still be read.
  bytes[Math.floor(bytes.length / 2)] ^= 1;
  await writeFile(file, bytes);
  await expect(fetchedStartingModel(fetched)).rejects.toMatchObject({
    code: 'bad-data',
    message: expect.stringMatching(
      /the file is damaged: expected SHA-256 .* Fetch it again: npx harrier models fetch hf:some\/model$/,
    ),
  });
});

it('reads a fetched model whose weights are in a second file, and names that file where it is damaged', async () => {
  const whole = encodeModel(classifier('Gemm, transposed'));
  const { model: content, weights } = withExternalWeights(whole, 'model.onnx.data');
  const hub = await new HubServer().listen();
  try {
    hub.repositories.set('some/model', {
      commit: '0123456789abcdef0123456789abcdef01234567',
      files: { 'model.onnx': { content }, 'model.onnx.data': { content: weights } },
    });
    const environment = { HARRIER_CACHE: join(folder, 'cache'), HF_ENDPOINT: hub.endpoint };
    const fetched = await fetchModel('hf:some/model', { environment });
    const model = await fetchedStartingModel(fetched);
    expect(model.network.outputSize).toBe(CLASSES);
    const damaged = Uint8Array.from(weights);
    damaged[0] ^= 1;
    await writeFile(join(fetched.folder, 'model.onnx.data'), damaged);
    await expect(fetchedStartingModel(fetched)).rejects.toThrow(
      /model\.onnx\.data: the file is damaged: expected SHA-256 .* models fetch hf:some\/model$/,
    );
    await rm(join(fetched.folder, 'model.onnx.data'));
    await expect(fetchedStartingModel(fetched)).rejects.toThrow(/received no file that can be read/);
  } finally {
    hub.close();
  }
});
