import { count, list, text } from '../options/kinds.ts';
import { type Fields, fields, made } from './fields.ts';
import { readGroupRecord } from './group-record.ts';

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
  const kind = {
    schema: record,
    format: FOLDS_FORMAT,
    subject: 'this cross-validation was',
    of: 'a cross-validation',
  };
  return readGroupRecord(kind, content, where) as unknown as FoldsRecord<Given>;
}
