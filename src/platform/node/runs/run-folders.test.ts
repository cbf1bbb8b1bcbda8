import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findRun, listRuns } from './find-run.ts';
import { FolderStore } from './folder-store.ts';
import { RunFolders } from './run-folders.ts';

let place: string;
const at = (...names: string[]) => join(place, ...names);

async function write(name: string, content = '{}'): Promise<void> {
  await mkdir(join(at(name), '..'), { recursive: true });
  await writeFile(at(name), content);
}

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'run-folders-'));
  for (const name of [
    'runs/one/run.json',
    'runs/seeds/seeds.json',
    'runs/seeds/seed-1/run.json',
    'runs/folds/folds.json',
    'runs/folds/run.json',
    'runs/folds/fold-1/run.json',
    'runs/folds/checkpoints/last.safetensors',
    'runs/sweep/sweep.json',
    'runs/sweep/trial-1/run.json',
    'runs/nothing/readme.txt',
    'elsewhere/run.json',
  ]) {
    await write(name);
  }
  await symlink(at('elsewhere'), at('runs/link'));
});
afterAll(() => rm(place, { recursive: true }));

const found = async (folders: RunFolders) =>
  (await folders.list()).map(({ names, group }) => `${names.join('/')}${group ? ` (${group})` : ''}`).sort();

test('runs are found, those that belong together each by itself, and no links that lead out', async () => {
  const folders = new RunFolders(at('runs'));
  const all = [
    'folds (folds)',
    'folds/fold-1 (folds)',
    'one',
    'seeds/seed-1 (seeds)',
    'sweep/trial-1 (sweep)',
  ];
  expect(await found(folders)).toEqual(all);
  // Old enough to be remembered.
  await utimes(at('runs/seeds'), 1, 1);
  await folders.list();
  await write('runs/seeds/seed-2/run.json');
  await rm(at('runs/one'), { recursive: true });
  expect(await found(folders)).toEqual(
    [...all, 'seeds/seed-2 (seeds)'].filter((name) => name !== 'one').sort(),
  );
  expect(await new RunFolders(at('nowhere')).list()).toEqual([]);
});

test('runs are listed, those whose record was written last first', async () => {
  await utimes(at('runs/folds/run.json'), 3, 3);
  await utimes(at('runs/sweep/trial-1/run.json'), 2, 2);
  const listed = (await listRuns(at('runs'))).map(({ path }) => path);
  expect(listed.slice(-2)).toEqual([at('runs/folds'), at('runs/sweep/trial-1')]);
  expect(listed).toHaveLength(5);
  expect(await listRuns(at('nowhere'))).toEqual([]);
});

test('commands find a run by the name that it was given', async () => {
  const before = process.cwd();
  process.chdir(place);
  try {
    await write('runs/sweep/trial-1/about.json', '{"name":"The good one"}');
    expect((await findRun('The good one')).path).toBe(join(process.cwd(), 'runs/sweep/trial-1'));
    await expect(findRun('The good on')).rejects.toThrow('Did you mean "The good one"?');
    await write('runs/folds/about.json', '{"name":"The good one"}');
    await expect(findRun('The good one')).rejects.toThrow(
      /several runs have this name.*runs.folds, runs.sweep/,
    );
  } finally {
    process.chdir(before);
  }
});

test('a run folder that cannot be locked is proposed to be another, and not another cache', async () => {
  await write('plain');
  await expect(new FolderStore(at('plain/run')).exclusively(async () => {})).rejects.toMatchObject({
    code: 'storage',
    details: { next: 'Move it away, or choose another folder.', options: ['out'] },
  });
});
