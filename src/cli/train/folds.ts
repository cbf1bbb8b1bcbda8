import { join, resolve } from 'node:path';
import { HarrierError } from '../../errors.ts';
import { findRun } from '../../platform/node/runs/find-run.ts';
import {
  createFoldsFolder,
  FOLDS_FILE,
  FoldsFolder,
  isFoldsFolder,
} from '../../platform/node/runs/folds-folder.ts';
import { newRun, type TrainOptions } from '../../platform/node/runs/new-run.ts';
import { checkStoredRecipe } from '../../platform/node/runs/recipe-files.ts';
import { noRejectingEnsemble } from '../../runs/check-reject.ts';
import type { FoldsRecord } from '../../runs/folds-record.ts';
import type { Reporter } from '../reporter.ts';
import {
  fromAnywhere,
  givenAgain,
  givenToSeveral,
  isSameModel,
  keptOptions,
  withoutSecrets,
} from './options.ts';
import { checkResumed } from './resumed-options.ts';

/**
 * Whether a cross-validation is wanted: by --folds, or by the folder that is to go on.
 * @throws HarrierError `bad-option` for options that cannot be combined with it
 */
export async function wantsFolds({ folds, seeds, testSplit, resume }: TrainOptions): Promise<boolean> {
  if (folds !== undefined && seeds !== undefined) {
    throw new HarrierError('bad-option', '--folds and --seeds cannot be combined', {
      next: 'Run the cross-validation once for each --seed.',
    });
  }
  if (folds !== undefined && testSplit !== undefined) {
    throw new HarrierError('bad-option', '--folds and --test-split cannot be combined', {
      next: 'Leave --test-split out: each image is tested by a model that has not seen it.',
    });
  }
  if (resume === undefined) return folds !== undefined;
  const { path } = await findRun(resume);
  if (await isFoldsFolder(path)) return true;
  if (folds === undefined) return false;
  throw new HarrierError('bad-option', 'this is not a folder of train --folds', {
    where: path,
    expected: 'a folder with folds.json',
    next: 'Leave --folds out to resume a single run.',
  });
}

/**
 * `harrier train --folds`: a run for each fold, each in its own folder and evaluated on the images that it holds out, and
 * then the run of the finished model. Interrupted, it goes on where it was.
 *
 * @param train trains one run to its end
 */
export async function trainFolds(
  typed: TrainOptions,
  words: readonly string[],
  reporter: Reporter,
  train: (given: TrainOptions) => Promise<void>,
): Promise<void> {
  const { folder, record } = await openFolder(typed, words);
  const { folds: count, given } = record;
  const anew = await givenToSeveral(typed);
  const common = (own: TrainOptions): TrainOptions => ({
    ...own,
    ...anew,
    partOf: folder.path,
    words: record.words,
  });
  for (let held = 1; held <= count; held++) {
    const run = folder.fold(held);
    const begun = (await run.read('record')) !== undefined;
    if (begun && (await run.record()).result) continue;
    const part = { count, held };
    const own: TrainOptions = begun
      ? { resume: run.path, fold: part, logTo: given.logTo }
      : { ...given, fold: part, out: run.path, ...(await likeFirst(folder)) };
    await train(common(own)).catch(async (error) => {
      // Refused before the first run began: the same command may be tried again.
      if (held === 1 && typed.resume === undefined) await folder.discardUnlessBegun();
      throw error;
    });
  }
  const begun = (await folder.whole.read('record')) !== undefined;
  const part = { count, ...(given.ensemble && { ensemble: true }) };
  const own: TrainOptions = begun
    ? { resume: folder.path, fold: part, logTo: given.logTo }
    : { ...given, fold: part, ...(await likeFirst(folder)) };
  if (!begun) {
    reporter.print(
      `\n${reporter.style.strong(given.ensemble ? `Averaging the ${count} models` : 'All images')}`,
    );
  }
  await train({ ...common(own), json: typed.json });
}

/** What the first fold was trained with: the others must be alike, and divide the same images. */
async function likeFirst(
  folder: FoldsFolder<TrainOptions>,
): Promise<Pick<TrainOptions, 'like' | 'sameImages'>> {
  const first = folder.fold(1);
  if ((await first.read('record')) === undefined) return {};
  const like = await first.record();
  return { like, sameImages: like.data.pool?.hash };
}

/** The folds to train, and with what: this process alone knows the secrets in it. */
interface Opened {
  readonly folder: FoldsFolder<TrainOptions>;
  readonly record: Omit<FoldsRecord<TrainOptions>, 'format'>;
}

async function openFolder(typed: TrainOptions, words: readonly string[]): Promise<Opened> {
  if (typed.resume !== undefined) return resume(typed, (await findRun(typed.resume)).path);
  const { options } = await newRun(typed);
  // Each fold by itself could reject.
  if (typed.ensemble && options.reject !== undefined) throw noRejectingEnsemble();
  const { folds = 5, out, json: _, ...given } = typed;
  const folder = await createFoldsFolder<TrainOptions>(options.recipe, out);
  const record = {
    created: new Date().toISOString(),
    folds,
    given: await fromAnywhere(given),
    words: withoutSecrets(words),
  };
  await folder.write({ ...record, given: keptOptions(record.given) });
  return { folder, record };
}

/** @throws HarrierError `bad-option` for what cannot change */
async function resume(typed: TrainOptions, path: string): Promise<Opened> {
  const folder = new FoldsFolder<TrainOptions>(resolve(path));
  const record = await folder.read();
  checkResumed(
    typed,
    (option, value) =>
      (option === 'folds' && value === record.folds) ||
      (option === 'from' && isSameModel(value, record.given.from)),
    'a resumed cross-validation keeps its own options',
  );
  checkStoredRecipe(record.given, join(folder.path, FOLDS_FILE));
  const given = await givenAgain(record.given, typed);
  if (typed.data !== undefined) await folder.write({ ...record, given: keptOptions(given) });
  return { folder, record: { ...record, given } };
}
