import { HarrierError, unknownName } from '../errors.ts';
import { isInRange, type NumberRange, rangeWords, valueWords } from './range.ts';

/**
 * Checks that an option is a finite number in a range.
 *
 * @param where the optimizer, schedule or augmentation that the option belongs to
 * @throws HarrierError `bad-option`
 */
export function checkNumber(where: string, option: string, value: unknown, range: NumberRange = {}): number {
  if (isInRange(value, range)) return value;
  throw badOption(where, option, rangeWords(range), value);
}

/** @throws HarrierError `bad-option` */
export function checkBoolean(where: string, option: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw badOption(where, option, 'true or false', value);
}

/** The error for an option that does not fit. */
export function badOption(where: string, option: string, expected: string, received: unknown): HarrierError {
  return new HarrierError('bad-option', option, {
    where,
    expected,
    received: valueWords(received) ?? 'undefined',
  });
}

/**
 * Checks that options are an object without unknown keys.
 *
 * @throws HarrierError `bad-option` that names the nearest known option
 */
export function checkKeys(where: string, options: unknown, known: readonly string[]): void {
  if (!isObject(options)) throw badOption(where, 'options', 'an object', options);
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) throw unknownName(`option of ${where}`, key, known);
  }
}

/** Whether a value has fields by name: an object that is neither null nor a list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
