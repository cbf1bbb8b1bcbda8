import { type FSWatcher, watch } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { isSeedsFolder } from '../../platform/node/runs/seeds-folder.ts';
import type { RunRecord } from '../../runs/run-record.ts';
import { RUN_FILES } from '../../runs/stored-run.ts';
import type { RunDetails, RunSummary } from '../api.ts';
import type { EventHub } from '../events.ts';
import { notFound } from '../respond.ts';
import { RunView } from './run-view.ts';

/** How often the folder is looked at while somebody watches. */
const LOOK_MS = 1_000;
/** An answer may be so old. */
const FRESH_MS = 250;

/** What the library must know of runs that this server started. */
export interface OwnRuns {
  /** A run that this server started and whose folder may not be there yet, or whose process it knows more of. */
  known(id: string): { readonly summary: RunSummary; readonly isAlive: boolean } | undefined;
  readonly ids: Iterable<string>;
}

/** All runs of a folder, kept up to date while somebody watches. */
export class RunLibrary {
  readonly folder: string;
  readonly #hub: EventHub;
  readonly #idOf: (data: string, path?: string) => string | undefined;
  readonly #views = new Map<string, RunView>();
  readonly #told = new Map<string, string>();
  #own: OwnRuns = { known: () => undefined, ids: [] };
  #looking: Promise<void> | undefined;
  #looked = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #watcher: FSWatcher | undefined;

  /** @param idOf the id of the data set that a run was made with */
  constructor(folder: string, hub: EventHub, idOf: (data: string, path?: string) => string | undefined) {
    this.folder = folder;
    this.#hub = hub;
    this.#idOf = idOf;
  }

  /** Runs that are under way here. */
  set own(own: OwnRuns) {
    this.#own = own;
  }

