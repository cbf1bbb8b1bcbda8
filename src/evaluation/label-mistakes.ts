import { EVEN, isGiven } from './multi-label.ts';
import { checkPredictions, type Predictions } from './predictions.ts';

/** An image that was given a label that it lacks, or not given one that it has. */
export interface LabelMistake {
  /** Which image, as its position in the data set. */
  readonly index: number;
  /** The label, as an index into the class names. */
  readonly label: number;
  /** Whether the image has it. */
  readonly has: boolean;
  /** Its probability. */
  readonly probability: number;
}

/**
 * Of each image the wrong decision that a model was most sure of: the most surely wrong first, ties by the lower index.
 * How sure is told by the odds, beside those of the label's threshold.
 *
 * @param count how many at most
 * @throws HarrierError as `evaluatePredictions` does
 */
export function mostConfidentLabelMistakes(predictions: Predictions, count: number): LabelMistake[] {
  checkPredictions(predictions);
  const { probabilities, labels: images, tags, classNames, thresholds } = predictions;
  const surest = new Map<number, LabelMistake & { readonly distance: number }>();
  tags?.forEach((tag, i) => {
    const [index, label] = [Math.floor(i / classNames.length), i % classNames.length];
    const threshold = thresholds?.[label] ?? EVEN;
    const has = tag === 1;
    if (isGiven(predictions, index, label) === has) return;
    const distance = Math.abs(logOdds(probabilities[i]) - logOdds(threshold));
    if (distance <= (surest.get(index)?.distance ?? -1)) return;
    surest.set(index, { index, label, has, probability: probabilities[i], distance });
  });
  return Array.from({ length: images.length }, (_, index) => surest.get(index))
    .filter((mistake) => mistake !== undefined)
    .sort((a, b) => b.distance - a.distance || a.index - b.index)
    .slice(0, count)
    .map(({ distance: _, ...mistake }) => mistake);
}

function logOdds(probability: number): number {
  const within = Math.min(1 - 1e-7, Math.max(1e-7, probability));
  return Math.log(within / (1 - within));
}
