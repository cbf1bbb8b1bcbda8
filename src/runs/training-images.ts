import type { Dataset } from '../data/dataset.ts';
import type { FolderRules } from '../data/folder-rules.ts';
import { validationSplit } from '../data/split.ts';
import { firstImages } from '../data/subset.ts';
import { imagesOfEach } from '../data/tags.ts';
import { formatQuantity, printable } from '../format/format.ts';
import type { RunOptions } from './run-record.ts';

/** The training images that a run uses, and those that it sets aside to evaluate epochs on. */
export interface TrainingImages {
  /** The images to train on. */
  readonly train: Dataset;
  /** Images set aside to evaluate epochs on, if any. */
  readonly validation?: Dataset;
}

/**
 * The images that a run trains on and evaluates its epochs on, as its options say. A validation part that the data
 * brings is used, and then nothing is set aside.
 *
 * @param given all training images, and the validation images that the data brings along
 * @param rules with 1, as before version 0.2: a fraction to set aside wins over a validation part; below 4, see
 *   `validationSplit`
 * @throws HarrierError `bad-option`, `bad-data` when nothing is left on one side
 */
export function trainingImages(
  { train: all, validation: brought }: TrainingImages,
  { limit, validationSplit: fraction, seed }: Pick<RunOptions, 'limit' | 'validationSplit' | 'seed'>,
  rules: FolderRules = 4,
): { readonly images: TrainingImages; readonly notes: readonly string[] } {
  const limited = limit === undefined ? all : firstImages(all, limit);
  const notes = limitNotes(all, limited);
  if (fraction > 0 && (!brought || rules === 1))
    return { images: validationSplit(limited, fraction, seed, rules), notes };
  if (fraction > 0 && brought) {
    notes.push(
      `validation is with the ${formatQuantity(brought.size, 'image')} of ${brought.name}: none are set aside for it (--validation-split ${fraction}).`,
    );
  }
  return { images: { train: limited, ...(brought && { validation: brought }) }, notes };
}

/** Classes that a limit leaves without images. */
function limitNotes(all: Dataset, limited: Dataset): string[] {
  const [before, after] = [imagesOfEach(all), imagesOfEach(limited)];
  const lost = all.classNames.filter((_, label) => before[label] > 0 && after[label] === 0);
  if (lost.length === 0) return [];
  const names = lost.slice(0, 5).map((name) => `"${printable(name)}"`);
  const which =
    lost.length > 5 ? `${names.join(', ')} and ${lost.length - 5} more classes` : names.join(', ');
  return [`${formatQuantity(limited.size, 'image')} leave ${which} without a training image (--limit).`];
}
