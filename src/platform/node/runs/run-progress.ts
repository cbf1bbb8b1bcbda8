import { rename, rm, writeFile } from 'node:fs/promises';
import type { Progress } from '../../../data/progress.ts';
import { isObject } from '../../../options/values.ts';
import { type StepInfo, type StepProgress, stepInfo } from '../../../training/index.ts';
import { temporaryName } from '../files/cache.ts';
import { readIfThere } from '../datasets/cifar10-files.ts';
import type { RunFolder } from './run-folder.ts';

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
 * Says in a run's folder how far it is. Training never waits for it, and a disk that does not take it is no failure:
 * what counts is written elsewhere.
 */
export class ProgressFile {
  readonly #path: string;
  #step: StepInfo | undefined;
  #work: Progress | undefined;
  #next = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> | undefined;

  constructor(folder: RunFolder) {
    this.#path = folder.file('progress');
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

  /** What is to be said after the end; nothing: the other files say it. */
  async end(last?: Exclude<RunProgress, { state: 'running' }>): Promise<void> {
    this.#next = Number.POSITIVE_INFINITY;
    await this.#writing;
    if (last) await writeProgress(this.#path, last);
    else await rm(this.#path, { force: true }).catch(() => {});
  }

  #isDue(): boolean {
    return this.#writing === undefined && performance.now() >= this.#next;
  }

  #write(): void {
    this.#next = performance.now() + WRITE_MS;
    const { step, work } = { step: this.#step, work: this.#work };
    this.#writing = writeProgress(this.#path, { state: 'running', step, work }).finally(() => {
      this.#writing = undefined;
    });
  }
}

/** @param path of `progress.json` */
export async function writeProgress(path: string, progress: RunProgress): Promise<void> {
  const temporary = temporaryName(path);
  try {
    // Not forced to the disk: after a power cut nobody misses it.
    await writeFile(temporary, JSON.stringify(progress));
    await rename(temporary, path);
  } catch {
    await rm(temporary, { force: true }).catch(() => {});
  }
}

/** What a run's folder says of its progress; undefined where it says nothing that can be read. */
export async function readProgress(folder: RunFolder): Promise<RunProgress | undefined> {
  try {
    const progress: unknown = JSON.parse(String(await readIfThere(folder.file('progress'))));
    const known = isObject(progress) && ['running', 'failed', 'stopped'].includes(String(progress.state));
    return known ? (progress as unknown as RunProgress) : undefined;
  } catch {
    return undefined;
  }
}
