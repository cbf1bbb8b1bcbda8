import { HarrierError } from '../errors.ts';

/** The 97.5% point of the standard normal distribution: two-sided 95%. */
const NORMAL_95 = 1.959963984540054;

/**
 * The Wilson score interval for a proportion: which true accuracies are plausible after seeing `successes`
 * of `trials`. Unlike the textbook "p ± 1.96 standard errors", it stays within 0–1 and keeps its
 * coverage when almost all, or almost no, trials succeed.
 *
 * E. B. Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", Journal of the
 * American Statistical Association 22 (1927), pages 209–212.
 *
 * @param successes how many trials succeeded, 0 … trials
 * @param trials how many there were, at least 1
 * @param deviations width in standard normal deviations; 1.96 (95%) when left out
 * @returns lower and upper bound, 0–1
 * @throws HarrierError `bad-data` when the counts are not counts
 */
export function wilsonInterval(successes: number, trials: number, deviations = NORMAL_95): [number, number] {
  if (!(trials >= 1) || !(successes >= 0) || successes > trials) {
    throw new HarrierError('bad-data', 'no interval exists for these counts', {
      expected: '0 ≤ successes ≤ trials and trials ≥ 1',
      received: `${successes} of ${trials}`,
    });
  }
  const fraction = successes / trials;
  const squared = deviations * deviations;
  const scale = 1 + squared / trials;
  const centre = (fraction + squared / (2 * trials)) / scale;
  const half =
    (deviations / scale) * Math.sqrt((fraction * (1 - fraction)) / trials + squared / (4 * trials * trials));
  // Exactly 0 and 1 at the ends, where rounding would leave something like 1e-17.
  const lower = successes === 0 ? 0 : Math.max(0, centre - half);
  const upper = successes === trials ? 1 : Math.min(1, centre + half);
  return [lower, upper];
}
