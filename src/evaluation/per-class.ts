/** How well one class is recognised. All three scores lie within 0–1. */
export interface ClassScores {
  /** Name of the class. */
  readonly class: string;
  /** Images that truly are of this class. */
  readonly support: number;
  /** Images that were predicted to be of this class. */
  readonly predicted: number;
  /** Of the images predicted to be of this class, the fraction that is. */
  readonly precision: number;
  /** Of the images of this class, the fraction that was recognised. */
  readonly recall: number;
  /** Harmonic mean of precision and recall. */
  readonly f1: number;
}

/** Plain means over the classes that have images: every class has the same weight. */
export interface MacroScores {
  /** Mean precision. */
  readonly precision: number;
  /** Mean recall. */
  readonly recall: number;
  /** Mean F1. */
  readonly f1: number;
}

/**
 * Precision, recall and F1 of every class. A score whose denominator is zero (a class with no images, or
 * one that is never predicted) is 0, as with scikit-learn's `zero_division=0`.
 *
 * @param matrix rows are true classes, columns predicted ones
 */
export function classScores(
  matrix: readonly (readonly number[])[],
  classNames: readonly string[],
): ClassScores[] {
  return classNames.map((name, c) => {
    const right = matrix[c][c];
    const support = matrix[c].reduce((sum, count) => sum + count, 0);
    const predicted = matrix.reduce((sum, row) => sum + row[c], 0);
    return classScoresOf(name, right, support, predicted);
  });
}

/** The scores of one class from counts of images: rightly predicted to be of it, of it, and predicted to be of it. */
export function classScoresOf(name: string, right: number, support: number, predicted: number): ClassScores {
  return {
    class: name,
    support,
    predicted,
    precision: ratio(right, predicted),
    recall: ratio(right, support),
    // 2PR / (P + R), written in counts so that it is exact and never 0/0 when only one of them is 0.
    f1: ratio(2 * right, support + predicted),
  };
}

/** Means over the classes that have images: of the others nothing is known. */
export function macroScores(scores: readonly ClassScores[]): MacroScores {
  const known = scores.filter(isKnown);
  const mean = (of: (score: ClassScores) => number) =>
    ratio(
      known.reduce((sum, score) => sum + of(score), 0),
      known.length,
    );
  return { precision: mean((s) => s.precision), recall: mean((s) => s.recall), f1: mean((s) => s.f1) };
}

/** Whether there are images of a class, by which it is known how well it is recognised. */
export function isKnown({ support }: Pick<ClassScores, 'support'>): boolean {
  return support > 0;
}

/** Which classes the means are of, where not of all; for people. */
export function meansNote(scores: readonly ClassScores[]): string | undefined {
  const known = scores.filter(isKnown).length;
  if (known === scores.length) return undefined;
  return `Means are of the ${known} of ${scores.length} classes that have images.`;
}

/** The weakest first; classes without images last. */
export function weakestFirst<T extends ClassScores>(scores: readonly T[]): T[] {
  return [...scores].sort((a, b) => Number(!isKnown(a)) - Number(!isKnown(b)) || a.f1 - b.f1);
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
