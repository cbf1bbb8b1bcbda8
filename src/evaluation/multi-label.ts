import { type ClassScores, classScoresOf, type MacroScores } from './per-class.ts';
import type { Predictions } from './predictions.ts';
import { classRankings } from './ranking.ts';

/** How well one label is found. */
export interface LabelScores extends ClassScores {
  /** The probability from which an image counts as having the label. */
  readonly threshold: number;
  /** Area under the precision–recall curve, which no threshold changes; absent without images that have the label. */
  readonly averagePrecision?: number;
}

/** The evaluation of a model that gives images any number of labels, under scikit-learn's names. */
export interface MultiLabelEvaluation {
  /** Plain mean of the average precisions of the labels that some image has; absent without any. */
  readonly meanAveragePrecision?: number;
  /** Over all decisions on a label of an image: each counts alike. */
  readonly micro: MacroScores;
  /** Fraction of these decisions that is wrong. */
  readonly hammingLoss: number;
  /** In class order. */
  readonly labels: readonly LabelScores[];
  /** Held-out images that the thresholds were chosen on, where that is known. */
  readonly thresholdImages?: number;
}

/** The threshold of a label that nothing was chosen on. */
export const EVEN = 0.5;

/** Thresholds of one half for so many labels. */
export function evenThresholds(labels: number): number[] {
  return new Array<number>(labels).fill(EVEN);
}

/** Whether an image is given a label. */
export function isGiven(
  { probabilities, classNames, thresholds, given }: Predictions,
  image: number,
  label: number,
): boolean {
  const place = image * classNames.length + label;
  return given ? given[place] === 1 : probabilities[place] >= (thresholds?.[label] ?? EVEN);
}

/**
 * Evaluates the labels that a model gives images from its thresholds on, and the order in which its probabilities put
 * images.
 */
export function evaluateLabels(predictions: Predictions): MultiLabelEvaluation {
  const { labels: images, classNames, thresholds } = predictions;
  const tags = predictions.tags!;
  const rankings = classRankings(predictions);
  let [right, support, predicted, wrong] = [0, 0, 0, 0];
  const labels = classNames.map((name, label): LabelScores => {
    let [ownRight, ownSupport, ownPredicted] = [0, 0, 0];
    for (let image = 0; image < images.length; image++) {
      const has = tags[image * classNames.length + label] === 1;
      const given = isGiven(predictions, image, label);
      ownSupport += Number(has);
      ownPredicted += Number(given);
      ownRight += Number(has && given);
      wrong += Number(has !== given);
    }
    right += ownRight;
    support += ownSupport;
    predicted += ownPredicted;
    const { averagePrecision } = rankings[label];
    return {
      ...classScoresOf(name, ownRight, ownSupport, ownPredicted),
      threshold: thresholds?.[label] ?? EVEN,
      ...(averagePrecision !== undefined && { averagePrecision }),
    };
  });
  const known = labels.flatMap(({ averagePrecision }) => averagePrecision ?? []);
  const { precision, recall, f1 } = classScoresOf('', right, support, predicted);
  return {
    ...(known.length > 0 && {
      meanAveragePrecision: known.reduce((sum, each) => sum + each, 0) / known.length,
    }),
    micro: { precision, recall, f1 },
    hammingLoss: wrong / (images.length * classNames.length),
    labels,
  };
}

/** Whether an image is given the labels that it has, and no others. */
export function isRightInAll(predictions: Predictions, image: number): boolean {
  const { tags, classNames } = predictions;
  return classNames.every(
    (_, label) => isGiven(predictions, image, label) === (tags![image * classNames.length + label] === 1),
  );
}

/**
 * The thresholds with the highest F1 of each label, halfway between the two probabilities that they separate. A label
 * that no image has, or that no threshold finds, gets one half.
 *
 * @param predictions for images that the model was not fitted on, and will not be evaluated on
 */
export function bestThresholds(predictions: Predictions): number[] {
  return classRankings(predictions).map(({ support, curve }) => {
    let best = { f1: 0, threshold: EVEN };
    curve.forEach(({ threshold, precision, recall }, i) => {
      const f1 = support === 0 || recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
      if (f1 <= best.f1) return;
      best = { f1, threshold: (threshold + (curve.at(i + 1)?.threshold ?? 0)) / 2 };
    });
    return best.threshold;
  });
}
