import { type Predictions, predictedClass } from './predictions.ts';

/** Two classes that were taken for each other, in either direction. */
export interface Confusion {
  /** In class order. */
  readonly classes: readonly [string, string];
  /** Mistakes in both directions together. */
  readonly count: number;
  /** Images of the first class that were taken for the second. */
  readonly firstAsSecond: number;
  /** Images of the second class that were taken for the first. */
  readonly secondAsFirst: number;
}

/** Counts images by class. Row: the true class; column: the predicted one. */
export function confusionMatrix({ probabilities, labels, classNames }: Predictions): number[][] {
  const classes = classNames.length;
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let image = 0; image < labels.length; image++) {
    matrix[labels[image]][predictedClass(probabilities, classes, image)]++;
  }
  return matrix;
}

/**
 * Every pair of classes that was confused at least once: most often first, ties in class order.
 *
 * @param matrix rows are true classes, columns predicted ones
 */
export function confusionPairs(
  matrix: readonly (readonly number[])[],
  classNames: readonly string[],
): Confusion[] {
  const pairs: Confusion[] = [];
  for (let first = 0; first < classNames.length; first++) {
    for (let second = first + 1; second < classNames.length; second++) {
      const firstAsSecond = matrix[first][second];
      const secondAsFirst = matrix[second][first];
      const count = firstAsSecond + secondAsFirst;
      if (count === 0) continue;
      pairs.push({ classes: [classNames[first], classNames[second]], count, firstAsSecond, secondAsFirst });
    }
  }
  // Array.prototype.sort is stable, so equal counts keep class order.
  return pairs.sort((a, b) => b.count - a.count);
}
