import type { Dataset } from '../data/dataset.ts';
import type { FolderRules } from '../data/folder-rules.ts';
import { type Folding, foldsOf } from '../data/folds.ts';
import { firstImages, subset } from '../data/subset.ts';
import type { RunOptions, RunRecord } from './run-record.ts';
import type { TrainingImages } from './training-images.ts';

/** The images of one part of a cross-validation. */
export interface FoldedImages extends TrainingImages {
  readonly test: Dataset;
  /** All images that are divided into folds. */
  readonly pool: Dataset;
  /** How they are divided. */
  readonly division: Folding;
  /** Whether the images that the folds hold out stand in for test images, as the data brings none. */
  readonly isTest: boolean;
}

/**
 * The images of one part of a cross-validation: a fold trains on some and is evaluated on those that it holds out; the
 * run on all images trains on all. That run is evaluated on the test part that the data brings, else its test images are
 * those that the folds have held out.
 *
 * @param opened data without a test part of its own has the same images for training and test
 * @throws HarrierError as `foldsOf` does
 */
export function foldedImages(
  opened: TrainingImages & { readonly test: Dataset; readonly rules?: FolderRules },
  { folds, seed, limit }: Pick<RunOptions, 'folds' | 'seed' | 'limit'>,
): FoldedImages {
  const { count, held } = folds!;
  const isTest = opened.test.hash === opened.train.hash;
  const pool = limit === undefined ? opened.train : firstImages(opened.train, limit);
  const division = foldsOf(pool, count, seed, opened.rules);
  const { folds: parts, evaluated } = division;
  const common = {
    pool,
    isTest,
    division,
    ...(opened.validation && { validation: opened.validation }),
  };
  if (held !== undefined) {
    const { train, heldOut } = parts[held - 1];
    return {
      ...common,
      train: subset(pool, train, `${pool.name} without fold ${held}`),
      test: subset(pool, heldOut, `${pool.name}, fold ${held}`),
    };
  }
  const test = !isTest
    ? opened.test
    : evaluated.length === pool.size
      ? pool
      : subset(pool, evaluated, `${pool.name}, all folds`);
  return { ...common, train: pool, test };
}

/** Whether the test images of a run are its training images, each as it was when a fold held it out. */
export function isTestedByFolds({
  options: { folds },
  data: { pool, test },
}: Pick<RunRecord, 'options' | 'data'>): boolean {
  return folds !== undefined && folds.held === undefined && !!pool && test.name.startsWith(pool.name);
}
