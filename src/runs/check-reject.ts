import { HarrierError } from '../errors.ts';
import { headOf, type Network } from '../models/index.ts';
import type { RunOptions } from './run-record.ts';

/**
 * Checks, before anything is trained, that a run can learn to tell images that show none of its classes.
 * @throws HarrierError `bad-option` that says what is missing
 */
export function checkReject(
  { reject, head, folds, testTimeAugmentation = 'none', validationSplit }: RunOptions,
  network: Network,
  hasValidation: boolean,
): void {
  if (reject === undefined) return;
  if (folds?.ensemble) throw noRejectingEnsemble();
  headOf(network);
  const hasHeldOut = head === 'linear' && testTimeAugmentation === 'none';
  if (hasValidation || hasHeldOut) return;
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
