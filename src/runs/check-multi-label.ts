import { HarrierError } from '../errors.ts';
import { flagOf } from '../options/option.ts';
import type { RunOptions } from './run-record.ts';

/** Options that speak of one class for each image, and what does the same for several labels. */
const OF_ONE_CLASS = {
  reject: 'A model of several labels may give an image none of them, which says as much.',
  classWeight: 'Rare labels learn more from --loss asymmetric.',
  sampling: 'Rare labels learn more from --loss asymmetric.',
} as const satisfies Partial<Record<keyof RunOptions, string>>;

/**
 * Checks, before anything is opened, that options suit images with any number of labels.
 * @throws HarrierError `bad-option` that says what to do instead
 */
export function checkMultiLabel(
  options: Partial<Pick<RunOptions, 'multiLabel' | 'head' | keyof typeof OF_ONE_CLASS>>,
): void {
  if (!options.multiLabel) return;
  if (options.head !== undefined && options.head !== 'linear') {
    throw new HarrierError('bad-option', 'a head of this kind gives each image one class', {
      where: `--head ${options.head}`,
      expected: '--head linear, which gives images any number of labels',
      next: 'Leave --head out.',
    });
  }
  for (const [name, instead] of Object.entries(OF_ONE_CLASS)) {
    const value = options[name as keyof typeof OF_ONE_CLASS];
    if (value === undefined || value === 'natural') continue;
    throw new HarrierError('bad-option', `${flagOf(name)} and --multi-label cannot be combined`, {
      next: `Leave ${flagOf(name)} out. ${instead}`,
    });
  }
}
