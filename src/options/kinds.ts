import { COUNT, FRACTION, type NumberRange, rangeWords } from './range.ts';
import { COLUMN_WORDS, type ColumnNames, type MergedClasses, TUNED_PART, type TunedPart } from './words.ts';
import { z } from './zod.ts';

/** Any schema. The message of its issues is what it expects, in words: `check` puts it after "expected". */
export type Schema<T = unknown> = z.ZodMiniType<T>;

/** A finite number in a range. */
export function number(range: NumberRange = {}): Schema<number> {
  const error = rangeWords(range);
  const { above, atLeast, below, atMost, whole } = range;
  const checks = [
    ...(above === undefined ? [] : [z.gt(above, { error })]),
    ...(atLeast === undefined ? [] : [z.gte(atLeast, { error })]),
    ...(below === undefined ? [] : [z.lt(below, { error })]),
    ...(atMost === undefined ? [] : [z.lte(atMost, { error })]),
  ];
  return (whole ? z.int({ error }) : z.number({ error })).check(...checks);
}

/** A whole number of at least 1. */
export const count = number(COUNT);

/** At least 0 and below 1. */
export const fraction = number(FRACTION);

export const flag: Schema<boolean> = z.boolean({ error: 'true or false' });

/** A text that holds more than spaces, or any where `empty` is true. */
export function text({ empty = false } = {}): Schema<string> {
  const error = 'a text';
  return z.string({ error }).check(...(empty ? [] : [z.regex(/\S/, { error })]));
}

/** One of some words. */
export function oneOf<const T extends readonly string[]>(words: T): Schema<T[number]> {
  return z.enum(words, { error: words.map((word) => JSON.stringify(word)).join(' or ') }) as Schema<
    T[number]
  >;
}

/** An object with these fields. Others are left as they are: a newer version may have written them. */
export function object<const S extends Readonly<Record<string, Schema>>>(fields: S, words = 'an object') {
  return z.looseObject(fields, { error: words });
}

/** An object whose fields are checked by what is made of it. */
export const anyObject = z.record(z.string(), z.unknown(), { error: 'an object' });

/** A list of values. */
export function list<T>(of: Schema<T>, { words = 'a list', atLeast = 0 } = {}) {
  return z.array(of, { error: words }).check(z.minLength(atLeast, { error: words }));
}

/** A text of a pattern. */
export function pattern(of: RegExp, words: string): Schema<string> {
  return z.string({ error: words }).check(z.regex(of, { error: words }));
}

/** A value that fits one of some schemas. */
export function anyOf<const T extends readonly Schema[]>(
  schemas: T,
  words: string,
): Schema<z.output<T[number]>> {
  return z.union(schemas, { error: words }) as Schema<z.output<T[number]>>;
}

/** An object of values of one kind, by any names. */
export function byName<T>(of: Schema<T>, words = 'an object'): Schema<Record<string, T>> {
  return z.record(z.string(), of, { error: words }) as Schema<Record<string, T>>;
}

/** A function, of which no more can be known. */
export function callable(words: string): Schema<(...args: never[]) => unknown> {
  return z.custom((value) => typeof value === 'function', { error: words });
}

/** A schema with a sentence for editors. */
export function described<S extends Schema>(schema: S, description: string): S {
  return schema.check(z.meta({ description })) as S;
}

/** A value that may be left out. */
export const optional = z.optional;

/** Which layers fine-tuning changes: `head`, `last:2`, `all`. */
export const tunedPart = pattern(
  TUNED_PART,
  'head, all, or a number of last layers such as last:2',
) as Schema<TunedPart>;

/** Names of classes. */
export const names = list(text(), { words: 'a list of names', atLeast: 1 }) as Schema<readonly string[]>;

/** Names of columns, by what they hold. */
export const columnNames = object(
  Object.fromEntries(COLUMN_WORDS.map((word) => [word, optional(text())])),
  'names of columns',
) as unknown as Schema<ColumnNames>;

/** Classes that take the images of others. */
export const mergedClasses: Schema<MergedClasses> = byName(names, 'lists of names by name');
