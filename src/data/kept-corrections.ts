import { HarrierError } from '../errors.ts';
import { isObject } from '../options/values.ts';
import type { CorrectionCounts } from './corrected.ts';

/** A label correction as it is kept: with the class by its name, so that it outlives new classes. */
export interface KeptCorrection {
  readonly label?: string;
  readonly excluded?: boolean;
}

/** Label corrections by image: its path below the folder with `/` between, or the data set's own name for it (`train #17`). */
export type KeptCorrections = Readonly<Record<string, KeptCorrection>>;

/** The label corrections that a data set was opened with. */
export interface UsedCorrections {
  readonly train: CorrectionCounts;
  readonly test: CorrectionCounts;
  readonly validation?: CorrectionCounts;
  /** The corrections themselves. */
  readonly images: KeptCorrections;
}

/** @throws HarrierError `bad-data` when a value is no set of label corrections */
export function checkCorrections(value: unknown, where: string): KeptCorrections {
  const isCorrection = (mark: unknown) =>
    isObject(mark) &&
    (mark.label === undefined || typeof mark.label === 'string') &&
    (mark.excluded === undefined || typeof mark.excluded === 'boolean');
  if (isObject(value) && Object.values(value).every(isCorrection)) return value as KeptCorrections;
  throw new HarrierError('bad-data', 'this file holds no label corrections', {
    where,
    expected: '{ "format": 1, "images": { "<image>": { "label": "<class>", "excluded": true } } }',
    next: CORRECTIONS_REMEDY,
  });
}

export const CORRECTIONS_REMEDY = 'Restore the file, or delete it to go without label corrections.';
