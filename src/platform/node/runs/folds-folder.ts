import { readFile, rm, rmdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { FOLDS_FORMAT, type FoldsRecord, readFoldsRecord } from '../../../runs/folds-record.ts';
import { writeAtomically } from '../files/cache.ts';
import { readError } from '../files/read-error.ts';
import { createRunFolder, RunFolder } from './run-folder.ts';

/** What the folder of a cross-validation says of itself. */
export const FOLDS_FILE = 'folds.json';
const ELSEWHERE = 'choose another folder with --out';

/** A cross-validation: `folds.json`, a run folder for each fold, and at last the files of the finished model's run. */
export class FoldsFolder<Given> {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** The run that ends the cross-validation: on all images, or the average of the folds' models. */
  get whole(): RunFolder {
    return new RunFolder(this.path);
  }

  /** The run of a fold, from 1. */
  fold(number: number): RunFolder {
    return new RunFolder(join(this.path, `fold-${number}`));
  }

  /** Removes the folder where the run of the first fold has not begun: nothing came of it. */
  async discardUnlessBegun(): Promise<void> {
    if (await this.fold(1).read('record')) return;
    await rm(join(this.path, FOLDS_FILE), { force: true });
    await rmdir(this.path).catch(() => {});
  }

  async write(record: Omit<FoldsRecord<Given>, 'format'>): Promise<void> {
    const text = `${JSON.stringify({ format: FOLDS_FORMAT, ...record }, undefined, 2)}\n`;
    await writeAtomically(join(this.path, FOLDS_FILE), text, ELSEWHERE);
  }

  /** @throws HarrierError `bad-checkpoint` when it cannot be used */
  async read(): Promise<FoldsRecord<Given>> {
    const file = join(this.path, FOLDS_FILE);
    const text = await readFile(file, 'utf8').catch((error) => {
      throw readError(error, file, 'file');
    });
    return readFoldsRecord(text, file);
  }
}

/** Whether a folder holds a cross-validation. */
export async function isFoldsFolder(path: string): Promise<boolean> {
  return (await stat(join(resolve(path), FOLDS_FILE)).catch(() => undefined)) !== undefined;
}

/**
 * Makes the folder of a cross-validation.
 *
 * @param out where; by default `runs/<recipe>-<time>-folds` below the current folder
 * @throws HarrierError as `createRunFolder` does
 */
export async function createFoldsFolder<Given>(recipe: string, out?: string): Promise<FoldsFolder<Given>> {
  const { path } = await createRunFolder(recipe, out, new Date(), { ending: '-folds' });
  return new FoldsFolder(path);
}
