import { HarrierError, unknownName } from './errors.ts';

export interface NumberRange {
  above?: number;
  atLeast?: number;
  below?: number;
  atMost?: number;
  whole?: boolean;
}

/**
 * Checks that an option is a finite number in a range.
 *
 * @param where what the option belongs to: an optimizer, a schedule, an augmentation
 * @throws HarrierError `bad-option`
 */
export function checkNumber(where: string, option: string, value: unknown, range: NumberRange = {}): number {
  const { above, atLeast, below, atMost, whole } = range;
  const fits =
    typeof value === 'number' &&
    Number.isFinite(value) &&
    (above === undefined || value > above) &&
    (atLeast === undefined || value >= atLeast) &&
    (below === undefined || value < below) &&
    (atMost === undefined || value <= atMost) &&
    (!whole || Number.isInteger(value));
  if (fits) return value;
  const limits = [
    above !== undefined && `above ${above}`,
    atLeast !== undefined && `of at least ${atLeast}`,
    below !== undefined && `below ${below}`,
    atMost !== undefined && `of at most ${atMost}`,
  ].filter((limit) => limit !== false);
  throw badOption(where, option, `a ${whole ? 'whole ' : ''}number ${limits.join(' and ')}`.trim(), value);
}

export function checkBoolean(where: string, option: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw badOption(where, option, 'true or false', value);
}

export function badOption(where: string, option: string, expected: string, received: unknown): HarrierError {
  return new HarrierError('bad-option', option, { where, expected, received: formatted(received) });
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

function formatted(value: unknown): string {
  if (typeof value === 'number' || value === undefined) return String(value);
  return JSON.stringify(value) ?? String(value);
}
