import { type ChildProcess, fork } from 'node:child_process';
import { Caller } from '../../calls.ts';
import { processChannel } from '../../platform/node/worker.ts';
import type { SweptData } from './folder.ts';
import type { TrialCalls } from './messages.ts';
import type { TrialOptions } from './options.ts';

/** A trial to train until so many epochs are done. */
export interface Task {
  readonly number: number;
  readonly folder: string;
  readonly given: TrialOptions;
  readonly until: number;
  /** `identityOf` it, for its record. */
  readonly trial: string;
  /** The images that it must have, where the sweep says. */
  readonly data?: SweptData;
}

export interface PoolHooks {
  readonly onProgress: (task: Task, epochs: number) => void;
  /** The trial is where it should be; `failure` says why it cannot be. */
  readonly onDone: (task: Task, failure?: Error) => Promise<void>;
}

/** Worker processes that train trials, each one trial at a time. */
export class Pool {
  readonly #count: number;
  readonly #workers = new Set<Worker>();
  #stopping = false;

  constructor(count: number) {
    this.#count = count;
  }

  /**
   * Trains all, unless it is stopped before.
   * @throws what a hook throws, after every worker has saved and ended
   */
  async run(tasks: readonly Task[], hooks: PoolHooks): Promise<void> {
    const queue = [...tasks];
    const errors: unknown[] = [];
    const lane = async (): Promise<void> => {
      let worker: Worker | undefined;
      try {
        for (let task = queue.shift(); task && !this.#stopping; task = queue.shift()) {
          if (!worker?.alive) {
            worker = new Worker();
            this.#workers.add(worker);
          }
          const current = task;
          const { stopped, failure } = await worker
            .train(current, (epochs) => hooks.onProgress(current, epochs))
            .then(
              (stopped) => ({ stopped, failure: undefined }),
              (failure: Error) => ({ stopped: false, failure }),
            );
          if (failure && this.#stopping) break;
          if (!stopped) await hooks.onDone(current, failure);
        }
      } catch (error) {
        errors.push(error);
        this.stop();
      } finally {
        // As long as it lives, so does this process.
        worker?.end();
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.#count, tasks.length) }, lane));
    this.#workers.clear();
    if (errors.length > 0) throw errors[0];
  }

  /** Has every worker save what it is at; `run` then ends soon. */
  stop(): void {
    this.#stopping = true;
    for (const worker of this.#workers) worker.stop();
  }
}

class Worker {
  readonly #process: ChildProcess;
  readonly #calls: Caller<TrialCalls>;
  #errors = '';

  constructor() {
    this.#process = fork(process.argv[1], ['sweep-worker'], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // A group of its own, which Ctrl-C does not reach before it can listen. Windows would open a window for it.
      detached: process.platform !== 'win32',
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-2000);
    });
    this.#calls = new Caller(processChannel(this.#process));
    this.#process.on('close', (code, signal) => {
      const last = this.#errors.trim().split('\n').at(-1);
      const how = signal ? `was ended by ${signal}; was there enough memory?` : `ended with code ${code}`;
      this.#calls.fail(new Error(`its process ${how}${last ? ` (${last})` : ''}`));
    });
  }

  get alive(): boolean {
    return this.#process.connected && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Trains one trial. @returns whether it was stopped before its end @throws why it failed, or how its process ended */
  train({ folder, given, until, trial, data }: Task, onProgress: (epochs: number) => void): Promise<boolean> {
    return this.#calls.call('train', [folder, given, until, trial, data, onProgress]);
  }

  stop(): void {
    // A process that is gone has nothing to stop.
    this.#calls.call('stop', []).catch(() => {});
  }

  end(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}
