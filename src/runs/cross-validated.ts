import { decodeNpy } from '../data/npy.ts';
import { pickTags } from '../data/tags.ts';
import { HarrierError } from '../errors.ts';
import {
  bestThresholds,
  type CrossValidationResult,
  crossValidationResult,
  isGiven,
  type Predictions,
} from '../evaluation/index.ts';
import type { PreparedRun } from './prepare-run.ts';
import type { StoredRun } from './stored-run.ts';

/** What the folds of a cross-validation have found, for the run that ends it. */
export interface CrossValidated {
  readonly result: CrossValidationResult;
  /** What the folds say of the images that they held out, in the order of the pool. */
  readonly predictions: Predictions;
  /** Which image of the pool each of them is. */
  readonly images: Uint32Array;
  /** The fold that held each of them out, from 1. */
  readonly folds: readonly number[];
  /** Whether these images are the run's test images too, as the data brings none of its own. */
  readonly isTest: boolean;
}

/**
 * Reads what the folds of a cross-validation have found.
 *
 * @param run the run that ends it
 * @param foldRun where the run of a fold is kept, from 1
 * @throws HarrierError `bad-checkpoint` when a fold is not finished, damaged, or of other images
 */
export async function crossValidated(
  { folding }: Pick<PreparedRun, 'folding'>,
  foldRun: (fold: number) => StoredRun,
): Promise<CrossValidated> {
  const { pool, division } = folding!;
  const { folds, evaluated } = division;
  const { copies } = pool;
  const classes = pool.classNames.length;
  const foldOf = new Array<number>(pool.size).fill(0);
  const probabilities = new Float32Array(pool.size * classes);
  for (const [i, { heldOut }] of folds.entries()) {
    const own = await probabilitiesOf(foldRun(i + 1), heldOut.length, classes);
    heldOut.forEach((image, row) => {
      probabilities.set(own.subarray(row * classes, (row + 1) * classes), image * classes);
      foldOf[image] = i + 1;
    });
  }
  /** What was found about some images of the pool. */
  const about = (images: Uint32Array): Predictions => {
    const rows = new Float32Array(images.length * classes);
    images.forEach((image, row) => {
      rows.set(probabilities.subarray(image * classes, (image + 1) * classes), row * classes);
    });
    return {
      probabilities: rows,
      labels: Uint16Array.from(images, (image) => pool.labels[image]),
      ...(pool.tags && { tags: pickTags(pool.tags, classes, images) }),
      classNames: pool.classNames,
      ...(copies && { groups: Uint32Array.from(images, (image) => copies[image]) }),
    };
  };
  const perFold = folds.map(({ heldOut }) =>
    withLabelsGiven(about(heldOut), () => about(without(heldOut, evaluated))),
  );
  const given = new Uint8Array(pool.size * classes);
  for (const [i, { heldOut }] of folds.entries()) {
    const own = perFold[i].given;
    if (!own) continue;
    heldOut.forEach((image, row) => {
      given.set(own.subarray(row * classes, (row + 1) * classes), image * classes);
    });
  }
  return {
    result: crossValidationResult(perFold),
    predictions: { ...about(evaluated), ...(pool.tags && { given: pickTags(given, classes, evaluated) }) },
    images: evaluated,
    folds: Array.from(evaluated, (image) => foldOf[image]),
    isTest: folding!.isTest,
  };
}

/**
 * The labels that images of a fold are given: from thresholds that the images of the other folds chose, as no image may
 * choose what it is evaluated by. Images of one class each stay as they are.
 */
function withLabelsGiven(fold: Predictions, others: () => Predictions): Predictions {
  if (!fold.tags) return fold;
  const chosen = { ...fold, thresholds: bestThresholds(others()) };
  const classes = fold.classNames.length;
  return {
    ...fold,
    given: Uint8Array.from(fold.probabilities, (_, i) =>
      Number(isGiven(chosen, Math.floor(i / classes), i % classes)),
    ),
  };
}

function without(some: Uint32Array, all: Uint32Array): Uint32Array {
  const left = new Set(some);
  return all.filter((image) => !left.has(image));
}

async function probabilitiesOf(stored: StoredRun, images: number, classes: number): Promise<Float32Array> {
  const where = stored.file('probabilities');
  const bytes = await stored.read('probabilities');
  const array = bytes && decodeNpy(bytes, where);
  if (array?.type === '<f4' && array.shape[0] === images && array.shape[1] === classes)
    return array.data as Float32Array;
  throw new HarrierError('bad-checkpoint', 'this fold does not say what its model found', {
    where,
    expected: `probabilities of ${images} images for ${classes} classes`,
    received: array ? array.shape.join(' × ') : 'no file',
    next: 'Remove the folder of the fold and resume: the fold is then trained again.',
  });
}
