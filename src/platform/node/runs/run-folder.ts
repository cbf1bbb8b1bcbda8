import { mkdir, readdir, rmdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { HarrierError } from '../../../errors.ts';
import { isKnownLayer } from '../../../layers/index.ts';
import type { RunRecord } from '../../../runs/run-record.ts';
import { RUN_FILES, type RunFile, StoredRun } from '../../../runs/stored-run.ts';
import { isTemporaryName, makeDirectory, storageError } from '../files/cache.ts';
import type { LockHolder } from '../files/lock.ts';
import { ELSEWHERE, FolderStore, LOCK } from './folder-store.ts';
import { loadOwnRecipes } from './recipe-files.ts';

/** The folder of one run, with all its files. */
export class RunFolder extends StoredRun {
  /** The folder as a `RunStore`. */
  override readonly store: FolderStore;
  /** Path of the folder. */
  readonly path: string;

  constructor(path: string) {
    const store = new FolderStore(path);
    super(store);
    this.store = store;
    this.path = path;
  }

  /** As a run's record is read; its own layers are known from then on, if the current folder's recipes register them. */
  override async record(): Promise<RunRecord> {
    const record = await super.record();
    // What is damaged is refused by who needs it.
    const isKnown = record.network?.layers?.every?.((each) => isKnownLayer(each?.layer)) ?? true;
    if (!isKnown) await loadOwnRecipes(record.options.recipeFile).catch(() => {});
    return record;
  }

  override read(name: RunFile): Promise<Buffer | undefined> {
    return this.store.read(RUN_FILES[name]);
  }

  /** Removes the folder of a run that has no checkpoint: nothing came of it. What others put there stays. */
  async discardUnlessBegun(): Promise<void> {
    if ((await this.read('last')) || (await this.read('model'))) return;
    for (const name of Object.keys(RUN_FILES) as RunFile[]) await this.remove(name);
    await rmdir(dirname(this.file('last'))).catch(() => {});
    await rmdir(this.path).catch(() => {});
  }

  /** The process that is at this run now, if there is one. */
  holder(): Promise<LockHolder | undefined> {
    return this.store.holder();
  }
}

/**
 * Creates the folder of a new run.
 *
 * @param out path of the folder; default `runs/<recipe>-<time><ending>` in the current folder, numbered if that exists
 * @param place the folder instead of `runs`, and the ending of the name
 * @throws HarrierError `storage` when it cannot be created, `bad-option` when it is not empty
 */
export async function createRunFolder(
  recipe: string,
  out?: string,
  now: Date = new Date(),
  { parent = 'runs', ending = '' }: { parent?: string; ending?: string } = {},
): Promise<RunFolder> {
  if (out !== undefined) {
    const path = resolve(out);
    await makeDirectory(path, ELSEWHERE);
    await checkFree(path);
    return new RunFolder(path);
  }
  const base = resolve(parent, `${recipe}-${timestamp(now)}${ending}`);
  await makeDirectory(dirname(base), ELSEWHERE);
  for (let number = 1; ; number++) {
    const path = number === 1 ? base : `${base}-${number}`;
    if (await makeFolder(path)) return new RunFolder(path);
  }
}

/**
 * Checks that a new run can have a folder, before there is any work: it is empty, or not there yet.
 * @throws HarrierError `bad-option` when it is not empty, `storage` when it cannot be read
 */
export async function checkFree(path: string): Promise<void> {
  const found = await readdir(path).catch((error) => {
    if (error.code === 'ENOENT') return [];
    throw storageError(error, path, ELSEWHERE);
  });
  // A process that was killed before it wrote the record leaves no run.
  const names = found.filter((name) => name !== LOCK && !isTemporaryName(name));
  if (names.length === 0) return;
  const isRun = names.includes(RUN_FILES.record) || names.includes('seeds.json');
  throw new HarrierError(
    'bad-option',
    isRun ? 'this folder already contains a run' : 'this folder is not empty',
    {
      where: path,
      next: isRun ? 'Choose another, or resume this run.' : 'Choose another.',
      options: isRun ? ['out', 'resume'] : ['out'],
    },
  );
}

/** False when it is there already. */
async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw storageError(error, path, ELSEWHERE);
  }
}

/** 2026-11-23 18:04:05 in local time → "20261123-180405". */
function timestamp(now: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return `${day}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}
