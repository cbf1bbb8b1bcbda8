import { calibration } from './calibration.ts';
import { crossEntropy } from './cross-entropy.ts';
import { checkPredictions, type Predictions, predictedClass } from './predictions.ts';
import { softmax } from './softmax.ts';

/** How well probabilities mean what they say. */
export interface CalibrationMeasures {
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  readonly expectedCalibrationError: number;
}

/** Calibration on some images before and after temperature scaling. */
export interface BeforeAndAfter {
  readonly images: number;
  readonly before: CalibrationMeasures;
  readonly after: CalibrationMeasures;
}

/** What temperature scaling did to a model. */
export interface TemperatureScaling {
  /** What logits are divided by before Softmax; 1 where nothing was fitted. */
  readonly temperature: number;
  /** Why nothing was fitted. */
  readonly reason?: string;
  /** On the images that it was fitted on. */
  readonly validation?: BeforeAndAfter;
  /** On the images that the model was evaluated on, which had no part in it. */
  readonly judged?: BeforeAndAfter;
}

/** Why a model without validation images has no temperature. */
export const NO_VALIDATION =
  'no validation images were set aside (--validation-split), and test images are not used for this';

/** Why a head that cross-validation has calibrated has none. */
export const CROSS_VALIDATED = 'cross-validation of the training images has calibrated the last layer';

/** Why no temperature is fitted to a model that averages others. */
export const AVERAGES_OTHERS = 'it averages models as they are, each with its own temperature';

/** A temperature, or the reason why none was fitted. */
export type FittedTemperature = { readonly temperature: number } | { readonly reason: string };

/** Hotter or colder than this, a model is broken rather than ill calibrated. */
const COLDEST = 0.1;
const HOTTEST = 10;

/**
 * Finds the temperature T with which softmax(logits / T) has the lowest cross-entropy on some images. It uses Newton's
 * method on 1/T, in which the cross-entropy is convex, kept within bounds by bisection, in float64. The most probable
 * class of each image does not change.
 *
 * A model becomes surer only as far as Laplace's rule of succession allows: as if one image more had been right, and one
 * more wrong. Images without a mistake, or with a single narrow one, ask for as much confidence as can be had.
 *
 * C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On Calibration of Modern Neural Networks", ICML 2017, section 4.2.
 *
 * @param predictions for images that the model was not trained on, and will not be evaluated on
 */
export function fitTemperature(predictions: Predictions): FittedTemperature {
  checkPredictions(predictions);
  const { labels, tags } = predictions;
  if (tags) return { temperature: labelTemperatureOf(labelLogits(predictions.probabilities), tags) };
  const classes = predictions.classNames.length;
  const mistake = Array.from(labels).some(
    (label, image) => predictedClass(predictions.probabilities, classes, image) !== label,
  );
  const logits = logarithms(predictions.probabilities);
  const doubt = 1 / (labels.length + 2);
  const surest = () => temperatureOf(logits, labels, classes, { doubt });
  if (!mistake) {
    const temperature = surest();
    if (temperature < 1) return { temperature };
    return {
      reason:
        'every validation image is classified correctly, so they do not show how confident the model may be',
    };
  }
  if (derivatives(logits, wantedLogits(logits, labels, classes), 0).slope >= 0) {
    return { reason: 'on the validation images its confidence is no better than none' };
  }
  const fitted = temperatureOf(logits, labels, classes);
  return { temperature: fitted < 1 ? Math.max(fitted, Math.min(1, surest())) : fitted };
}

/** Between which temperatures is searched, and what the labels are taken for. */
export interface TemperatureSearch {
  readonly coldest?: number;
  readonly hottest?: number;
  /** Fraction of every label that is spread over all classes: with it, images without a mistake ask for no infinity. */
  readonly labelSmoothing?: number;
  /** Fraction of every label that the most probable of the other classes gets: as if so many more were mistakes. */
  readonly doubt?: number;
}

/**
 * The temperature with which softmax(logits / T) has the least cross-entropy.
 * @param logits `[images, classes]`
 */
export function temperatureOf(
  logits: Float64Array,
  labels: ArrayLike<number>,
  classes: number,
  { coldest = COLDEST, hottest = HOTTEST, ...spread }: TemperatureSearch = {},
): number {
  const wanted = wantedLogits(logits, labels, classes, spread);
  const slopeAt = (inverse: number) => derivatives(logits, wanted, inverse).slope;
  // The slope grows with 1/T: the least cross-entropy is where it passes zero.
  let low = 1 / hottest;
  let high = 1 / coldest;
  if (slopeAt(low) >= 0) return hottest;
  if (slopeAt(high) <= 0) return coldest;
  let inverse = Math.min(high, Math.max(low, 1));
  for (let i = 0; i < 100; i++) {
    const { slope, curvature } = derivatives(logits, wanted, inverse);
    if (slope > 0) high = inverse;
    else low = inverse;
    const step = inverse - slope / curvature;
    const next = step > low && step < high ? step : (low + high) / 2;
    if (Math.abs(next - inverse) < 1e-9 * inverse) break;
    inverse = next;
  }
  return 1 / inverse;
}

