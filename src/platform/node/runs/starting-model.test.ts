import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
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
