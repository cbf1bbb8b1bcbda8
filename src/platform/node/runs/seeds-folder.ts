import { readFile, rm, rmdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { HarrierError } from '../../../errors.ts';
import { jsonObject } from '../../../json-text.ts';
import { writeAtomically } from '../files/cache.ts';
import { readError } from '../files/read-error.ts';
import { createRunFolder, RunFolder } from './run-folder.ts';

/** What a folder of runs with several seeds says of itself. */
export const SEEDS_FILE = 'seeds.json';
const FORMAT = 1;
const ELSEWHERE = 'choose another folder with --out';

/** Runs that differ by their seed alone: `seeds.json`, and beside it a run folder for each seed. */
export interface SeedsRecord<Given> {
  readonly format: number;
  readonly created: string;
  /** In the order in which they are trained. */
  readonly seeds: readonly number[];
  /** What every run is begun with, besides its seed and folder. */
  readonly given: Given;
  /** The words of the command, without those about seeds and folders. */
  readonly words: readonly string[];
}

export class SeedsFolder<Given> {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The folder of the run with a seed. */
  run(seed: number): RunFolder {
    return new RunFolder(join(this.path, `seed-${seed}`));
  }

  /** Removes the folder where the run of the first seed has not begun: nothing came of it. */
  async discardUnlessBegun(first: number): Promise<void> {
    if (await this.run(first).read('record')) return;
    await rm(join(this.path, SEEDS_FILE), { force: true });
    await rmdir(this.path).catch(() => {});
  }

  async write(record: Omit<SeedsRecord<Given>, 'format'>): Promise<void> {
    const text = `${JSON.stringify({ format: FORMAT, ...record }, undefined, 2)}\n`;
    await writeAtomically(join(this.path, SEEDS_FILE), text, ELSEWHERE);
  }

  /** @throws HarrierError `bad-checkpoint` when it cannot be used */
  async read(): Promise<SeedsRecord<Given>> {
    const file = join(this.path, SEEDS_FILE);
    const text = await readFile(file, 'utf8').catch((error) => {
      throw readError(error, file, 'file');
    });
    const record = jsonObject(text) as SeedsRecord<Given> | undefined;
    if (record && record.format > FORMAT) {
      throw new HarrierError('bad-checkpoint', 'these runs were begun by a newer version of Harrier', {
        where: file,
        expected: `format ${FORMAT} or older`,
        received: `format ${record.format}`,
        next: 'Update Harrier.',
      });
    }
    const complete =
      record?.format === FORMAT &&
      Array.isArray(record.words) &&
      Array.isArray(record.seeds) &&
      record.seeds.length > 0 &&
      record.seeds.every((seed) => Number.isSafeInteger(seed) && seed >= 0) &&
      typeof record.given === 'object';
    if (complete) return record!;
    throw new HarrierError('bad-checkpoint', 'this is no record of runs with several seeds', {
      where: file,
      expected: 'the fields format, seeds, given and words',
      next: 'Restore the file, or begin anew.',
    });
  }
}

/** Whether a folder holds runs with several seeds. */
export async function isSeedsFolder(path: string): Promise<boolean> {
  return (await stat(join(resolve(path), SEEDS_FILE)).catch(() => undefined)) !== undefined;
}

/**
 * Makes the folder for runs with several seeds.
 *
 * @param out where; by default `runs/<recipe>-<time>-seeds` below the current folder
 * @throws HarrierError as `createRunFolder` does
 */
export async function createSeedsFolder<Given>(recipe: string, out?: string): Promise<SeedsFolder<Given>> {
  const { path } = await createRunFolder(recipe, out, new Date(), { ending: '-seeds' });
  return new SeedsFolder(path);
}
