import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { FolderRules } from '../../data/folder-rules.ts';
import { HarrierError } from '../../errors.ts';
import type { History } from '../../evaluation/index.ts';
import { jsonObject } from '../../json-text.ts';
import { writeAtomically } from '../../platform/node/files/cache.ts';
import { readError } from '../../platform/node/files/read-error.ts';
import { nativeSha256 } from '../../platform/node/files/sha256.ts';
import { checkStoredRecipe } from '../../platform/node/runs/recipe-files.ts';
import { RunFolder } from '../../platform/node/runs/run-folder.ts';
import type { Settings } from '../../recipes/index.ts';
import type { RunData } from '../../runs/run-record.ts';
import {
  renderSweep,
  type Score,
  scoreOf,
  type TrialResult,
  trialsCsv,
  type Variation,
} from '../../sweeps/index.ts';
import { shortPath } from '../terminal.ts';
import { keptOptions } from '../train/options.ts';
import type { TrialOptions } from './options.ts';

/** `sweep.json`: all that is needed to go on with a sweep; how far its trials are stands in their own folders. */
export interface SweepRecord {
  readonly format: number;
  readonly command: string;
  readonly created: string;
  readonly title: string;
  /** What all trials have in common. */
  readonly given: TrialOptions;
  readonly variations: readonly Variation[];
  readonly epochs: number;
  readonly halving: boolean;
  readonly parallel: number;
  readonly threads: number;
  /** Images that trials are evaluated on. */
  readonly images: number;
  /** `Dataset.hash` of the images that all trials learn from, and of those that evaluate them; older sweeps lack it. */
  readonly data?: SweptData;
  readonly trials: readonly TrialRecord[];
}

/** Which images trials are trained and evaluated on, by `Dataset.hash`. */
export interface SweptData {
  readonly train: string;
  readonly validation: string;
  /** How they were divided; older sweeps lack it. */
  readonly rules?: FolderRules;
}

export interface TrialRecord {
  readonly number: number;
  readonly settings: Settings;
  /** Name of its run folder within the sweep's. */
  readonly folder: string;
  /** Its images, where those of other trials have other pixels. */
  readonly data?: SweptData;
  /** Why it cannot go on. */
  readonly failure?: string;
  /** It failed for want of something that may be there another time: memory, disk space. */
  readonly retry?: boolean;
  /** The number of epochs after which halving stopped it. */
  readonly stoppedAfter?: number;
}

/** Raised when an older version would misread a record. */
export const SWEEP_FORMAT = 1;

const RECORD = 'sweep.json';
const ELSEWHERE = 'choose another folder with --out';

/** What tells a trial from one of another sweep that has the same number. */
export function identityOf({ given, epochs }: SweepRecord, { settings }: TrialRecord): string {
  const deciding = JSON.stringify([keptOptions(given), epochs, settings]);
  return nativeSha256().update(Buffer.from(deciding)).digest();
}

/** The images that a trial must have; undefined in older sweeps. */
export function dataOf({ data }: SweepRecord, trial: TrialRecord): SweptData | undefined {
  return trial.data ?? data;
}

/** @throws HarrierError `bad-data` where a trial has other images than those that the sweep was planned with */
export function checkSweptData({ train, validation }: RunData, planned: SweptData | undefined): void {
  if (!planned) return;
  for (const [part, hash] of [
    [train, planned.train],
    [validation, planned.validation],
  ] as const) {
    if (part?.hash === hash) continue;
    throw new HarrierError('bad-data', 'these are not the images that the sweep was planned with', {
      where: part?.name ?? train.name,
      expected: `SHA-256 ${hash}`,
      received: part?.hash ?? 'no images',
      next: 'Trials on other images cannot be compared: restore the old data and label corrections, or begin another sweep.',
    });
  }
}

/** Whether a record's name for the folder of a trial leads nowhere else. */
export function isTrialFolder(name: unknown): name is string {
  return typeof name === 'string' && !/[\\/]|^\.+$/.test(name);
}

