import { type ChildProcess, fork } from 'node:child_process';
import { rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HarrierError } from '../../errors.ts';
import { isFoldsFolder } from '../../platform/node/runs/folds-folder.ts';
import { createRunFolder, RunFolder } from '../../platform/node/runs/run-folder.ts';
import { isSeedsFolder } from '../../platform/node/runs/seeds-folder.ts';
import { writeProgress } from '../../runs/run-progress.ts';
import { RUN_FILES } from '../../runs/stored-run.ts';
import type { RunSummary } from '../api.ts';
import type { DatasetSource } from '../datasets/dataset-library.ts';
import type { CheckedRequest } from './request.ts';
import { type OwnRuns, type RunLibrary, runId } from './run-library.ts';

/** Runs at a time: each more makes all of them slower. */
const MOST_AT_A_TIME = 4;
/** What is kept of what a process says. */
const KEPT_CHARACTERS = 4_000;
/** For saving a checkpoint and evaluating, once a run was asked to stop. */
const STOP_MS = 60_000;

interface OwnRun {
  readonly id: string;
  readonly folder: string;
  readonly startedAt: string;
  readonly first: Pick<RunSummary, 'recipe' | 'data' | 'dataset' | 'epochs' | 'head'>;
  child?: ChildProcess;
  exited: Promise<void>;
  said: string;
  /** `error: …`, as the process said it. */
  failure?: string;
  endsAs?: 'paused' | 'stopped';
}

/** Starts, pauses, resumes and stops runs, each a process of its own: `harrier train`. */
export class Trainer implements OwnRuns {
  readonly #runs: RunLibrary;
  readonly #program: string;
  readonly #own = new Map<string, OwnRun>();
  #closing = false;

  /** @param program the script that is started as `node PROGRAM train …` */
  constructor(runs: RunLibrary, program: string) {
    this.#runs = runs;
    this.#program = program;
    runs.own = this;
  }

  get ids(): Iterable<string> {
    return this.#own.keys();
  }

  known(id: string): ReturnType<OwnRuns['known']> {
    const run = this.#own.get(id);
    if (!run) return undefined;
    const isAlive = run.child !== undefined;
    const message = isAlive ? lastLine(run.said) : run.failure;
    return {
      isAlive,
      summary: {
        ...run.first,
        id,
        state: isAlive ? 'running' : run.failure === undefined ? 'paused' : 'failed',
        startedAt: run.startedAt,
        epochsDone: 0,
        startedHere: true,
        hasModel: false,
        message,
      },
    };
  }

