import { createHash } from 'node:crypto';
import { type FSWatcher, watch } from 'node:fs';
import { HarrierError } from '../../errors.ts';
import { type FoundRun, type GroupKind, RunFolders } from '../../platform/node/runs/run-folders.ts';
import { shellQuote } from '../../platform/node/shell-quote.ts';
import { type AboutRun, aboutText, changedAbout } from '../../runs/about-run.ts';
import type { RunRecord } from '../../runs/run-record.ts';
import type { RunDetails, RunGroup, RunSummary } from '../api.ts';
import type { EventHub } from '../events.ts';
import { notFound } from '../respond.ts';
import { RunView } from './run-view.ts';

/** How often the folder is looked at while somebody watches. */
const LOOK_MS = 1_000;
/** An answer may be so old. */
const FRESH_MS = 250;

/** Of a run that is gone. */
const NOTHING = { epochs: 0, step: undefined };

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
  readonly #folders: RunFolders;
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
    this.#folders = new RunFolders(folder);
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
      folder: shellQuote(view.folder.path),
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

  /**
   * Changes what people say of a run.
   * @throws HarrierError `not-found`; `bad-option` for a name that another run has, or as `changedAbout`; `storage`
   */
  async describe(id: string, change: AboutRun): Promise<RunSummary> {
    const view = await this.view(id);
    const about = changedAbout(view.about, change);
    const other = [...this.#views.values()].find(
      (each) => each !== view && about.name !== undefined && [each.about.name, each.id].includes(about.name),
    );
    if (other) {
      throw new HarrierError('bad-option', 'another run has this name', {
        where: other.id,
        received: `"${about.name}"`,
        next: 'Choose another name.',
      });
    }
    await view.folder.check('about');
    if (Object.keys(about).length > 0) await view.folder.write('about', aboutText(about));
    else await view.folder.remove('about');
    return this.summary(id);
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
    const found = new Map((await this.#folders.list()).map((run) => [runId(run.names), run]));
    for (const [id, run] of found) {
      if (!this.#views.has(id)) this.#views.set(id, new RunView(id, run.path, groupOf(run)));
    }
    const looked = await Promise.all(
      [...this.#views].map(async ([id, view]) => {
        if (!found.has(id)) return { id, view, before: NOTHING, changed: undefined };
        const before = { epochs: view.history.length, step: JSON.stringify(view.step) };
        return { id, view, before, changed: await view.look(found.get(id)?.mtimeMs) };
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
    if (own.isAlive && !['running', 'finished'].includes(summary.state)) {
      return { ...summary, state: 'running', message: summary.message ?? own.summary.message };
    }
    if (!own.isAlive && own.summary.state === 'failed' && summary.state === 'paused') {
      return { ...summary, state: 'failed', message: own.summary.message };
    }
    return summary;
  }
}

/** What a run is called among those that it belongs to: `seed 2`, `fold 1`, or what they came to. */
function groupOf({ names: [name, part], group: kind }: FoundRun): RunGroup | undefined {
  if (!kind) return undefined;
  const called = part === undefined ? WHOLE[kind] : part.replace('-', ' ');
  return called === undefined ? undefined : { id: runId([name]), kind, part: called };
}

/** What the run in the folder of a group is called. */
const WHOLE: Readonly<Partial<Record<GroupKind, string>>> = { folds: 'all images', seeds: 'average' };

/** A run's path below the folder as one word that stands in URLs. */
export function runId(names: readonly string[]): string {
  return names
    .map((name) => {
      const plain = name.replace(/[^\w.-]/g, '_');
      // Names that differ only in other letters are still others.
      return plain === name
        ? name
        : `${plain}-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
    })
    .join('~');
}
