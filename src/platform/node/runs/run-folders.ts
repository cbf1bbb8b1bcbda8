import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { RUN_FILES } from '../../../runs/stored-run.ts';
import { FOLDS_FILE } from './folds-folder.ts';
import { SEEDS_FILE } from './seeds-folder.ts';

/** The file that says what the run folders within a folder have in common. */
const GROUP_FILES = { seeds: SEEDS_FILE, folds: FOLDS_FILE, sweep: 'sweep.json' } as const;

/** What runs that belong together differ by. */
export type GroupKind = keyof typeof GROUP_FILES;

/** A run folder that was found. */
export interface FoundRun {
  readonly path: string;
  /** Its folders below the one that was looked through: one, or two of a run that belongs to others. */
  readonly names: readonly string[];
  readonly group?: GroupKind;
  /** When a file in the folder was last made, renamed or deleted. */
  readonly mtimeMs: number;
}

interface Listed {
  readonly mtimeMs: number;
  readonly isRun: boolean;
  readonly group?: GroupKind;
  /** Names of folders within, of a group. */
  readonly folders: readonly string[];
}

/** A time may be this coarse: what was changed since may have the same. */
const COARSE_MS = 2_000;

/**
 * The run folders of a folder, found again and again: what did not change is not read again. Links that lead out of the
 * folder are passed over.
 */
export class RunFolders {
  readonly #root: string;
  readonly #known = new Map<string, Listed>();

  constructor(root: string) {
    this.#root = root;
  }

  /** All of them now, those of groups (`train --seeds` and `--folds`, `sweep`) each by itself. */
  async list(): Promise<FoundRun[]> {
    const root = await realpath(this.#root).catch(() => undefined);
    if (root === undefined) return [];
    const names = await readdir(root).catch(() => [] as string[]);
    const seen = new Set<string>();
    const found = await Promise.all(
      names.map(async (name): Promise<FoundRun[]> => {
        const listed = await this.#look(root, [name], seen);
        if (!listed) return [];
        const { isRun, group, folders, mtimeMs } = listed;
        const shared = group && { group };
        const own = isRun ? [{ path: join(root, name), names: [name], mtimeMs, ...shared }] : [];
        if (!group) return own;
        const within = await Promise.all(
          folders.map(async (folder): Promise<FoundRun[]> => {
            const inner = await this.#look(root, [name, folder], seen);
            if (!inner?.isRun) return [];
            const path = join(root, name, folder);
            return [{ path, names: [name, folder], mtimeMs: inner.mtimeMs, ...shared }];
          }),
        );
        return [...own, ...within.flat()];
      }),
    );
    for (const path of this.#known.keys()) if (!seen.has(path)) this.#known.delete(path);
    return found.flat();
  }

  async #look(root: string, names: readonly string[], seen: Set<string>): Promise<Listed | undefined> {
    const path = join(root, ...names);
    seen.add(path);
    const info = await stat(path).catch(() => undefined);
    if (!info?.isDirectory()) return undefined;
    const known = this.#known.get(path);
    if (known?.mtimeMs === info.mtimeMs && Date.now() - info.mtimeMs > COARSE_MS) return known;
    const real = await realpath(path).catch(() => undefined);
    const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
    if (!real?.startsWith(root + sep)) return undefined;
    const there = new Set(entries.map(({ name }) => name));
    const [group] = Object.entries(GROUP_FILES).find(([, file]) => there.has(file)) ?? [];
    const listed: Listed = {
      mtimeMs: info.mtimeMs,
      isRun: there.has(RUN_FILES.record),
      ...(group && { group: group as GroupKind }),
      folders: entries.filter((entry) => !entry.isFile()).map(({ name }) => name),
    };
    this.#known.set(path, listed);
    return listed;
  }
}
