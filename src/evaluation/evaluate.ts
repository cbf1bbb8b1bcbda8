import type { TestTimeAugmentation } from '../data/views.ts';
import { type Calibration, calibration } from './calibration.ts';
import { type Confusion, confusionMatrix, confusionPairs } from './confusion.ts';
import { type ClassScores, classScores, type MacroScores, macroScores } from './per-class.ts';
import { checkPredictions, type Predictions } from './predictions.ts';
import { topKAccuracy } from './top-k.ts';
import { wilsonInterval } from './wilson.ts';

/** Everything that is known about how good a model is; `evaluation.json` holds it as it stands. */
export interface Evaluation {
  /** Images whose most probable class is the true one (of equal probabilities, the lowest index). */
  readonly correct: number;
  readonly total: number;
  /** correct / total. */
  readonly accuracy: number;
  /** Wilson score interval of the accuracy, 95%. */
  readonly interval95: readonly [number, number];
  /** Mean cross-entropy in nats, probabilities clipped as Keras does. */
  readonly loss: number;
  /** Pairs of classes taken for each other, most often first, ties in class order. */
  readonly confusions: readonly Confusion[];
  /** In class order. */
  readonly perClass: readonly ClassScores[];
  readonly macro: MacroScores;
  /** Share of images whose class is among the five most probable. Only with ten classes or more. */
  readonly top5Accuracy?: number;
  readonly calibration: Calibration;
  /** Views of each picture that were averaged, where that is known. */
  readonly testTimeAugmentation?: TestTimeAugmentation;
  readonly classNames: readonly string[];
  /** Counts: row = true class, column = predicted class. */
  readonly matrix: readonly (readonly number[])[];
}

/** Below ten classes the five best are half of all, and say little. */
const TOP5_FROM_CLASSES = 10;

/**
 * Judges predictions against the truth.
 *
 * @throws HarrierError when the shapes do not fit, a label is no class, or a number is no probability
 */
export function evaluatePredictions(predictions: Predictions): Evaluation {
  checkPredictions(predictions);
  const { labels, classNames } = predictions;
  const total = labels.length;
  const matrix = confusionMatrix(predictions);
  const correct = matrix.reduce((sum, row, c) => sum + row[c], 0);
  const perClass = classScores(matrix, classNames);
  return {
    correct,
    total,
    accuracy: correct / total,
    interval95: wilsonInterval(correct, total),
    loss: crossEntropy(predictions),
    confusions: confusionPairs(matrix, classNames),
    perClass,
    macro: macroScores(perClass),
    ...(classNames.length >= TOP5_FROM_CLASSES && { top5Accuracy: topKAccuracy(predictions, 5) }),
    calibration: calibration(predictions),
    classNames: [...classNames],
    matrix,
  };
}

/** Keras's `backend.epsilon()`: keeps the loss finite when the true class got probability 0. */
const KERAS_EPSILON = 1e-7;

/** Mean over the images of -ln p(true class), with p clipped to [1e-7, 1 - 1e-7] as in Keras. */
function crossEntropy({ probabilities, labels, classNames }: Predictions): number {
  const classes = classNames.length;
  let sum = 0;
  for (let image = 0; image < labels.length; image++) {
    const probability = probabilities[image * classes + labels[image]];
    sum -= Math.log(Math.min(1 - KERAS_EPSILON, Math.max(KERAS_EPSILON, probability)));
  }
  return sum / labels.length;
}
