/** Expected counts of a category, at least: fewer are taken together (W. Cochran, Biometrics 10, 1954). */
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
 * without correction. Categories that are too rare for it are taken together, those first that are frequent in the first
 * lot, until they are frequent enough.
 *
 * @param first counts by category
 * @param second counts of the same categories
 * @returns undefined where there is nothing to compare: an empty lot, or one category that is frequent enough
 */
export function chiSquaredTest(
  first: readonly number[],
  second: readonly number[],
): ChiSquaredTest | undefined {
  const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);
  const totals = [sum(first), sum(second)];
  const all = totals[0] + totals[1];
  if (totals[0] === 0 || totals[1] === 0) return undefined;
  const isFrequent = ([a, b]: Pair) => ((a + b) * Math.min(...totals)) / all >= LEAST_EXPECTED;
  const categories = pooled(
    first.map((count, i): Pair => [count, second[i]]),
    isFrequent,
  );
  if (categories.length < 2) return undefined;
  let statistic = 0;
  for (const own of categories) {
    own.forEach((count, lot) => {
      const expected = ((own[0] + own[1]) * totals[lot]) / all;
      statistic += (count - expected) ** 2 / expected;
    });
  }
  const degreesOfFreedom = categories.length - 1;
  return { statistic, degreesOfFreedom, pValue: chiSquaredTail(statistic, degreesOfFreedom) };
}

/** How often chance makes a statistic that is distributed as chi-squared at least so large. */
export function chiSquaredTail(statistic: number, degreesOfFreedom: number): number {
  return upperGamma(degreesOfFreedom / 2, statistic / 2);
}

/** Counts of a category in both lots. */
type Pair = readonly [number, number];

/** Categories of which each is frequent; none where all together are not. */
function pooled(pairs: readonly Pair[], isFrequent: (pair: Pair) => boolean): Pair[] {
  const result = pairs.filter(isFrequent);
  let open: Pair = [0, 0];
  for (const [a, b] of pairs.filter((pair) => !isFrequent(pair)).toSorted(([a], [b]) => b - a)) {
    open = [open[0] + a, open[1] + b];
    if (!isFrequent(open)) continue;
    result.push(open);
    open = [0, 0];
  }
  if (open[0] + open[1] === 0 || result.length === 0) return result;
  // What is left goes to the rarest of the others.
  const sizes = result.map(([a, b]) => a + b);
  const rarest = sizes.indexOf(Math.min(...sizes));
  return result.map(([a, b], i) => (i === rarest ? [a + open[0], b + open[1]] : [a, b]));
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
