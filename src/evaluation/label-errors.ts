/** What a model said of labelled images: of image i, in three columns. */
export interface PredictionColumns {
  /** Index of the true class, as the data has it. */
  readonly label: ArrayLike<number>;
  /** Index of the most probable class. */
  readonly predicted: ArrayLike<number>;
  /** Of the predicted class, 0–1. */
  readonly probability: ArrayLike<number>;
}

/** An image whose label may be wrong. */
export interface LabelError {
  /** Which image, as its position in the data set. */
  readonly index: number;
  /** The class that the data gives. */
  readonly label: number;
  /** What it more likely is. */
  readonly predicted: number;
  /** Probability that the model gives the suggested class. */
  readonly probability: number;
  /** How sure the model usually is of that class where the label agrees. */
  readonly usual: number;
}

/**
 * Images whose label may be wrong: the model assigns them to another class, with at least its usual confidence in that
 * class. The largest excess comes first.
 *
 * Confident learning (C. G. Northcutt, L. Jiang, I. L. Chuang, "Confident Learning: Estimating Uncertainty in Dataset
 * Labels", JAIR 70, 2021) compares all probabilities of an image. Here only the largest counts, and the usual
 * confidence is that of correctly classified images, which is stricter.
 *
 * The result is a list of candidates for a person to check. Use images that the model was not trained on: it has
 * learned the labels of its training images, right or wrong.
 */
export function likelyLabelErrors({ label, predicted, probability }: PredictionColumns): LabelError[] {
  const sums = new Map<number, { total: number; count: number }>();
  for (let image = 0; image < label.length; image++) {
    if (label[image] !== predicted[image]) continue;
    const sum = sums.get(label[image]) ?? { total: 0, count: 0 };
    sum.total += probability[image];
    sum.count++;
    sums.set(label[image], sum);
  }
  const errors: LabelError[] = [];
  for (let index = 0; index < label.length; index++) {
    if (label[index] === predicted[index]) continue;
    // A class that it never gets right is none that it knows.
    const sum = sums.get(predicted[index]);
    if (!sum || probability[index] < sum.total / sum.count) continue;
    errors.push({
      index,
      label: label[index],
      predicted: predicted[index],
      probability: probability[index],
      usual: sum.total / sum.count,
    });
  }
  const beyond = ({ probability: sure, usual }: LabelError) => sure - usual;
  return errors.sort((a, b) => beyond(b) - beyond(a) || a.index - b.index);
}
