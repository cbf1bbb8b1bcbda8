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
 * Images that the model takes for another class, and is at least as sure of it as it usually is where the label says
 * that class: the surest beyond that first. Confident learning (C. G. Northcutt, L. Jiang, I. L. Chuang, "Confident
 * Learning: Estimating Uncertainty in Dataset Labels", JAIR 70, 2021) asks the same of all probabilities; here the
 * largest of each image is enough, and the usual certainty is that of images which it gets right, which is stricter.
 *
 * It finds candidates for a person to look at. Images that the model was trained on fit their labels, right or wrong:
 * ask about others.
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
