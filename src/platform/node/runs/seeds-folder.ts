import { readFile, rm, rmdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readSeedsRecord, SEEDS_FORMAT, type SeedsRecord } from '../../../runs/seeds-record.ts';
import { writeAtomically } from '../files/cache.ts';
import { readError } from '../files/read-error.ts';
import { createRunFolder, RunFolder } from './run-folder.ts';

/** What a folder of runs with several seeds says of itself. */
export const SEEDS_FILE = 'seeds.json';
const ELSEWHERE = 'choose another folder with --out';

/**
 * Runs that differ by their seed alone: `seeds.json`, beside it a run folder for each seed, and the files of the run that
 * averages their models, where that was wanted.
 */
export class SeedsFolder<Given> {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The run that averages the models of the others. */
  get whole(): RunFolder {
    return new RunFolder(this.path);
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
    const text = `${JSON.stringify({ format: SEEDS_FORMAT, ...record }, undefined, 2)}\n`;
    await writeAtomically(join(this.path, SEEDS_FILE), text, ELSEWHERE);
  }

  /** @throws HarrierError `bad-checkpoint` when it cannot be used */
  async read(): Promise<SeedsRecord<Given>> {
    const file = join(this.path, SEEDS_FILE);
    const text = await readFile(file, 'utf8').catch((error) => {
      throw readError(error, file, 'file');
    });
    return readSeedsRecord(text, file);
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
