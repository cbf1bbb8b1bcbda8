/** How people do on the classes that a model is evaluated on, beside the model. */
export interface HumanBaseline {
  /** Fraction of single answers that were correct. */
  readonly accuracy: number;
  /** Fraction of images about which most of those asked were right. */
  readonly majorityAccuracy: number;
  /** What people mix up most, most often first. */
  readonly confusions: readonly HumanConfusion[];
  /** Where the figures of people come from. */
  readonly source: string;
}

/** How often people, and a model, take images of one class for another. */
export interface HumanConfusion {
  readonly trueClass: string;
  readonly takenFor: string;
  /** Fraction of the answers for images of the true class. */
  readonly people: number;
  /** Fraction of the images of the true class; null where there were none. */
  readonly model: number | null;
}

const CIFAR10 = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];

/** CIFAR-10H: 511,000 answers for the 10,000 test images of CIFAR-10. */
const CIFAR10H = {
  accuracy: 0.9524,
  majorityAccuracy: 0.9921,
  confusions: [
    ['deer', 'horse', 0.043],
    ['cat', 'dog', 0.042],
    ['dog', 'cat', 0.034],
  ],
  source:
    'CIFAR-10H: J. C. Peterson, R. M. Battleday, T. L. Griffiths, O. Russakovsky, "Human uncertainty makes classification more robust", ICCV 2019',
} as const;

/**
 * What is known of people for these classes: for the ten of CIFAR-10, in their order; for others nothing.
 *
 * @param matrix of the model: rows are true classes, columns predicted ones
 */
export function humanBaseline(
  matrix: readonly (readonly number[])[],
  classNames: readonly string[],
): HumanBaseline | undefined {
  if (classNames.length !== CIFAR10.length || classNames.some((name, i) => name !== CIFAR10[i]))
    return undefined;
  const confusions = CIFAR10H.confusions.map(([trueClass, takenFor, people]): HumanConfusion => {
    const row = matrix[CIFAR10.indexOf(trueClass)];
    const images = row.reduce((sum, count) => sum + count, 0);
    const model = images === 0 ? null : row[CIFAR10.indexOf(takenFor)] / images;
    return { trueClass, takenFor, people, model };
  });
  return { ...CIFAR10H, confusions };
}
