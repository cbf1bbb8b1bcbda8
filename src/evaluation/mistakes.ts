import { checkPredictions, type Predictions, predictedClass } from './predictions.ts';

/** An image whose most probable class is not the true one. */
export interface Mistake {
  /** Which image, as its position in the data set. */
  readonly index: number;
  /** The true class, as an index into the class names. */
  readonly label: number;
  /** The class that was predicted instead. */
  readonly predicted: number;
  /** Probability of the predicted class. */
  readonly probability: number;
  /** Probability of the true class. */
  readonly labelProbability: number;
}

/**
 * The mistakes a model was most sure of: highest probability first, ties by the lower index.
 *
 * @param count how many at most
 * @throws HarrierError as `evaluatePredictions` does
 */
export function mostConfidentMistakes(predictions: Predictions, count: number): Mistake[] {
  checkPredictions(predictions);
  const { probabilities, labels, classNames } = predictions;
  const classes = classNames.length;
  const mistakes: Mistake[] = [];
  for (let index = 0; index < labels.length; index++) {
    const label = labels[index];
    const predicted = predictedClass(probabilities, classes, index);
    if (predicted === label) continue;
    const start = index * classes;
    mistakes.push({
      index,
      label,
      predicted,
      probability: probabilities[start + predicted],
      labelProbability: probabilities[start + label],
    });
  }
  return mistakes.sort((a, b) => b.probability - a.probability || a.index - b.index).slice(0, count);
}
