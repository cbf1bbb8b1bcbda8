import type { TestTimeAugmentation } from '../data/views.ts';
import type { AdaptiveEvaluation } from './adaptive-comparison.ts';
import { type Calibration, calibration } from './calibration.ts';
import { type Confusion, confusionMatrix, confusionPairs } from './confusion.ts';
import { crossEntropy } from './cross-entropy.ts';
import { accuracyInterval, type CrossValidationResult, rightOf } from './cross-validation.ts';
import { type HumanBaseline, humanBaseline } from './human-baseline.ts';
import { evaluateLabels, type MultiLabelEvaluation } from './multi-label.ts';
import { type ClassScores, classScores, type MacroScores, macroScores } from './per-class.ts';
import type { SetsEvaluation } from './prediction-sets.ts';
import { checkPredictions, type Predictions } from './predictions.ts';
import type { RejectionEvaluation } from './rejection.ts';
import type { TemperatureScaling } from './temperature.ts';
import { topKAccuracy } from './top-k.ts';

/** The evaluation of a model on labelled images, as `evaluation.json` stores it. */
export interface Evaluation {
  /** Images whose most probable class is the true one (of equal probabilities, the lowest index). */
  readonly correct: number;
  /** Number of images. */
  readonly total: number;
  /** correct / total. */
  readonly accuracy: number;
  /** Wilson score interval of the accuracy, 95%; where images come in groups, wider by as much as these are alike. */
  readonly interval95: readonly [number, number];
  /** Mean cross-entropy in nats, probabilities clipped as Keras does. */
  readonly loss: number;
  /** Pairs of classes taken for each other, most often first, ties in class order. */
  readonly confusions: readonly Confusion[];
  /** In class order. */
  readonly perClass: readonly ClassScores[];
  /** Plain means over the classes that have images. */
  readonly macro: MacroScores;
  /** Fraction of images whose class is among the five most probable. Only with ten classes or more. */
  readonly top5Accuracy?: number;
  /** How well the stated probabilities match the accuracy. */
  readonly calibration: Calibration;
  /** Views of each image that were averaged, where that is known. */
  readonly testTimeAugmentation?: TestTimeAugmentation;
  /** The largest probability, by one look, below which an image gets these views; absent where all images do. */
  readonly viewsBelow?: number;
  /** What views for these images alone gain and cost, where that was measured. */
  readonly adaptiveViews?: AdaptiveEvaluation;
  /** How the probabilities were made to mean what they say, where that is known. */
  readonly temperatureScaling?: TemperatureScaling;
  /** How the sets of classes that the model can promise keep their promise, where it has been calibrated for them. */
  readonly predictionSets?: SetsEvaluation;
  /** How the model tells images that show none of its classes, where it was asked to. */
  readonly rejection?: RejectionEvaluation;
  /** What the cross-validation of the run found, where it was one. */
  readonly crossValidation?: CrossValidationResult;
  /** How people do on the same classes, where that is known. */
  readonly humanBaseline?: HumanBaseline;
  /** Class names, in the order of the outputs. */
  readonly classNames: readonly string[];
  /** Where images have any number of labels. `correct` then counts images whose labels are all right. */
  readonly multiLabel?: MultiLabelEvaluation;
  /** Counts: row = true class, column = predicted class. Empty where images have any number of labels. */
  readonly matrix: readonly (readonly number[])[];
}

/** Below ten classes the five best are half of all, and say little. */
const TOP5_FROM_CLASSES = 10;

/**
 * Evaluates predictions against the true labels.
 *
 * @throws HarrierError `bad-shape` when the shapes do not fit, `bad-data` when a label is not a class or a number is
 *   not a probability
 */
export function evaluatePredictions(predictions: Predictions): Evaluation {
  checkPredictions(predictions);
  if (predictions.tags) return evaluateMultiLabel(predictions);
  const { classNames } = predictions;
  const matrix = confusionMatrix(predictions);
  const perClass = classScores(matrix, classNames);
  const people = humanBaseline(matrix, classNames);
  return {
    ...scored(predictions),
    confusions: confusionPairs(matrix, classNames),
    perClass,
    macro: macroScores(perClass),
    ...(classNames.length >= TOP5_FROM_CLASSES && { top5Accuracy: topKAccuracy(predictions, 5) }),
    calibration: calibration(predictions),
    ...(people && { humanBaseline: people }),
    classNames: [...classNames],
    matrix,
  };
}

/** Classes are not taken for each other where an image may have several: no pair is confused. */
function evaluateMultiLabel(predictions: Predictions): Evaluation {
  const multiLabel = evaluateLabels(predictions);
  return {
    ...scored(predictions),
    confusions: [],
    perClass: multiLabel.labels.map(({ threshold: _, averagePrecision: __, ...scores }) => scores),
    macro: macroScores(multiLabel.labels),
    calibration: calibration(predictions),
    multiLabel,
    classNames: [...predictions.classNames],
    matrix: [],
  };
}

function scored(predictions: Predictions) {
  const right = rightOf(predictions);
  const total = right.length;
  const correct = right.filter(Boolean).length;
  return {
    correct,
    total,
    accuracy: correct / total,
    interval95: accuracyInterval(right, predictions.groups),
    loss: crossEntropy(predictions),
  };
}
