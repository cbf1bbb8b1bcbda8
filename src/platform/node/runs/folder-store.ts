import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HarrierError } from '../../../errors.ts';
import type { RunStore, Waiting } from '../../../runs/run-store.ts';
import {
  type Elsewhere,
  isTemporaryName,
  storageError,
  temporaryName,
  writeAtomically,
} from '../files/cache.ts';
import { type LockHolder, lockHolder, withLock } from '../files/lock.ts';
import { readError } from '../files/read-error.ts';
import { renameInto } from '../files/rename-into.ts';

/** What to do where a run folder cannot be written. */
export const ELSEWHERE: Elsewhere = { next: 'choose another folder', options: ['out'] };

export const LOCK = '.lock';

/** Where files of a run lie. */
const FOLDERS = ['', 'checkpoints/'];

/** The files of a run in a folder. */
export class FolderStore implements RunStore {
  readonly path: string;
  /** While the folder is held: throws when another process has taken it over. */
  #check: (() => Promise<void>) | undefined;

  constructor(path: string) {
    this.path = path;
  }

  where(name?: string): string {
    return name === undefined ? this.path : join(this.path, name);
  }

  async write(name: string, content: Uint8Array | string): Promise<void> {
    await writeAtomically(this.where(name), content, ELSEWHERE, this.#check);
  }

  async note(name: string, content: string): Promise<void> {
    const path = this.where(name);
    const temporary = temporaryName(path);
    try {
      await writeFile(temporary, content);
      await renameInto(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => {});
      throw storageError(error, path, ELSEWHERE);
    }
  }

  async read(name: string): Promise<Buffer | undefined> {
    try {
      return await readFile(this.where(name));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw readError(error, this.where(name), 'file');
    }
  }

  async remove(name: string): Promise<void> {
    await rm(this.where(name), { force: true }).catch((error) => {
      throw storageError(error, this.where(name), ELSEWHERE);
    });
  }

  async list(): Promise<string[]> {
    return (await this.#files()).filter((name) => name !== LOCK && !isTemporaryName(name));
  }

  async tidy(): Promise<void> {
    await this.#check?.();
    const names = await this.#files().catch(() => []);
    const leftovers = names.filter(isTemporaryName);
    await Promise.all(leftovers.map((name) => rm(this.where(name), { force: true })));
  }

  /** The process that holds the lock now, if there is one. */
  holder(): Promise<LockHolder | undefined> {
    return lockHolder(this.where(LOCK));
  }

  async exclusively<T>(action: () => Promise<T>, waiting?: Waiting): Promise<T> {
    const refuse = (holder: number): never => {
      throw new HarrierError('in-use', `another process (${holder}) is writing to this run folder`, {
        where: this.path,
        next: 'Wait until it ends, or stop it.',
      });
    };
    const options = { ...(waiting ?? { onWait: refuse }), elsewhere: ELSEWHERE };
    return withLock(this.where(LOCK), options, async (check) => {
      this.#check = check;
      try {
        return await action();
      } finally {
        this.#check = undefined;
      }
    });
  }

  /** Names of all files of the run; none where there is no folder yet. Folders of others may lie beside them. */
  async #files(): Promise<string[]> {
    const within = async (folder: string): Promise<string[]> => {
      const entries = await readdir(join(this.path, folder), { withFileTypes: true }).catch((error) => {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw readError(error, join(this.path, folder), 'folder');
      });
      return entries.filter((entry) => entry.isFile()).map(({ name }) => `${folder}${name}`);
    };
    return (await Promise.all(FOLDERS.map(within))).flat().sort();
  }
}
