import { HarrierError } from '../errors.ts';
import type { RunOptions } from './run-record.ts';

/**
 * Checks, before anything is trained, that a model can look again at the images that it is unsure of.
 * @throws HarrierError `bad-option` that says what does not fit
 */
export function checkAdaptive(
  { adaptiveViews, multiLabel, reject, folds, validationSplit }: RunOptions,
  hasValidation: boolean,
): void {
  if (!adaptiveViews) return;
  const other = multiLabel
    ? '--multi-label'
    : reject !== undefined
      ? '--reject'
      : folds
        ? '--folds'
        : undefined;
  if (other !== undefined) throw noAdaptive(other);
  if (hasValidation) return;
  throw new HarrierError('bad-option', 'its threshold is chosen on validation images', {
    where: '--tta adaptive',
    expected: 'validation images',
    received: `--validation-split ${validationSplit}`,
    next: 'Add --validation-split 0.1, or use --tta flip.',
  });
}

/** @param other the option that it cannot be combined with */
export function noAdaptive(other: string): HarrierError {
  return new HarrierError('bad-option', `--tta adaptive and ${other} cannot be combined`, {
    next: 'Use --tta flip.',
  });
}
