/** Expected counts from which a category counts by itself. */
const LEAST_EXPECTED = 5;

/** Whether two lots of counts can be draws from the same categories. */
export interface ChiSquaredTest {
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  /** How often counts of the same origin differ at least so much. */
  readonly pValue: number;
}

/**
 * Pearson's chi-squared test of homogeneity (K. Pearson, Philosophical Magazine 50, 1900), as `chi2_contingency` of SciPy
 * without correction. Categories that are too rare for it count as one.
 *
 * @param first counts by category
 * @param second counts of the same categories
 * @returns undefined where there is nothing to compare: an empty lot, or one category
 */
export function chiSquaredTest(
  first: readonly number[],
  second: readonly number[],
): ChiSquaredTest | undefined {
  const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);
  const totals = [sum(first), sum(second)];
  const all = totals[0] + totals[1];
  if (totals[0] === 0 || totals[1] === 0) return undefined;
  const frequent: [number, number][] = [];
  const rare: [number, number] = [0, 0];
  first.forEach((count, i) => {
    const own: [number, number] = [count, second[i]];
    const expected = ((own[0] + own[1]) * Math.min(...totals)) / all;
    if (expected >= LEAST_EXPECTED) {
      frequent.push(own);
      return;
    }
    rare[0] += own[0];
    rare[1] += own[1];
  });
  const categories = rare[0] + rare[1] > 0 ? [...frequent, rare] : frequent;
  if (categories.length < 2) return undefined;
  let statistic = 0;
  for (const own of categories) {
    own.forEach((count, lot) => {
      const expected = ((own[0] + own[1]) * totals[lot]) / all;
      statistic += (count - expected) ** 2 / expected;
    });
  }
  const degreesOfFreedom = categories.length - 1;
  return { statistic, degreesOfFreedom, pValue: upperGamma(degreesOfFreedom / 2, statistic / 2) };
}

/**
 * The regularised upper incomplete gamma function Q(a, x): by its series (Abramowitz and Stegun, 6.5.29) below a + 1, by
 * its continued fraction (6.5.31) above.
 */
function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; term > sum * 1e-15; n++) {
      term *= x / (a + n);
      sum += term;
    }
    return 1 - scale * sum;
  }
  // From the tail up: as many terms as the fraction needs.
  let fraction = 0;
  for (let n = 300; n >= 1; n--) fraction = (n * (n - a)) / (x + 2 * n + 1 - a - fraction);
  return scale / (x + 1 - a - fraction);
}

/** ln Γ(a) of a half or whole number: of 1/2 or 1 and upwards by Γ(a + 1) = a Γ(a). */
function logGamma(a: number): number {
  let result = a % 1 === 0 ? 0 : Math.log(Math.PI) / 2;
  for (let at = a % 1 === 0 ? 1 : 0.5; at < a; at++) result += Math.log(at);
  return result;
}
