import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { shellQuote } from '../shell-quote.ts';
import { findModel } from './find-run.ts';

it('shows the name of an unfinished run as a shell takes it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'harrier-find-run-'));
  try {
    const run = join(folder, "it's; mine");
    await mkdir(run);
    await writeFile(join(run, 'folds.json'), '');
    await expect(findModel(run)).rejects.toThrow(`npx harrier train --resume ${shellQuote(run)}`);
  } finally {
    await rm(folder, { recursive: true });
  }
});
