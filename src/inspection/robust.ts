/** The middle of numbers, and how far they usually lie from it. */
export interface RobustSpread {
  readonly median: number;
  /** As a standard deviation, from the median distance to the median: a few far ones do not change it. */
  readonly deviation: number;
}

/** Median and deviation of numbers, at least one. */
export function robustSpread(values: ArrayLike<number>): RobustSpread {
  const median = medianOf(values);
  const distances = Array.from(values, (value) => Math.abs(value - median));
  // 1.4826: for a normal distribution it is then the standard deviation.
  return { median, deviation: 1.4826 * medianOf(distances) };
}

/** The middle of numbers, at least one: of an even number, the mean of the two middle ones. */
export function medianOf(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
