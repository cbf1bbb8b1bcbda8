/**
 * Small reproductions of faults that were found on real data. They lie beside the project, not in it: where they are
 * not there, nothing is tested here. What they show is tested in the project's own tests too.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CASES = process.env.HARRIER_CASES ?? fileURLToPath(new URL('../../../shared/cases/', import.meta.url));
const areThere = existsSync(`${CASES}/data`);

/** Those that are right. */
const RIGHT = [
  'class-lost-latin1',
  'copy-on-both-sides',
  'csv-formula',
  'duplicates-not-noted',
  'escape-codes-in-errors',
  'evaluate-a-fifth',
  'explain-overwrites',
  'float-tiff-black',
  'heic-called-damaged',
  'layout-kaggle-flat',
  'layout-third-folder',
  'layout-train-eval',
  'limit-without-classes',
  'many-pictures',
  'means-of-absent-classes',
  'predict-folder',
  'preview-control-character',
  'stale-cache',
  'studio-export-tells-paths',
  'synology-thumbnails',
  'test-folder-unsorted',
  'test-picture-moves',
  'unicode-forms',
  'val-folder-ignored',
];

describe.skipIf(!areThere)(`cases of data${areThere ? '' : ` (${CASES} is not there)`}`, () => {
  /** A checkout without its sources, so that the command starts as it was built. */
  let built: string;
  beforeAll(async () => {
    built = await mkdtemp(join(tmpdir(), 'harrier-cases-'));
    await mkdir(join(built, 'bin'));
    await copyFile(join(ROOT, 'bin', 'harrier.js'), join(built, 'bin', 'harrier.js'));
    for (const name of ['dist', 'models', 'node_modules', 'package.json']) {
      await symlink(join(ROOT, name), join(built, name));
    }
  });
  afterAll(() => rm(built, { recursive: true, force: true }));

  it.each(RIGHT)('%s', async (name) => {
    const script = `${CASES}/data/${name}/repro.sh`;
    const readsSources = (await readFile(script, 'utf8')).includes('/src/');
    const { status, stdout } = spawnSync('bash', [script], {
      cwd: ROOT,
      env: { ...process.env, HARRIER: readsSources ? ROOT : built },
      encoding: 'utf8',
    });
    expect(stdout.trim().split('\n').at(-1)).toMatch(/^right/);
    expect(status).toBe(0);
  });
});