  /** @throws HarrierError `overloaded` when too many run already, `storage` when there can be no folder */
  async start(
    { name, kind, given, fields, words }: CheckedRequest,
    { id: dataset, spec }: DatasetSource,
  ): Promise<string> {
    this.#admit();
    const folder = await createRunFolder(name, undefined, new Date(), { parent: this.#runs.folder });
    const run: OwnRun = {
      id: runId([basename(folder.path)]),
      folder: folder.path,
      startedAt: new Date().toISOString(),
      first: {
        recipe: name,
        data: spec,
        dataset,
        epochs: Number(given.get('epochs') ?? fields.find((field) => field.name === 'epochs')?.default ?? 1),
        ...(kind === 'head' && { head: String(given.get('head') ?? 'linear') }),
      },
      exited: Promise.resolve(),
      said: '',
    };
    this.#own.set(run.id, run);
    this.#spawn(run, ['train', ...words, ...dataWords(spec), '--out', folder.path, '--json']);
    return run.id;
  }

  /** @throws HarrierError `not-found`; `in-use` when it runs already; `overloaded` */
  async resume(id: string): Promise<void> {
    const { folder, record, history } = await this.#runs.view(id);
    await this.#checkIdle(id, folder);
    if (record?.result) throw new HarrierError('bad-option', 'this run is finished', { where: id });
    this.#admit();
    // A run that was stopped is not stopped any more, however soon it is paused again.
    await folder.remove('progress');
    const { recipe = '', data = '', epochs = 0 } = record?.options ?? {};
    const run: OwnRun = {
      id,
      folder: folder.path,
      startedAt: record?.created ?? new Date().toISOString(),
      first: { recipe, data, epochs },
      exited: Promise.resolve(),
      said: `resuming after ${history.length} epochs`,
    };
    this.#own.set(id, run);
    // One of several that a command trains goes on with all of them.
    const group = dirname(folder.path);
    const isPart = (await isSeedsFolder(group)) || (await isFoldsFolder(group));
    this.#spawn(run, ['train', '--resume', isPart ? group : folder.path, '--json']);
  }

  /**
   * Has a run save and end, and waits until it has: a paused run goes on later, a stopped one is over.
   * @throws HarrierError `not-found`; `bad-option` when it does not run; `in-use` when it cannot be told from here
   */
  async end(id: string, as: 'paused' | 'stopped'): Promise<void> {
    const own = this.#own.get(id);
    if (own?.child) return endOwn(own, as);
    const { folder, record } = await this.#runs.view(id);
    const holder = await folder.holder();
    // One of several that a command goes on with, which was asked for under the name of another of them.
    const other = holder && [...this.#own.values()].find(({ child }) => child?.pid === holder.pid);
    if (other) await endOwn(other, 'paused');
    else if (holder) await endElsewhere(folder, holder);
    else if (as === 'paused') throw new HarrierError('bad-option', 'this run is not running', { where: id });
    if (as !== 'stopped') return;
    if (record?.result) throw new HarrierError('bad-option', 'this run is finished', { where: id });
    await writeProgress(folder, { state: 'stopped' });
  }

  /**
   * Deletes the folder of a run that does not run.
   * @throws HarrierError `not-found`; `in-use` while it runs; `storage` when it cannot be deleted
   */
  async remove(id: string): Promise<void> {
    const own = this.#own.get(id);
    // Refused before it had a folder, or somebody deleted that.
    if (own && !own.child && !(await stat(join(own.folder, RUN_FILES.record)).catch(() => undefined))) {
      this.#own.delete(id);
      this.#runs.tell();
      return;
    }
    const { folder } = await this.#runs.view(id);
    if (this.#own.get(id)?.child || (await folder.holder())) {
      throw new HarrierError('in-use', 'this run is training', {
        where: id,
        next: 'Pause or stop it before you delete it.',
      });
    }
    try {
      const holdsOthers = (await isSeedsFolder(folder.path)) || (await isFoldsFolder(folder.path));
      // What a group came to lies beside the runs of its parts, which stay.
      const own = Object.values(RUN_FILES).map((file) => join(folder.path, file));
      if (holdsOthers) for (const file of own) await rm(file, { force: true });
      else await rm(folder.path, { recursive: true });
    } catch (cause) {
      throw new HarrierError('storage', 'this run could not be deleted', {
        where: folder.path,
        received: (cause as Error).message,
        next: 'Check the permissions of its folder.',
        cause,
      });
    }
    this.#own.delete(id);
    await this.#runs.refresh(0);
  }

  /** Has all runs that were started here save and end. @param mostMs how long they may take */
  async close(mostMs: number): Promise<void> {
    this.#closing = true;
    const alive = [...this.#own.values()].flatMap(({ child, exited }) => (child ? [{ child, exited }] : []));
    for (const { child } of alive) tellToStop(child);
    const all = Promise.all(alive.map(({ exited }) => exited));
    await Promise.race([all, sleep(mostMs, undefined, { ref: false })]);
  }

  /** How many run that were started here. */
  get running(): number {
    return [...this.#own.values()].filter(({ child }) => child).length;
  }

  #admit(): void {
    if (this.#closing) throw new HarrierError('overloaded', 'this server is shutting down');
    if (this.running < MOST_AT_A_TIME) return;
    throw new HarrierError('overloaded', 'this server already runs its maximum number of runs', {
      expected: `at most ${MOST_AT_A_TIME} at a time`,
      next: 'Wait until one ends, or pause one.',
    });
  }

  async #checkIdle(id: string, folder: RunFolder): Promise<void> {
    if (!this.#own.get(id)?.child && !(await folder.holder())) return;
    throw new HarrierError('in-use', 'this run is already running', { where: id });
  }

  #spawn(run: OwnRun, words: readonly string[]): void {
    const child = fork(this.#program, words, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // A group of its own, which Ctrl-C does not reach: the server passes the wish on. Windows would open a window.
      detached: process.platform !== 'win32',
    });
    run.child = child;
    run.failure = undefined;
    run.endsAs = undefined;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      run.said = (run.said + text).slice(-KEPT_CHARACTERS);
    });
    run.exited = new Promise((resolve) => {
      const ended = async (code: number | null, how: string): Promise<void> => {
        run.child = undefined;
        if (code !== 0 && run.endsAs === undefined && !this.#closing && code !== 130) {
          run.failure = errorIn(run.said) ?? `Its process ended ${how}.`;
        }
        const begun = await stat(join(run.folder, RUN_FILES.record)).catch(() => undefined);
        if (!begun) {
          // Nothing came of it: neither a folder nor, where that was wished, a word stays.
          await rmdir(run.folder).catch(() => {});
          if (run.failure === undefined) this.#own.delete(run.id);
        } else if (run.endsAs === 'stopped' && code !== 0) {
          await writeProgress(new RunFolder(run.folder), { state: 'stopped' });
        }
        await this.#runs.refresh(0).catch(() => {});
        this.#runs.tell();
        resolve();
      };
      child.once('error', (error) => {
        run.said += `\nerror: ${error.message}`;
        void ended(1, 'before it began');
      });
      child.once('close', (code, signal) => {
        void ended(code, signal ? `by ${signal}: was there enough memory?` : `with code ${code}`);
      });
    });
  }
}

/** The words for a data set here. */
export function dataWords(spec: string): string[] {
  return ['--data', spec, ...(spec === 'cifar10' ? [] : ['--skip-bad'])];
}

/** Ends a run whose process was started here, and waits until it has saved. */
async function endOwn(run: OwnRun, as: 'paused' | 'stopped'): Promise<void> {
  run.endsAs = as;
  tellToStop(run.child!);
  await Promise.race([run.exited, sleep(STOP_MS, undefined, { ref: false })]);
}

function tellToStop(child: ChildProcess): void {
  // A process that is gone says so by itself.
  if (child.connected) child.send('stop', () => {});
}

/** Ends a run that was begun in a terminal, as Ctrl-C there would, and waits until it has saved. */
async function endElsewhere(
  folder: RunFolder,
  { pid, isHere }: { pid: number; isHere: boolean },
): Promise<void> {
  if (!isHere || process.platform === 'win32') {
    throw new HarrierError('in-use', 'this run cannot be stopped from here', {
      where: folder.path,
      next: 'Press Ctrl-C in its terminal.',
    });
  }
  process.kill(pid, 'SIGINT');
  for (let waited = 0; waited < STOP_MS && (await folder.holder()); waited += 100) await sleep(100);
}

/** The sentence of a command that failed. */
function errorIn(said: string): string | undefined {
  return said
    .split('\n')
    .findLast((line) => line.startsWith('error: '))
    ?.slice('error: '.length);
}

function lastLine(said: string): string | undefined {
  return said.trimEnd().split('\n').at(-1)?.slice(0, 200) || undefined;
}
