/** One step of a range test. */
export interface RatePoint {
  /** The learning rate of the step. */
  readonly learningRate: number;
  /** Mean over the batch, before the update. */
  readonly loss: number;
  /** Mean over the steps around it. */
  readonly smoothed: number;
}

/** The losses of a learning-rate range test, and the rate that they suggest. */

/** What a range test says about learning rates. */
export interface SuggestedRates {
  readonly points: readonly RatePoint[];
  /** Where the loss falls fastest; undefined when it never falls. */
  readonly steepest?: number;
  /** Where the smoothed loss is lowest; undefined when it never falls. */
  readonly lowest?: number;
  /** True when the loss falls, but no further than it varies from batch to batch: then no rate is suggested. */
  readonly withinNoise?: true;
}

/** Less than this fraction of the highest loss is no fall. */
const FALL = 0.01;
/**
 * Standard errors that a fall must exceed. Many, because the highest and the lowest of many means are compared: of 2,000
 * tests of pure noise, 2.7% exceeded this in 20 steps, 1.0% in 40 and 0.1% in 200.
 */
const SIGNIFICANT = 4.5;

/**
 * Reads learning rates from the losses of a range test.
 *
 * @param rates rising by equal factors
 * @param losses mean over the batch of each rate
 * @param steps of the whole test, which may have ended earlier: they decide how far the losses are smoothed
 */
export function suggestRates(
  rates: readonly number[],
  losses: readonly number[],
  steps: number,
): SuggestedRates {
  const deviation = Math.max(1, steps / 25);
  const { means: smoothed, errors } = smooth(losses, deviation);
  const points = rates.map((learningRate, i) => ({ learningRate, loss: losses[i], smoothed: smoothed[i] }));
  if (points.length < 3) return { points };
  let lowest = 0;
  points.forEach((point, i) => {
    if (point.smoothed < points[lowest].smoothed) lowest = i;
  });
  const until = points.slice(0, lowest + 1);
  const highest = until.reduce((best, { smoothed: each }, i) => (each > smoothed[best] ? i : best), 0);
  const fall = smoothed[highest] - smoothed[lowest];
  if (fall < FALL * smoothed[highest]) return { points };
  const error = batchNoise(losses, lowest) * Math.hypot(errors[highest], errors[lowest]);
  if (fall < SIGNIFICANT * error) return { points, withinNoise: true };
  let steepest = 0;
  let slope = Number.POSITIVE_INFINITY;
  for (let i = 0; i <= lowest; i++) {
    const change = slopeAround(points, i);
    if (change < slope) [steepest, slope] = [i, change];
  }
  return { points, steepest: points[steepest].learningRate, lowest: points[lowest].learningRate };
}

/**
 * How much losses differ from batch to batch, as a standard deviation, from second differences, in which a slope
 * cancels.
 */
function batchNoise(losses: readonly number[], lowest: number): number {
  // After the lowest loss comes the explosion. Before it, a lowest loss near the beginning leaves too few.
  const calm = losses.slice(0, Math.max(3, lowest + 1, Math.ceil(losses.length / 2)));
  const differences = calm.slice(2).map((loss, i) => Math.abs(loss - 2 * calm[i + 1] + calm[i]));
  const mean = differences.reduce((sum, each) => sum + each, 0) / differences.length;
  // The mean of |x| is √(2/π) deviations of x, and the variance of a second difference 6 times that of its terms.
  return (mean * Math.sqrt(Math.PI / 2)) / Math.sqrt(6);
}

/**
 * A Gaussian mean over neighbours: unlike a running mean, it does not lag behind. Beside each mean, its standard error
 * for values of deviation 1: larger at both ends, where there are fewer neighbours.
 */
function smooth(values: readonly number[], deviation: number): { means: number[]; errors: number[] } {
  const reach = Math.ceil(3 * deviation);
  const means: number[] = [];
  const errors: number[] = [];
  values.forEach((_, i) => {
    let sum = 0;
    let weights = 0;
    let squares = 0;
    for (let j = Math.max(0, i - reach); j <= Math.min(values.length - 1, i + reach); j++) {
      const weight = Math.exp(-(((j - i) / deviation) ** 2) / 2);
      sum += weight * values[j];
      weights += weight;
      squares += weight ** 2;
    }
    means.push(sum / weights);
    errors.push(Math.sqrt(squares) / weights);
  });
  return { means, errors };
}

/** A line's slope is trusted over so large a fraction of all steps: single batches are noisy. */
const WINDOW = 0.2;

/**
 * Slope of the loss per step, from a straight line through the steps around one. Rates rise by equal factors, so it is
 * a slope over their logarithm.
 */
function slopeAround(points: readonly RatePoint[], centre: number): number {
  const reach = Math.max(2, Math.round((WINDOW * points.length) / 2));
  const near = points.slice(Math.max(0, centre - reach), centre + reach + 1).map(({ loss }) => loss);
  const middle = (near.length - 1) / 2;
  const spread = near.reduce((sum, _, i) => sum + (i - middle) ** 2, 0);
  return near.reduce((sum, loss, i) => sum + (i - middle) * loss, 0) / spread;
}
