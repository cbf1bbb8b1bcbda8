/** A figure over several runs that differ by chance alone. */
export interface Spread {
  /** Number of values. */
  readonly count: number;
  /** Arithmetic mean. */
  readonly mean: number;
  /** Of the sample (divided by count − 1); null of a single run. */
  readonly standardDeviation: number | null;
  /** Smallest value. */
  readonly minimum: number;
  /** Largest value. */
  readonly maximum: number;
}

/**
 * Mean and sample standard deviation of several runs' figures.
 * @param values at least one
 */
export function spreadOf(values: readonly number[]): Spread {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return {
    count,
    mean,
    standardDeviation: count > 1 ? Math.sqrt(squares / (count - 1)) : null,
    minimum: Math.min(...values),
    maximum: Math.max(...values),
  };
}
