/** Whether two models that evaluated the same images differ by more than luck. */
export interface McNemar {
  /** Images that only the first got right. */
  readonly onlyFirst: number;
  /** Images that only the second got right. */
  readonly onlySecond: number;
  /** Two-sided: how often two equally good models would differ at least so much. */
  readonly p: number;
}

/**
 * McNemar's test in its exact form: of the images on which two models differ, each model should win about half if they
 * are equally good (Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
 * percentages", Psychometrika 12, 1947; T. G. Dietterich recommends it for classifiers, Neural Computation 10, 1998).
 *
 * @param first whether the first model got each image right
 * @param second the same of the second, in the same order
 */
export function mcnemar(first: readonly boolean[], second: readonly boolean[]): McNemar {
  let onlyFirst = 0;
  let onlySecond = 0;
  first.forEach((right, image) => {
    if (right && !second[image]) onlyFirst++;
    if (!right && second[image]) onlySecond++;
  });
  return { onlyFirst, onlySecond, p: signTest(Math.min(onlyFirst, onlySecond), onlyFirst + onlySecond) };
}

/** Twice the probability of at most `few` heads in `total` tosses of a fair coin, 1 at most. */
function signTest(few: number, total: number): number {
  if (2 * few >= total) return 1;
  // Logarithms, since 2^-total is 0 in floating point beyond a thousand tosses.
  let logTerm = -total * Math.LN2;
  let sum = Math.exp(logTerm);
  for (let k = 1; k <= few; k++) {
    logTerm += Math.log((total - k + 1) / k);
    sum += Math.exp(logTerm);
  }
  return Math.min(1, 2 * sum);
}