  /** Newest first. */
  async list(): Promise<RunSummary[]> {
    await this.refresh(0);
    const ids = new Set([...this.#views.keys(), ...this.#own.ids]);
    const summaries = [...ids].flatMap((id) => this.#summary(id) ?? []);
    return summaries.sort((a, b) => (a.startedAt < b.startedAt ? 1 : a.startedAt > b.startedAt ? -1 : 0));
  }

  /** @throws HarrierError `not-found` */
  async details(id: string): Promise<RunDetails> {
    await this.refresh(0);
    const summary = this.#summary(id) ?? notFound('run', id);
    const view = this.#views.get(id);
    if (!view) return { summary, history: [], files: [] };
    const { record, history, step } = view;
    const evaluated = await view
      .evaluation()
      .then((evaluation) => ({ evaluation }))
      .catch((error: Error) => ({ evaluationProblem: error.message }));
    return {
      summary,
      ...(record && { record: { ...record, options: { ...record.options } } }),
      history,
      ...(step && { step }),
      ...evaluated,
      files: await view.files(),
    };
  }

  /** @throws HarrierError `not-found` where there is no folder of that run yet */
  async view(id: string): Promise<RunView> {
    await this.refresh();
    // It may have appeared this very moment.
    if (!this.#views.has(id)) await this.refresh(0);
    return this.#views.get(id) ?? notFound('run', id);
  }

  /** The finished runs with their records, newest first. */
  async finished(): Promise<{ readonly id: string; readonly record: RunRecord }[]> {
    await this.refresh();
    return [...this.#views.values()]
      .flatMap(({ id, record }) => (record?.result ? [{ id, record }] : []))
      .sort((a, b) => (a.record.created < b.record.created ? 1 : -1));
  }

  async summary(id: string): Promise<RunSummary> {
    await this.refresh(0);
    return this.#summary(id) ?? notFound('run', id);
  }

  /** Looks for what is new, unless that was done a moment ago; pages are told. */
  async refresh(fresh = FRESH_MS): Promise<void> {
    if (this.#looking) await this.#looking;
    if (performance.now() - this.#looked < fresh) return;
    this.#looking ??= this.#look().finally(() => {
      this.#looked = performance.now();
      this.#looking = undefined;
    });
    await this.#looking;
  }

  /** Looks again and again while there is somebody to tell. */
  watch(isWatched: boolean): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#watcher?.close();
    this.#watcher = undefined;
    if (!isWatched) return;
    const look = async (): Promise<void> => {
      await this.refresh().catch(() => {});
      if (this.#timer) this.#timer = setTimeout(look, LOOK_MS).unref();
    };
    this.#timer = setTimeout(look, 0).unref();
    try {
      // Only makes it quicker: it says nothing on network drives.
      this.#watcher = watch(this.folder, () => void this.refresh().catch(() => {})).unref();
      this.#watcher.on('error', () => {});
    } catch {
      // There is no such folder yet.
    }
  }

  async #look(): Promise<void> {
    const paths = await runPaths(this.folder);
    for (const [id, path] of paths) if (!this.#views.has(id)) this.#views.set(id, new RunView(id, path));
    const looked = await Promise.all(
      [...this.#views].map(async ([id, view]) => {
        const before = { epochs: view.history.length, step: JSON.stringify(view.step) };
        return { id, view, before, changed: paths.has(id) ? await view.look() : undefined };
      }),
    );
    for (const { id, view, before, changed } of looked) {
      if (changed === undefined) this.#views.delete(id);
      if (!changed) continue;
      for (const record of view.history.slice(before.epochs)) {
        // What was there before anyone looked is no news.
        if (this.#told.has(id)) this.#hub.send('epoch', { id, record });
      }
      if (view.step && JSON.stringify(view.step) !== before.step) this.#hub.send('step', view.step);
    }
    this.tell();
  }

  /** Tells pages of runs that are other than they were told. */
  tell(): void {
    for (const id of new Set([...this.#views.keys(), ...this.#own.ids])) {
      const summary = this.#summary(id);
      // The time that is left is in every step.
      const text = JSON.stringify({ ...summary, etaSeconds: undefined });
      if (!summary || this.#told.get(id) === text) continue;
      this.#told.set(id, text);
      this.#hub.send('run', summary);
    }
    for (const id of this.#told.keys()) {
      if (this.#summary(id)) continue;
      this.#told.delete(id);
      this.#hub.send('gone', { id });
    }
  }

  #summary(id: string): RunSummary | undefined {
    const own = this.#own.known(id);
    const view = this.#views.get(id);
    if (!view) return own?.summary;
    const summary = view.summary(own !== undefined, this.#idOf);
    if (!own) return summary;
    // Between its start and its first sign of life, and while it saves and evaluates, its process says more.
    if (own.isAlive && summary.state !== 'running') {
      return { ...summary, state: 'running', message: summary.message ?? own.summary.message };
    }
    if (!own.isAlive && own.summary.state === 'failed' && summary.state === 'paused') {
      return { ...summary, state: 'failed', message: own.summary.message };
    }
    return summary;
  }
}

/** Run folders by id, those of several seeds each by itself. Links that lead out of the folder are passed over. */
async function runPaths(folder: string): Promise<Map<string, string>> {
  const root = await realpath(folder).catch(() => undefined);
  if (root === undefined) return new Map();
  const found = new Map<string, string>();
  const add = async (...names: string[]): Promise<void> => {
    const path = join(root, ...names);
    const real = await realpath(path).catch(() => undefined);
    const isRun = await stat(join(path, RUN_FILES.record)).catch(() => undefined);
    if (real?.startsWith(root + sep) && isRun?.isFile()) found.set(runId(names), path);
  };
  const names = await readdir(root).catch(() => [] as string[]);
  await Promise.all(
    names.map(async (name) => {
      if (await isSeedsFolder(join(root, name))) {
        const seeds = await readdir(join(root, name)).catch(() => [] as string[]);
        await Promise.all(seeds.map((seed) => add(name, seed)));
      } else await add(name);
    }),
  );
  return found;
}

/** A run's path below the folder as one word that stands in URLs. */
export function runId(names: readonly string[]): string {
  return names.map((name) => name.replace(/[^\w.-]/g, '_')).join('~');
}
