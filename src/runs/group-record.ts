import { HarrierError } from '../errors.ts';
import { jsonObject } from '../json-text.ts';
import { check } from '../options/check.ts';
import type { Schema } from '../options/kinds.ts';

/** A kind of file that says which runs belong together. */
export interface GroupKind<T> {
  readonly schema: Schema<T>;
  /** Raised when an older version would misread a record. */
  readonly format: number;
  /** What was started: `these runs were`. */
  readonly subject: string;
  /** What it is a record of. */
  readonly of: string;
}

/**
 * Reads a record of runs that belong together.
 * @throws HarrierError `bad-checkpoint` when it cannot be used
 */
export function readGroupRecord<T>(
  { schema, format, subject, of }: GroupKind<T>,
  content: string,
  where: string,
): T {
  const value = jsonObject(content);
  if (Number(value?.format) > format) {
    throw new HarrierError('bad-checkpoint', `${subject} started by a newer version of Harrier`, {
      where,
      expected: `format ${format} or older`,
      received: `format ${value?.format}`,
      next: 'Update Harrier.',
    });
  }
  return check(schema, value, {
    code: 'bad-checkpoint',
    where,
    summary: (field) =>
      `this is not a record of ${of}${field === '' ? '' : `: its field "${field}" cannot be used`}`,
    next: 'Restore the file, or begin anew.',
  });
}
