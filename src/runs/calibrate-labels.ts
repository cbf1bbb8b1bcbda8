import type { Dataset } from '../data/dataset.ts';
import {
  beforeAndAfter,
  bestThresholds,
  fitTemperature,
  type Predictions,
  withTemperature,
} from '../evaluation/index.ts';
import type { RunCalibration } from './calibrate-run.ts';
import type { PreparedRun } from './prepare-run.ts';

/** The probabilities from which labels count, and the images that they were chosen on. */
export interface LabelThresholds {
  readonly thresholds: readonly number[];
  readonly images: number;
}

/** What held-out images say of a model that gives images any number of labels. */
export interface LabelCalibration extends Omit<RunCalibration, 'sets'> {
  /** Absent where no image was held out: one half then. */
  readonly chosen?: LabelThresholds;
}

/**
 * Fits the temperature of a trained model on the validation images of its run, or says why not, and chooses the threshold
 * of each label with the highest F1 on them.
 *
 * @param predict what the model says of images, without a temperature and with the views that it will have
 * @param heldOut what models say of the training images that they were not trained on: it stands in for validation images
 * @param isCalibrated whether that has set the scale of the model's scores already
 */
export async function calibrateLabels(
  { options, validation }: Pick<PreparedRun, 'options' | 'validation'>,
  predict: (images: Dataset) => Promise<Predictions>,
  { heldOut, isCalibrated = false }: { readonly heldOut?: Predictions; readonly isCalibrated?: boolean } = {},
): Promise<LabelCalibration> {
  if (!validation && !heldOut) {
    const reason =
      'no validation images were set aside (--validation-split), and test images are not used for this';
    return { scaling: { temperature: 1, reason } };
  }
  const predictions = validation ? await predict(validation) : heldOut!;
  const { scaling, calibrated } = scaled(
    predictions,
    options.calibrate !== false,
    !validation && isCalibrated,
  );
  return {
    scaling,
    chosen: chosenOn(calibrated),
    ...(validation && { validation: calibrated }),
  };
}

/** The thresholds that some images choose, which are not evaluated by them. */
export function chosenOn(predictions: Predictions): LabelThresholds {
  return { thresholds: bestThresholds(predictions), images: predictions.labels.length };
}

function scaled(predictions: Predictions, isWanted: boolean, isCalibrated: boolean) {
  const as = (reason: string) => ({ scaling: { temperature: 1, reason }, calibrated: predictions });
  if (!isWanted) return as('calibration was turned off with --no-calibrate');
  if (isCalibrated) return as('cross-validation of the training images has calibrated the last layer');
  const fitted = fitTemperature(predictions);
  if ('reason' in fitted) return as(fitted.reason);
  const { temperature } = fitted;
  const calibrated = withTemperature(predictions, temperature);
  return { scaling: { temperature, validation: beforeAndAfter(calibrated, temperature) }, calibrated };
}
