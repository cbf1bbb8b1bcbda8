import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { HarrierError } from '../../../errors.ts';
import { type Elsewhere, isTemporaryName, makeDirectory, storageError, writeAtomically } from '../files/cache.ts';
import { type LockHolder, lockHolder, withLock } from '../files/lock.ts';
import { readError } from '../files/read-error.ts';
import { type RunRecord, readRecord } from './run-record.ts';

/** What a folder of a run holds. Every file appears whole or not at all. */
export const RUN_FILES = {
  record: 'run.json',
  progress: 'progress.json',
  history: 'history.csv',
  last: join('checkpoints', 'last.safetensors'),
  best: join('checkpoints', 'best.safetensors'),
  model: 'model.onnx',
  evaluation: 'evaluation.json',
  predictions: 'predictions.csv',
  report: 'report.html',
  card: 'README.md',
} as const;

export type RunFile = keyof typeof RUN_FILES;

const LOCK = '.lock';
const ELSEWHERE: Elsewhere = { next: 'choose another folder', options: ['out'] };

/** The folder in which everything about one run lies. */
export class RunFolder {
  readonly path: string;
  /** While the folder is held: throws when another process has taken it over. */
  #check: (() => Promise<void>) | undefined;

  constructor(path: string) {
    this.path = path;
  }

  file(name: RunFile): string {
    return join(this.path, RUN_FILES[name]);
  }

  /** @throws HarrierError `storage`; `in-use` when another process has taken the folder over: nothing is then changed */
  async write(name: RunFile, content: Uint8Array | string): Promise<void> {
    await writeAtomically(this.file(name), content, ELSEWHERE, this.#check);
  }

  /** The bytes of a file, or undefined when there is none. @throws HarrierError `storage` */
  async read(name: RunFile): Promise<Buffer | undefined> {
    try {
      return await readFile(this.file(name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw readError(error, this.file(name), 'file');
    }
  }

  /** @throws HarrierError `bad-checkpoint` when this is no run, or its record cannot be used */
  async record(): Promise<RunRecord> {
    const bytes = await this.read('record');
    if (!bytes) {
      throw new HarrierError('bad-checkpoint', 'this is no run folder: it has no run.json', {
        where: this.path,
        next: 'Give a folder that harrier train wrote.',
      });
    }
    return readRecord(bytes.toString('utf8'), this.file('record'));
  }

  async writeRecord(record: RunRecord): Promise<void> {
    await this.write('record', `${JSON.stringify(record, undefined, 2)}\n`);
  }

  /** Removes files that killed processes left half-written. Only who holds the folder exclusively may do so. */
  async removeLeftovers(): Promise<void> {
    await this.#check?.();
    for (const folder of [this.path, dirname(this.file('last'))]) {
      const names = await readdir(folder).catch(() => [] as string[]);
      const leftovers = names.filter((name) => isTemporaryName(name));
      await Promise.all(leftovers.map((name) => rm(join(folder, name), { force: true })));
    }
  }

  /** The process that is at this run now, if there is one. */
  holder(): Promise<LockHolder | undefined> {
    return lockHolder(join(this.path, LOCK));
  }

  /**
   * Does something that no other process may do to this run at the same time.
   * @throws HarrierError `in-use` when another process is at it
   */
  async exclusively<T>(action: () => Promise<T>): Promise<T> {
    const onWait = (holder: number): never => {
      throw new HarrierError('in-use', `another process (${holder}) is writing to this run folder`, {
        where: this.path,
        next: 'Wait until it ends, or stop it.',
      });
    };
    return withLock(join(this.path, LOCK), { onWait }, async (check) => {
      this.#check = check;
      try {
        return await action();
      } finally {
        this.#check = undefined;
      }
    });
  }
}

/**
 * Makes the folder of a new run.
 *
 * @param out where; by default `runs/<recipe>-<time><ending>` below the current folder, numbered when that is taken
 * @param place the folder instead of `runs`, and what the name ends in
 * @throws HarrierError `storage` when it cannot be made, `bad-option` when something is in it already
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
    const names = await readdir(path);
    if (names.length > 0) {
      const isRun = names.includes(RUN_FILES.record) || names.includes('seeds.json');
      throw new HarrierError(
        'bad-option',
        isRun ? 'this folder holds a run already' : 'this folder is not empty',
        {
          where: path,
          next: isRun ? 'Choose another, or go on with this one.' : 'Choose another.',
          options: isRun ? ['out', 'resume'] : ['out'],
        },
      );
    }
    return new RunFolder(path);
  }
  const base = resolve(parent, `${recipe}-${timestamp(now)}${ending}`);
  await makeDirectory(dirname(base), ELSEWHERE);
  for (let number = 1; ; number++) {
    const path = number === 1 ? base : `${base}-${number}`;
    if (await makeFolder(path)) return new RunFolder(path);
  }
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
