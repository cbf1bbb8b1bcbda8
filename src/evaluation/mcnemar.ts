import { HarrierError } from '../errors.ts';

/** Whether two models that evaluated the same images differ by more than luck. */
export interface McNemar {
  /** Images that only the first got right. */
  readonly onlyFirst: number;
  /** Images that only the second got right. */
  readonly onlySecond: number;
  /** Two-sided: how often two equally good models would differ at least so much. */
  readonly p: number;
  /** Where images come in groups: how many there are. */
  readonly groups?: number;
}

/**
 * McNemar's test in its exact form: of the images on which two models differ, each model should win about half if they
 * are equally good (Q. McNemar, "Note on the sampling error of the difference between correlated proportions or
 * percentages", Psychometrika 12, 1947; T. G. Dietterich recommends it for classifiers, Neural Computation 10, 1998).
 *
 * Images of one group are alike, so a model that wins one of them wins the others too. Where images come in groups, each
 * group is tossed as a whole: the exact sign-flip permutation test on the groups' differences (R. A. Fisher, "The Design of
 * Experiments", 1935). With groups of one image, that is McNemar's test.
 *
 * @param first whether the first model got each image right
 * @param second the same of the second, in the same order
 * @param groups images with the same number belong together
 * @throws HarrierError `bad-shape` for lists of different lengths
 */
export function mcnemar(
  first: readonly boolean[],
  second: readonly boolean[],
  groups?: ArrayLike<number>,
): McNemar {
  for (const [name, { length }] of Object.entries({ second, ...(groups && { groups }) })) {
    if (length === first.length) continue;
    throw new HarrierError('bad-shape', `${name} is not of the images of first`, {
      where: 'mcnemar',
      expected: `a list of ${first.length}`,
      received: `${length}`,
      next: 'Give all lists for the same images, in the same order.',
    });
  }
  let onlyFirst = 0;
  let onlySecond = 0;
  first.forEach((right, image) => {
    if (right && !second[image]) onlyFirst++;
    if (!right && second[image]) onlySecond++;
  });
  const won = new Map<number, number>();
  if (groups) {
    first.forEach((right, image) => {
      won.set(groups[image], (won.get(groups[image]) ?? 0) + Number(second[image]) - Number(right));
    });
    if (won.size < first.length) {
      return { onlyFirst, onlySecond, p: signFlipTest([...won.values()]), groups: won.size };
    }
  }
  return { onlyFirst, onlySecond, p: signTest(Math.min(onlyFirst, onlySecond), onlyFirst + onlySecond) };
}

/**
 * How often the sum of whole numbers, each with a sign by a fair coin, is at least as far from 0 as theirs: the
 * distribution of the sum, number by number.
 */
function signFlipTest(numbers: readonly number[]): number {
  const sizes = numbers.map(Math.abs).filter((size) => size > 0);
  const sum = Math.abs(numbers.reduce((a, b) => a + b, 0));
  // chances[k]: that the signs so far make -total + 2 · k.
  let chances = Float64Array.of(1);
  for (const size of sizes) {
    const next = new Float64Array(chances.length + size);
    for (let k = 0; k < chances.length; k++) {
      next[k] += chances[k] / 2;
      next[k + size] += chances[k] / 2;
    }
    chances = next;
  }
  const total = chances.length - 1;
  const p = chances.reduce((all, chance, k) => (Math.abs(2 * k - total) >= sum ? all + chance : all), 0);
  return Math.min(1, p);
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
