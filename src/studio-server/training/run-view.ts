import { realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { HarrierError } from '../../errors.ts';
import type { EpochRecord, Evaluation } from '../../evaluation/index.ts';
import { RunFolder } from '../../platform/node/runs/run-folder.ts';
import { shellQuote } from '../../platform/node/shell-quote.ts';
import { type AboutRun, readAbout } from '../../runs/about-run.ts';
import { type RunProgress, readProgress } from '../../runs/run-progress.ts';
import type { RunRecord } from '../../runs/run-record.ts';
import { RUN_FILES, type RunFile } from '../../runs/stored-run.ts';
import type { RunFileName, RunGroup, RunState, RunStep, RunSummary } from '../api.ts';

/** Files of a run that may be asked for, with what they are. */
export const SERVED_FILES: Readonly<Record<RunFileName, { readonly file: RunFile; readonly type: string }>> =
  {
    'model.onnx': { file: 'model', type: 'application/octet-stream' },
    'report.html': { file: 'report', type: 'text/html; charset=utf-8' },
    'README.md': { file: 'card', type: 'text/markdown; charset=utf-8' },
    'history.csv': { file: 'history', type: 'text/csv; charset=utf-8' },
    'predictions.csv': { file: 'predictions', type: 'text/csv; charset=utf-8' },
    'evaluation.json': { file: 'evaluation', type: 'application/json' },
    'run.json': { file: 'record', type: 'application/json' },
  };

const WATCHED: readonly RunFile[] = ['record', 'history', 'progress', 'evaluation', 'model', 'about'];

/** A time may be this coarse: what was changed since may have the same. */
const COARSE_MS = 2_000;
/** How often files are looked at one by one where the folder did not change. */
const THOROUGH_MS = 10_000;

/** A run folder of which nothing is read that lies elsewhere: its files may be links that somebody put there. */
export class OwnRunFolder extends RunFolder {
  /** @throws HarrierError `refused` when a file is a link that leads out of the folder */
  async check(name: RunFile): Promise<void> {
    const real = await realpath(this.file(name)).catch(() => undefined);
    if (real === undefined || real.startsWith((await realpath(this.path)) + sep)) return;
    throw new HarrierError('refused', 'this link points outside the run folder', {
      where: this.file(name),
      next: 'Replace it with the file itself.',
    });
  }

  override async read(name: RunFile): Promise<Buffer | undefined> {
    await this.check(name);
    return super.read(name);
  }
}

/** One run folder as it was when it was last looked at; it is read again only when something in it changed. */
export class RunView {
  readonly id: string;
  readonly folder: OwnRunFolder;
  #seen = '';
  #record: RunRecord | undefined;
  #history: readonly EpochRecord[] = [];
  #progress: RunProgress | undefined;
  #problem: string | undefined;
  #hasModel = false;
  #isHeld = false;
  #about: AboutRun = {};
  #folderMs: number | undefined;
  #thoroughAt = 0;
  readonly #group: RunGroup | undefined;

  constructor(id: string, path: string, group?: RunGroup) {
    this.id = id;
    this.#group = group;
    this.folder = new OwnRunFolder(path);
  }

  get record(): RunRecord | undefined {
    return this.#record;
  }

  get history(): readonly EpochRecord[] {
    return this.#history;
  }

  /** What people say of it. */
  get about(): AboutRun {
    return this.#about;
  }

  get step(): RunStep | undefined {
    if (!this.#isHeld || this.#progress?.state !== 'running' || !this.#progress.step) return undefined;
    return { id: this.id, ...this.#progress.step };
  }

  /**
   * Looks at the folder.
   *
   * @param folderMs when a file in it was last made, renamed or deleted: as Harrier writes files, none is changed otherwise
   * @returns whether anything has changed; undefined when the run is gone
   */
  async look(folderMs?: number): Promise<boolean | undefined> {
    const now = Date.now();
    const isQuiet = folderMs !== undefined && folderMs === this.#folderMs && now - folderMs > COARSE_MS;
    // Who holds a run may have died, and somebody may have changed a file by hand.
    if (isQuiet && !this.#isHeld && now < this.#thoroughAt) return false;
    // Not all at once.
    this.#thoroughAt = now + THOROUGH_MS * (1 + Math.random());
    this.#folderMs = folderMs;
    const times = await Promise.all(
      WATCHED.map((name) => stat(this.folder.file(name)).catch(() => undefined)),
    );
    if (!times[0]) return undefined;
    const isHeld = (await this.folder.holder()) !== undefined;
    const seen = [...times.map((info) => info && `${info.mtimeMs} ${info.size}`), isHeld].join();
    if (seen === this.#seen) return false;
    this.#isHeld = isHeld;
    this.#hasModel = times[WATCHED.indexOf('model')] !== undefined;
    let record: RunRecord | undefined;
    try {
      record = await this.folder.record();
      await this.folder.check('progress');
      this.#history = await this.folder.history();
      this.#problem = undefined;
    } catch (error) {
      // It is listed all the same: its owner should learn what is wrong with it.
      this.#problem = error instanceof Error ? error.message : String(error);
    }
    this.#record = record;
    const about = await this.folder.read('about').catch(() => undefined);
    this.#about = about ? readAbout(about.toString('utf8')) : {};
    // What it says of a run whose files lead elsewhere is not read either.
    this.#progress = this.#problem === undefined ? await readProgress(this.folder) : undefined;
    this.#seen = seen;
    return true;
  }

  /** @param startedHere whether this server started it; @param idOf the id of its data set here */
  summary(startedHere: boolean, idOf: (data: string, path?: string) => string | undefined): RunSummary {
    const record = this.#record;
    const last = this.#history.at(-1);
    const progress = this.#progress;
    const state = this.#state();
    const step = state === 'running' ? this.step : undefined;
    return {
      id: this.id,
      ...this.#about,
      ...(this.#group && { group: this.#group }),
      recipe: record?.options.recipe ?? '',
      data: record?.options.data ?? '',
      dataset: record && idOf(record.options.data, record.data.path),
      state,
      startedAt: record?.created ?? '',
      epochs: record?.options.epochs ?? 0,
      ...(record?.options.head && { head: record.options.head }),
      epochsDone: this.#history.length,
      accuracy: last && (last.validationAccuracy ?? last.accuracy),
      testAccuracy: record?.result?.testAccuracy,
      etaSeconds: step?.etaSeconds,
      startedHere,
      hasModel: this.#hasModel && record?.result !== undefined,
      message: this.#problem ?? (progress && messageOf(progress, state)),
    };
  }

  /** @throws HarrierError as that of the run; it says what prints the figures anew */
  async evaluation(): Promise<Evaluation | undefined> {
    if (!this.#record?.result) return undefined;
    try {
      return await this.folder.evaluation();
    } catch (error) {
      if (!(error instanceof HarrierError) || error.code !== 'bad-checkpoint') throw error;
      const { next, ...details } = error.details;
      throw new HarrierError(error.code, error.summary, {
        ...details,
        next: `${next} This prints the figures anew: npx harrier evaluate ${shellQuote(this.folder.path)}`,
      });
    }
  }

  async files(): Promise<RunFileName[]> {
    const names = Object.keys(SERVED_FILES) as RunFileName[];
    const there = await Promise.all(
      names.map((name) =>
        stat(join(this.folder.path, RUN_FILES[SERVED_FILES[name].file])).catch(() => undefined),
      ),
    );
    return names.filter((_, i) => there[i]?.isFile());
  }

  #state(): RunState {
    if (this.#isHeld) return 'running';
    if (this.#problem !== undefined) return 'failed';
    if (this.#progress?.state === 'failed') return 'failed';
    if (this.#progress?.state === 'stopped') return 'stopped';
    return this.#record?.result ? 'finished' : 'paused';
  }
}

function messageOf(progress: RunProgress, state: RunState): string | undefined {
  if (progress.state === 'failed') return progress.message;
  if (progress.state !== 'running' || state !== 'running' || !progress.work) return undefined;
  const { what, done, total } = progress.work;
  return total > 0 ? `${what}: ${Math.floor((100 * done) / total)}%` : what;
}
