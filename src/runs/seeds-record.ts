import { count, list, number, type Schema, text } from '../options/kinds.ts';
import { type Fields, fields, made } from './fields.ts';
import { readGroupRecord } from './group-record.ts';

const anyText = text({ empty: true });

const RECORD = {
  format: count,
  created: anyText,
  /** In the order in which they are trained. */
  seeds: list(number({ atLeast: 0, whole: true }), { atLeast: 1, words: 'a list of seeds' }) as Schema<
    readonly number[]
  >,
  /** The options that every run is begun with, besides its seed and folder. */
  given: made<object>(),
  /** The words of the command, without those about seeds and folders. */
  words: list(anyText) as Schema<readonly string[]>,
};

/** `seeds.json`: runs that differ by their seed alone. Beside it lies a run folder for each seed. */
export type SeedsRecord<Given> = Omit<Fields<typeof RECORD>, 'given'> & { readonly given: Given };

const record = fields(RECORD);

/** Raised when an older version would misread a record. */
export const SEEDS_FORMAT = 1;

/**
 * Reads a `seeds.json`.
 * @throws HarrierError `bad-checkpoint` when it cannot be used
 */
export function readSeedsRecord<Given>(content: string, where: string): SeedsRecord<Given> {
  const kind = {
    schema: record,
    format: SEEDS_FORMAT,
    subject: 'these runs were',
    of: 'runs with several seeds',
  };
  return readGroupRecord(kind, content, where) as unknown as SeedsRecord<Given>;
}
