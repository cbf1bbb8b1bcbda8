import { PREDICTION_SETS_KEY, readSetScores, setOf, setScoresOf, setThreshold } from './conformal.ts';
import { accuracyInterval } from './cross-validation.ts';
import { checkPredictions, type Predictions } from './predictions.ts';

/** Scores beyond this many are not kept: the promise holds with any number of calibration images. */
const MOST_SCORES = 5_000;

/** How sets are made from a model's probabilities. */
export interface SetOptions {
  /** The promised fraction of images whose class is in their set, between 0 and 1. */
  readonly coverage: number;
  /** Whether the promise holds for the images of each class, and not only for all together. Default false. */
  readonly perClass?: boolean;
}

/** What sets came to on labelled images that had no part in their making. */
export interface SetCoverage extends SetOptions {
  readonly images: number;
  /** The fraction of images whose class is in their set, and its 95% interval (Wilson). */
  readonly covered: number;
  readonly interval95: readonly [number, number];
  /** Mean number of classes in a set. */
  readonly meanSize: number;
  /** Images by the number of classes in their set: `sizes[0]` have one. */
  readonly sizes: readonly number[];
}

/**
 * Sets of classes that hold the right one as often as promised, whatever the model: split-conformal prediction.
 *
 * The score of a class is the probability of all classes that are more probable. A set holds every class whose score is
 * at most the quantile of the scores that the true classes of calibration images had: difficult images get large sets
 * (adaptive), and no set is empty, since the most probable class scores 0. Where more images are right than are
 * promised, sets of one class cover more than that.
 *
 * Y. Romano, M. Sesia, E. J. Candès, "Classification with Valid and Adaptive Coverage", NeurIPS 2020; by class: V. Vovk,
 * "Conditional validity of inductive conformal predictors", ACML 2012.
 */
export class PredictionSets {
  /** Of each class, the scores that its calibration images gave it, in ascending order. */
  readonly scores: readonly (readonly number[])[];
  readonly #all: readonly number[];

  constructor(scores: readonly (readonly number[])[]) {
    this.scores = scores.map(ascending);
    this.#all = ascending(scores.flat());
  }

  /**
   * Calibrates on images that the model was neither trained on nor will be evaluated on.
   * @throws HarrierError as `checkPredictions` does
   */
  static calibrate(predictions: Predictions): PredictionSets {
    checkPredictions(predictions);
    const { probabilities, labels, classNames } = predictions;
    const scores: number[][] = classNames.map(() => []);
    const count = Math.min(labels.length, MOST_SCORES);
    for (let i = 0; i < count; i++) {
      // Spread over all of them, which may be in the order of their classes.
      const image = Math.floor((i * labels.length) / count);
      const row = rowOf(probabilities, classNames.length, image);
      // Rounded up: what is stored promises no less.
      scores[labels[image]].push(Math.ceil(setScoresOf(row)[labels[image]] * 1e6) / 1e6);
    }
    return new PredictionSets(scores);
  }

  /**
   * As a model's metadata has them; undefined where it has none.
   * @throws HarrierError `bad-graph` when they cannot be read
   */
  static read(metadata: Readonly<Record<string, string>>, where = 'model'): PredictionSets | undefined {
    const scores = readSetScores(metadata, where);
    return scores && new PredictionSets(scores);
  }

  /** For a model's metadata. */
  get metadata(): Readonly<Record<string, string>> {
    return { [PREDICTION_SETS_KEY]: JSON.stringify({ scores: this.scores }) };
  }

  /** Calibration images. */
  get images(): number {
    return this.#all.length;
  }

  /** The largest coverage below 1 that so many calibration images can promise without naming every class. */
  get mostCoverage(): number {
    return this.images / (this.images + 1);
  }

  /** The same for sets that keep their promise for each class: by the class with the fewest calibration images. */
  get mostCoveragePerClass(): number {
    const fewest = Math.min(...this.scores.map(({ length }) => length));
    return fewest / (fewest + 1);
  }

  /**
   * The score that a class may have to be in a set; infinite where the calibration images are too few for the promise, so
   * that a set holds every class.
   *
   * @param label the class, where the promise is to hold for each
   * @throws HarrierError `bad-option` for a coverage that is no fraction between 0 and 1
   */
  threshold(coverage: number, label?: number): number {
    return setThreshold(label === undefined ? this.#all : this.scores[label], coverage);
  }

  /**
   * The classes of an image's set, the most probable first: never none.
   * @param probabilities of one image, `[classes]`
   */
  setOf(probabilities: ArrayLike<number>, { coverage, perClass = false }: SetOptions): number[] {
    const common = perClass ? 0 : this.threshold(coverage);
    return setOf(probabilities, (label) => (perClass ? this.threshold(coverage, label) : common));
  }

  /**
   * How the sets of labelled images keep their promise.
   * @param predictions of images that had no part in the calibration
   */
  coverageOf(predictions: Predictions, options: SetOptions): SetCoverage {
    checkPredictions(predictions);
    const { probabilities, labels, classNames } = predictions;
    const sizes = classNames.map(() => 0);
    const covered: boolean[] = [];
    for (let image = 0; image < labels.length; image++) {
      const set = this.setOf(rowOf(probabilities, classNames.length, image), options);
      sizes[set.length - 1]++;
      covered.push(set.includes(labels[image]));
    }
    const images = labels.length;
    return {
      ...options,
      images,
      covered: covered.filter(Boolean).length / images,
      interval95: accuracyInterval(covered, predictions.groups),
      meanSize: sizes.reduce((sum, count, i) => sum + count * (i + 1), 0) / images,
      sizes,
    };
  }
}

/** Coverages that an evaluation states. */
const COVERAGES = [0.9, 0.95, 0.99];

/** The sets of a model on labelled images. */
export interface SetsEvaluation {
  /** Images that they were calibrated on. */
  readonly calibrationImages: number;
  /** Of those coverages that so many images can promise. */
  readonly coverages: readonly SetCoverage[];
  /** The same where the promise holds for each class, of those coverages that every class's calibration images can promise. */
  readonly perClass?: readonly SetCoverage[];
}

/** How the sets of a model keep their promises, for the usual ones. */
export function coverageOfSets(sets: PredictionSets, predictions: Predictions): SetsEvaluation {
  const possible = COVERAGES.filter((coverage) => coverage <= sets.mostCoverage);
  const perClass = COVERAGES.filter((coverage) => coverage <= sets.mostCoveragePerClass);
  return {
    calibrationImages: sets.images,
    coverages: possible.map((coverage) => sets.coverageOf(predictions, { coverage })),
    ...(perClass.length > 0 && {
      perClass: perClass.map((coverage) => sets.coverageOf(predictions, { coverage, perClass: true })),
    }),
  };
}

function ascending(numbers: readonly number[]): number[] {
  return [...numbers].sort((a, b) => a - b);
}

function rowOf(probabilities: Float32Array, classes: number, image: number): Float32Array {
  return probabilities.subarray(image * classes, (image + 1) * classes);
}
