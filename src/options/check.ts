import { type ErrorCode, HarrierError } from '../errors.ts';
import type { Schema } from './kinds.ts';
import { valueWords } from './range.ts';
import { z } from './zod.ts';

/** How to say that a value does not fit. */
export interface Complaint {
  /** Default `bad-option`. */
  readonly code?: ErrorCode;
  /** The file, flag or command that holds the value. */
  readonly where?: string;
  /** What happened, given the field as the user wrote it: `options.epochs`, or nothing for the whole value. */
  readonly summary: (field: string) => string;
  /** What is said of a value that is left out. Default `nothing`. */
  readonly absent?: string;
  readonly next?: string;
}

/**
 * Checks a value by a schema.
 *
 * @returns the value as the schema types it; fields that the schema does not name stay
 * @throws HarrierError about the first field that does not fit: what was expected, what was received, and where
 */
export function check<T>(schema: Schema<T>, value: unknown, complaint: Complaint): T {
  const result = z.safeParse(schema, value, { reportInput: true, error: ourWords });
  if (result.success) return result.data;
  throw errorOf(schema, result.error, complaint);
}

/** Whether a value fits a schema. */
export function fits(schema: Schema, value: unknown): boolean {
  return z.safeParse(schema, value).success;
}

/** What the schema library found, as the error of Harrier's own: of several issues the first. */
function errorOf(schema: Schema, { issues }: z.core.$ZodError, complaint: Complaint): HarrierError {
  const { code = 'bad-option', where, summary, absent = 'nothing', next } = complaint;
  const [issue] = issues;
  const field = z.core.toDotPath(issue.path);
  return new HarrierError(code, summary(field), {
    where,
    expected: `${issue.message}${mayBeAbsent(schema, issue.path) ? ', or nothing' : ''}`,
    received: valueWords(issue.input) ?? absent,
    next,
  });
}

/** Whether the field at a path may be left out. */
function mayBeAbsent(schema: Schema, path: readonly PropertyKey[]): boolean {
  let at: Schema | undefined = schema;
  for (const key of path) {
    while (at instanceof z.ZodMiniOptional) at = at._zod.def.innerType as Schema;
    at = at instanceof z.ZodMiniObject ? (at._zod.def.shape[String(key)] as Schema) : undefined;
  }
  return at instanceof z.ZodMiniOptional;
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

/** What a schema without words of its own expects. */
function ourWords(issue: z.core.$ZodRawIssue): string {
  if (issue.code === 'invalid_type') return TYPES[issue.expected] ?? `a value of type ${issue.expected}`;
  if (issue.code === 'invalid_value') return issue.values.map((each) => JSON.stringify(each)).join(' or ');
  return 'another value';
}
