import { type ChildProcess, fork } from 'node:child_process';
import type { News, Order } from './messages.ts';
import type { TrialOptions } from './options.ts';

/** A trial to train until so many epochs are done. */
export interface Task {
  readonly number: number;
  readonly folder: string;
  readonly given: TrialOptions;
  readonly until: number;
}

export type Failure = Extract<News, { kind: 'failed' }>;

export interface PoolHooks {
  readonly onProgress: (task: Task, epochs: number) => void;
  /** The trial is where it should be; `failure` says why it cannot be. */
  readonly onDone: (task: Task, failure?: Failure) => Promise<void>;
}

/** Worker processes that train trials, each one trial at a time. */
export class Pool {
  readonly #count: number;
  readonly #workers = new Set<Worker>();
  #stopping = false;

  constructor(count: number) {
    this.#count = count;
  }

  /** Trains all, unless it is stopped before. */
  async run(tasks: readonly Task[], hooks: PoolHooks): Promise<void> {
    const queue = [...tasks];
    const lane = async (): Promise<void> => {
      let worker: Worker | undefined;
      for (let task = queue.shift(); task && !this.#stopping; task = queue.shift()) {
        if (!worker?.alive) {
          worker = new Worker();
          this.#workers.add(worker);
        }
        const current = task;
        const news = await worker.train(current, (epochs) => hooks.onProgress(current, epochs));
        if (news.kind === 'failed' && this.#stopping) break;
        if (news.kind === 'failed') await hooks.onDone(current, news);
        else if (!news.stopped) await hooks.onDone(current);
      }
      worker?.end();
    };
    await Promise.all(Array.from({ length: Math.min(this.#count, tasks.length) }, lane));
    this.#workers.clear();
  }

  /** Has every worker save what it is at; `run` then ends soon. */
  stop(): void {
    this.#stopping = true;
    for (const worker of this.#workers) worker.stop();
  }
}

class Worker {
  readonly #process: ChildProcess;
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
  }

  get alive(): boolean {
    return this.#process.connected && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Trains one trial. Resolves when it is done, has failed, or its process has ended. */
  train(
    { folder, given, until }: Task,
    onProgress: (epochs: number) => void,
  ): Promise<Exclude<News, { kind: 'progress' }>> {
    return new Promise((resolve) => {
      const child = this.#process;
      const end = (news: Exclude<News, { kind: 'progress' }>): void => {
        child.off('message', listen);
        child.off('close', closed);
        resolve(news);
      };
      const listen = (news: News): void => {
        if (news.kind === 'progress') onProgress(news.epochs);
        else end(news);
      };
      const closed = (code: number | null, signal: NodeJS.Signals | null): void => {
        const last = this.#errors.trim().split('\n').at(-1);
        const how = signal ? `was ended by ${signal}; was there enough memory?` : `ended with code ${code}`;
        end({ kind: 'failed', message: `its process ${how}${last ? ` (${last})` : ''}` });
      };
      child.on('message', listen);
      child.on('close', closed);
      this.#send({ kind: 'train', folder, given, until });
    });
  }

  stop(): void {
    if (this.alive) this.#send({ kind: 'stop' });
  }

  end(): void {
    if (this.#process.connected) this.#process.disconnect();
  }

  #send(order: Order): void {
    // A process that is gone reports so by itself.
    this.#process.send(order, () => {});
  }
}
