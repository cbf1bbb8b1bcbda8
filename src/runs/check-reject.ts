import { HarrierError } from '../errors.ts';
import { formatPercent } from '../format/format.ts';
import { headOf, type Network } from '../models/index.ts';
import type { RunOptions } from './run-record.ts';

/** @throws HarrierError `bad-data` when there are too few images that a model is not fitted on to keep such a fraction */
export function checkEnough(images: number, keep: number): void {
  if (Math.ceil((images + 1) * keep - 1e-9) <= images) return;
  throw new HarrierError('bad-data', `too few images to keep ${formatPercent(keep)} of the known ones`, {
    where: '--reject',
    expected: `at least ${Math.ceil(keep / (1 - keep) - 1e-9)} images that the model is not fitted on`,
    received: `${images}`,
    next: 'Give a smaller fraction, or more images.',
  });
}

/**
 * Checks, before anything is trained, that a run can learn to tell images that show none of its classes.
 * @param validation images that validate
 * @throws HarrierError `bad-option` that says what is missing, as `checkEnough` does
 */
export function checkReject(
  { reject, head, folds, testTimeAugmentation = 'none', validationSplit }: RunOptions,
  network: Network,
  validation: number | undefined,
): void {
  if (reject === undefined) return;
  if (folds?.ensemble) throw noRejectingEnsemble();
  headOf(network);
  const hasHeldOut = head === 'linear' && testTimeAugmentation === 'none';
  if (validation !== undefined) {
    // A fold has no threshold: the model of all images has.
    if (folds?.held === undefined) checkEnough(validation, reject);
    return;
  }
  if (hasHeldOut) return;
  throw new HarrierError('bad-option', 'its threshold needs images that the model is not fitted on', {
    where: '--reject',
    expected: 'validation images, or a linear head on the features of a pretrained network',
    received: `--validation-split ${validationSplit}`,
    next: 'Add --validation-split 0.1.',
  });
}

/** An average of several models has no one last layer, whose features tell what is unknown. */
export function noRejectingEnsemble(): HarrierError {
  return new HarrierError('bad-option', '--reject and --ensemble cannot be combined', {
    next: 'Leave --ensemble out: one model is then trained on all images, and can reject.',
  });
}
