import { HarrierError } from '../errors.ts';
import { jsonObject } from '../json-text.ts';
import { check } from '../options/check.ts';
import { count, list, text } from '../options/kinds.ts';
import { type Fields, fields, made } from './fields.ts';

const anyText = text({ empty: true });

const RECORD = {
  format: count,
  created: anyText,
  /** How many folds there are. */
  folds: count,
  /** The options that every run is begun with. */
  given: made<object>(),
  /** The words of the command. */
  words: list(anyText),
};

/** `folds.json`: a cross-validation. Beside it lies a run folder for each fold, and at the end the files of a run. */
export type FoldsRecord<Given> = Omit<Fields<typeof RECORD>, 'given' | 'words'> & {
  readonly given: Given;
  readonly words: readonly string[];
};

const record = fields(RECORD);

/** Raised when an older version would misread a record. */
export const FOLDS_FORMAT = 1;

/**
 * Reads a `folds.json`.
 * @throws HarrierError `bad-checkpoint` when it cannot be used
 */
export function readFoldsRecord<Given>(content: string, where: string): FoldsRecord<Given> {
  const value = jsonObject(content);
  if (Number(value?.format) > FOLDS_FORMAT) {
    throw new HarrierError(
      'bad-checkpoint',
      'this cross-validation was started by a newer version of Harrier',
      {
        where,
        expected: `format ${FOLDS_FORMAT} or older`,
        received: `format ${value?.format}`,
        next: 'Update Harrier.',
      },
    );
  }
  const checked = check(record, value, {
    code: 'bad-checkpoint',
    where,
    summary: (field) =>
      `this is not a record of a cross-validation${field === '' ? '' : `: its field "${field}" cannot be used`}`,
    next: 'Restore the file, or begin anew.',
  });
  return checked as unknown as FoldsRecord<Given>;
}
