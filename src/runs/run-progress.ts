import type { Progress } from '../data/progress.ts';
import { jsonObject } from '../json-text.ts';
import { type StepInfo, type StepProgress, stepInfo } from '../training/index.ts';
import { utf8Decode } from '../utf8.ts';
import type { StoredRun } from './stored-run.ts';

/**
 * `progress.json`: what a run is at. It is there while the run is trained, and afterwards where the run failed, or was
 * ended for good before its last epoch.
 */
export type RunProgress =
  | { readonly state: 'running'; readonly step?: StepInfo; readonly work?: Progress }
  | { readonly state: 'failed'; readonly message: string }
  | { readonly state: 'stopped' };

/** How often the file may be written anew: it is for people who watch. */
const WRITE_MS = 1_000;

/**
 * Says in the place of a run how far it is. Training never waits for it, and a disk that does not take it is no
 * failure: the files that count are others.
 */
export class ProgressFile {
  readonly #run: StoredRun;
  readonly #clock: () => number;
  #step: StepInfo | undefined;
  #work: Progress | undefined;
  #next = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> | undefined;

  /** @param clock milliseconds from any beginning */
  constructor(run: StoredRun, clock: () => number) {
    this.#run = run;
    this.#clock = clock;
  }

  readonly step = (progress: StepProgress): void => {
    this.#work = undefined;
    if (!this.#isDue()) return;
    this.#step = stepInfo(progress);
    this.#write();
  };

  readonly work = (progress: Progress): void => {
    this.#work = progress.total > 0 && progress.done >= progress.total ? undefined : progress;
    if (this.#isDue()) this.#write();
  };

  /** @param last the state to be read from now on; without it the file goes: the other files say how the run ended */
  async end(last?: Exclude<RunProgress, { state: 'running' }>): Promise<void> {
    this.#next = Number.POSITIVE_INFINITY;
    await this.#writing;
    if (last) await writeProgress(this.#run, last);
    else await this.#run.remove('progress').catch(() => {});
  }

  #isDue(): boolean {
    return this.#writing === undefined && this.#clock() >= this.#next;
  }

  #write(): void {
    this.#next = this.#clock() + WRITE_MS;
    const { step, work } = { step: this.#step, work: this.#work };
    this.#writing = writeProgress(this.#run, { state: 'running', step, work }).finally(() => {
      this.#writing = undefined;
    });
  }
}

export async function writeProgress(run: StoredRun, progress: RunProgress): Promise<void> {
  await run.note('progress', JSON.stringify(progress)).catch(() => {});
}

/** How far a run says that it is; undefined where it says nothing that can be read. */
export async function readProgress(run: StoredRun): Promise<RunProgress | undefined> {
  try {
    const bytes = await run.read('progress');
    const progress = bytes && jsonObject(utf8Decode(bytes));
    const known = progress && ['running', 'failed', 'stopped'].includes(String(progress.state));
    return known ? (progress as unknown as RunProgress) : undefined;
  } catch {
    return undefined;
  }
}