/** The folder of a sweep: its record, its results, and a run folder for each trial. */
export class SweepFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  trial({ folder }: TrialRecord): RunFolder {
    return new RunFolder(join(this.path, folder));
  }

  /**
   * @throws HarrierError `bad-checkpoint` when this is no sweep, or its record cannot be used; `bad-option` for a recipe
   * of another folder
   */
  async record(): Promise<SweepRecord> {
    const where = join(this.path, RECORD);
    const text = await readFile(where, 'utf8').catch((error) => {
      if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw readError(error, where, 'file');
      throw new HarrierError('bad-checkpoint', 'this is not a sweep folder: it has no sweep.json', {
        where: this.path,
        next: 'Give a folder that harrier sweep wrote.',
      });
    });
    const record = jsonObject(text) as SweepRecord | undefined;
    if (record && record.format > SWEEP_FORMAT) {
      throw new HarrierError('bad-checkpoint', 'this sweep was made by a newer version of Harrier', {
        where,
        next: 'Update Harrier.',
      });
    }
    const isWhole = record?.given && Array.isArray(record.trials) && Array.isArray(record.variations);
    if (isWhole && record.trials.every((trial) => isTrialFolder(trial?.folder))) {
      checkStoredRecipe(record.given, where);
      return record;
    }
    throw new HarrierError('bad-checkpoint', 'the record of this sweep cannot be read', {
      where,
      next: 'Restore the file, or start a new sweep.',
    });
  }

  async writeRecord(record: SweepRecord): Promise<void> {
    const kept = { ...record, given: keptOptions(record.given) };
    await writeAtomically(join(this.path, RECORD), `${JSON.stringify(kept, undefined, 2)}\n`, ELSEWHERE);
  }

  /** Writes table and image. */
  async writeResults(
    { title, variations, images }: SweepRecord,
    trials: readonly TrialResult[],
  ): Promise<void> {
    const files = {
      'sweep.csv': trialsCsv(trials.map((each) => ({ ...each, folder: relative(this.path, each.folder) }))),
      'sweep.svg': renderSweep({ title, variations, trials, images }),
    };
    for (const [name, content] of Object.entries(files)) {
      await writeAtomically(join(this.path, name), content, ELSEWHERE);
    }
  }

  /** The epochs of a trial, from its run folder. */
  async history(trial: TrialRecord): Promise<History> {
    return this.trial(trial).history();
  }

  /** What a trial has come to. @param upTo its first epochs alone */
  async score(trial: TrialRecord, upTo?: number): Promise<Score | undefined> {
    const folder = this.trial(trial);
    if ((await folder.read('record')) === undefined) return undefined;
    const { keepBest, multiLabel } = (await folder.record()).options;
    return scoreOf(await this.history(trial), { upTo, keepBest, byLoss: multiLabel });
  }

  /** Where a trial stands. */
  async result(trial: TrialRecord): Promise<TrialResult> {
    const history = await this.history(trial);
    const folder = this.trial(trial);
    const isFinished = await this.isFinished(trial);
    return {
      number: trial.number,
      settings: trial.settings,
      state: isFinished
        ? 'finished'
        : trial.failure !== undefined
          ? 'failed'
          : trial.stoppedAfter !== undefined
            ? 'stopped'
            : history.length > 0
              ? 'unfinished'
              : 'waiting',
      epochs: history.length,
      score: await this.score(trial),
      seconds: history.reduce((total, { seconds = 0 }) => total + seconds, 0),
      folder: shortPath(folder.path),
      ...(trial.failure !== undefined && { message: trial.failure }),
    };
  }

  /** Whether a trial was trained and evaluated to its end. */
  async isFinished(trial: TrialRecord): Promise<boolean> {
    const folder = this.trial(trial);
    return (await folder.read('record')) !== undefined && (await folder.record()).result !== undefined;
  }
}