/** The logit of each image's true class; of a label that is spread over several classes, the mean of theirs. */
function wantedLogits(
  logits: Float64Array,
  labels: ArrayLike<number>,
  classes: number,
  { labelSmoothing = 0, doubt = 0 }: Pick<TemperatureSearch, 'labelSmoothing' | 'doubt'> = {},
): Float64Array {
  return Float64Array.from(labels, (label, image) => {
    const row = logits.subarray(image * classes, (image + 1) * classes);
    const even = labelSmoothing === 0 ? 0 : row.reduce((sum, logit) => sum + logit, 0) / classes;
    const other =
      doubt === 0
        ? 0
        : row.reduce((most, logit, i) => (i === label ? most : Math.max(most, logit)), -Infinity);
    return (1 - labelSmoothing - doubt) * row[label] + labelSmoothing * even + doubt * other;
  });
}

/**
 * First and second derivative, by b = 1/T, of the mean over the images of ln Σ exp(b · z) − b · wanted logit: the mean of
 * the logits under softmax(b · z) less the wanted one, and their variance.
 */
function derivatives(logits: Float64Array, wanted: Float64Array, inverse: number) {
  const images = wanted.length;
  const classes = logits.length / images;
  let slope = 0;
  let curvature = 0;
  for (let image = 0; image < images; image++) {
    const row = logits.subarray(image * classes, (image + 1) * classes);
    const probabilities = softmax(row, inverse);
    let mean = 0;
    for (let c = 0; c < classes; c++) mean += probabilities[c] * row[c];
    let variance = 0;
    for (let c = 0; c < classes; c++) variance += probabilities[c] * (row[c] - mean) ** 2;
    slope += (mean - wanted[image]) / images;
    curvature += variance / images;
  }
  return { slope, curvature };
}

/**
 * The temperature with which σ(logits / T) has the least binary cross-entropy, by bisection of its slope, which rises with
 * 1/T. Labels are taken for as sure as Laplace's rule of succession allows: without a mistake they ask for no infinity.
 *
 * @param logits `[images, labels]`
 * @param tags 1 where an image has a label, of the same shape
 */
export function labelTemperatureOf(
  logits: Float64Array,
  tags: Uint8Array,
  { coldest = COLDEST, hottest = HOTTEST }: Omit<TemperatureSearch, 'labelSmoothing'> = {},
): number {
  const doubt = 1 / (tags.length + 2);
  const slopeAt = (inverse: number) =>
    logits.reduce((sum, logit, i) => {
      const wanted = tags[i] === 1 ? 1 - doubt : doubt;
      return sum + (1 / (1 + Math.exp(-inverse * logit)) - wanted) * logit;
    }, 0);
  let [low, high] = [1 / hottest, 1 / coldest];
  if (slopeAt(low) >= 0) return hottest;
  if (slopeAt(high) <= 0) return coldest;
  while (high - low > 1e-9 * high) {
    const middle = (low + high) / 2;
    if (slopeAt(middle) > 0) high = middle;
    else low = middle;
  }
  return 2 / (low + high);
}

/** Half the distance from 1 to the float32 below it: what is nearer was rounded to 1. */
const LEAST_BELOW_1 = 2 ** -25;

/** Logits of the probabilities of labels. */
function labelLogits(probabilities: Float32Array): Float64Array {
  return Float64Array.from(
    probabilities,
    (probability) =>
      Math.log(Math.max(LEAST, probability)) - Math.log(Math.max(LEAST_BELOW_1, 1 - probability)),
  );
}

/** The same predictions as from a model whose logits are divided by a (further) temperature. */
export function withTemperature(predictions: Predictions, temperature: number): Predictions {
  const classes = predictions.classNames.length;
  if (predictions.tags) {
    const cooled = labelLogits(predictions.probabilities).map(
      (logit) => 1 / (1 + Math.exp(-logit / temperature)),
    );
    return { ...predictions, probabilities: Float32Array.from(cooled) };
  }
  const logits = logarithms(predictions.probabilities);
  const probabilities = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    probabilities.set(softmax(logits.subarray(start, start + classes), 1 / temperature), start);
  }
  return { ...predictions, probabilities };
}

/** @param predictions of the model with its temperature */
export function beforeAndAfter(predictions: Predictions, temperature: number): BeforeAndAfter {
  return {
    images: predictions.labels.length,
    before: measures(withTemperature(predictions, 1 / temperature)),
    after: measures(predictions),
  };
}

function measures(predictions: Predictions): CalibrationMeasures {
  const { expectedCalibrationError } = calibration(predictions);
  return { loss: crossEntropy(predictions), expectedCalibrationError };
}

/** The least normal number of float32: what is less than that was rounded, perhaps to zero. */
const LEAST = 2 ** -126;

/** Logits of probabilities. Those of a model differ from them by a number for each image, which Softmax leaves out. */
function logarithms(probabilities: Float32Array): Float64Array {
  return Float64Array.from(probabilities, (probability) => Math.log(Math.max(LEAST, probability)));
}
