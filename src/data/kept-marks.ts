import { HarrierError } from '../errors.ts';
import { isObject } from '../options/values.ts';
import type { MarkCounts } from './marked.ts';

/** A label correction as it is kept: with the class by its name, so that it outlives new classes. */
export interface KeptMark {
  readonly label?: string;
  readonly excluded?: boolean;
}

/** Label corrections by image: its path below the folder with `/` between, or the data set's own name for it (`train #17`). */
export type KeptMarks = Readonly<Record<string, KeptMark>>;

/** The label corrections that a data set was opened with. */
export interface UsedMarks {
  readonly train: MarkCounts;
  readonly test: MarkCounts;
  readonly validation?: MarkCounts;
  /** The corrections themselves. */
  readonly images: KeptMarks;
}

/** @throws HarrierError `bad-data` when a value is no set of label corrections */
export function checkMarks(value: unknown, where: string): KeptMarks {
  const isMark = (mark: unknown) =>
    isObject(mark) &&
    (mark.label === undefined || typeof mark.label === 'string') &&
    (mark.excluded === undefined || typeof mark.excluded === 'boolean');
  if (isObject(value) && Object.values(value).every(isMark)) return value as KeptMarks;
  throw new HarrierError('bad-data', 'these are no marks', {
    where,
    expected: '{ "format": 1, "images": { "<image>": { "label": "<class>", "excluded": true } } }',
    next: MARKS_REMEDY,
  });
}

export const MARKS_REMEDY = 'Restore the file, or delete it to go without marks.';
