import { type Predictions, predictedClass } from './predictions.ts';

/** Images whose predicted class got a probability within (from, to]. */
export interface CalibrationBin {
  /** Lower end of the bin: a probability. */
  readonly from: number;
  /** Upper end of the bin. */
  readonly to: number;
  /** Images whose predicted probability is in the bin. */
  readonly count: number;
  /** Fraction of them that is right; null in an empty bin. */
  readonly accuracy: number | null;
  /** Mean probability of their predicted class; null in an empty bin. */
  readonly confidence: number | null;
}

/** How well the stated probabilities match the accuracy. */
export interface Calibration {
  /**
   * Mean distance between stated probability and fraction right, over the bins, weighted by their images.
   * 0 is perfect.
   */
  readonly expectedCalibrationError: number;
  /** Bins of equal width, from 0 to 1. */
  readonly bins: readonly CalibrationBin[];
}

/**
 * Compares how sure a model says it is with how often it is right.
 *
 * C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural Networks", ICML 2017,
 * section 2; their 15 bins.
 */
export function calibration(predictions: Predictions, binCount = 15): Calibration {
  const { probabilities, labels, tags, classNames } = predictions;
  const classes = classNames.length;
  const counts = new Array<number>(binCount).fill(0);
  const rights = new Array<number>(binCount).fill(0);
  const confidences = new Array<number>(binCount).fill(0);
  const count = (confidence: number, isRight: boolean): void => {
    const bin = Math.min(binCount - 1, Math.max(0, Math.ceil(confidence * binCount) - 1));
    counts[bin]++;
    confidences[bin] += confidence;
    if (isRight) rights[bin]++;
  };
  // Of several labels, each probability says how often images have the label.
  tags?.forEach((tag, i) => {
    count(probabilities[i], tag === 1);
  });
  for (let image = 0; image < labels.length && !tags; image++) {
    const predicted = predictedClass(probabilities, classes, image);
    count(probabilities[image * classes + predicted], predicted === labels[image]);
  }
  const decisions = tags?.length ?? labels.length;
  let error = 0;
  const bins = counts.map((count, bin): CalibrationBin => {
    const range = { from: bin / binCount, to: (bin + 1) / binCount, count };
    if (count === 0) return { ...range, accuracy: null, confidence: null };
    error += Math.abs(rights[bin] - confidences[bin]) / decisions;
    return { ...range, accuracy: rights[bin] / count, confidence: confidences[bin] / count };
  });
  return { expectedCalibrationError: error, bins };
}
