/** How surely a rank keeps its promise. */
const CONFIDENCE = 0.9;

/**
 * Which of `count` values in order, counted from 1, is a threshold that at least a fraction of new values of the same kind
 * stays below or on, with 90% confidence. The plain quantile would fall short of its fraction half of the time.
 *
 * S. S. Wilks, "Determination of Sample Sizes for Setting Tolerance Limits", Annals of Mathematical Statistics 12 (1941):
 * the fraction below the k-th of n values follows Beta(k, n + 1 − k), whatever the values' distribution.
 *
 * @param count at least 1
 * @param fraction between 0 and 1
 * @returns 1 … count: `count` where so few values allow no such confidence
 */
export function coverageRank(count: number, fraction: number): number {
  let logarithm = count * Math.log(fraction);
  let tail = Math.exp(logarithm);
  let rank = count;
  // P(Beta(k, n + 1 − k) < fraction) = P(Binomial(n, fraction) ≥ k), summed from the last rank down.
  while (rank > 1) {
    logarithm += Math.log((rank * (1 - fraction)) / ((count - rank + 1) * fraction));
    tail += Math.exp(logarithm);
    if (tail > 1 - CONFIDENCE) break;
    rank--;
  }
  return rank;
}
