/**
 * Small reproductions of faults that were found on real data. They lie beside the project, not in it: where they are
 * not there, nothing is tested here. What they show is tested in the project's own tests too.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

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
  it.each(RIGHT)('%s', (name) => {
    const { status, stdout } = spawnSync('bash', [`${CASES}/data/${name}/repro.sh`], {
      cwd: ROOT,
      env: { ...process.env, HARRIER: ROOT },
      encoding: 'utf8',
    });
    expect(stdout.trim().split('\n').at(-1)).toMatch(/^right/);
    expect(status).toBe(0);
  });
});
