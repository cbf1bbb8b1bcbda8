import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { openPixelStore } from './pixel-store.ts';

it('a file can be read as long as somebody holds what reads it', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const folder = await mkdtemp(join(tmpdir(), 'harrier-pixels-'));
  await writeFile(join(folder, 'pixels'), Uint8Array.of(1, 2, 3, 4, 5, 6));
  // As threads hold it: without the store.
  const { read } = openPixelStore(join(folder, 'pixels'), 3, 0);
  for (let i = 0; i < 5; i++) {
    collectGarbage();
    await setImmediate();
  }
  const image = new Uint8Array(3);
  read(1, image, 0);
  expect([...image]).toEqual([4, 5, 6]);
  await rm(folder, { recursive: true });
});
