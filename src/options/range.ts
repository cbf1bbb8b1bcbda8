/** The numbers that a value may be. */
export interface NumberRange {
  readonly above?: number;
  readonly atLeast?: number;
  readonly below?: number;
  readonly atMost?: number;
  readonly whole?: boolean;
}

/** A whole number of at least 1. */
export const COUNT: NumberRange = { whole: true, atLeast: 1 };

/** At least 0 and below 1. */
export const FRACTION: NumberRange = { atLeast: 0, below: 1 };

/** Of the images that are kept for testing: at most half. */
export const TEST_SPLIT: NumberRange = { above: 0, atMost: 0.5 };

/** Whether a value is a finite number in a range. Whole numbers are exact ones, up to 2^53. */
export function isInRange(value: unknown, range: NumberRange): value is number {
  const { above, atLeast, below, atMost, whole } = range;
  return (
    typeof value === 'number' &&
    Number.isFinite(value) &&
    (above === undefined || value > above) &&
    (atLeast === undefined || value >= atLeast) &&
    (below === undefined || value < below) &&
    (atMost === undefined || value <= atMost) &&
    (!whole || Number.isSafeInteger(value))
  );
}

/** For people: `a whole number of at least 1`, `a number above 0 and below 1`, `a number from 0 to 1`. */
export function rangeWords({ above, atLeast, below, atMost, whole }: NumberRange): string {
  const number = whole ? 'a whole number' : 'a number';
  if (atLeast !== undefined && atMost !== undefined) return `${number} from ${atLeast} to ${atMost}`;
  const limits = [
    above !== undefined && `above ${above}`,
    atLeast !== undefined && `of at least ${atLeast}`,
    below !== undefined && `below ${below}`,
    atMost !== undefined && `of at most ${atMost}`,
  ].filter((limit) => limit !== false);
  return [number, limits.join(' and ')].join(' ').trim();
}

/** A value as errors show it; undefined where there is none. */
export function valueWords(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'number' ? `${value}` : (JSON.stringify(value) ?? typeof value);
}
