import type { Dataset } from '../data/dataset.ts';
import {
  beforeAndAfter,
  CROSS_VALIDATED,
  fitTemperature,
  NO_VALIDATION,
  PredictionSets,
  type Predictions,
  type TemperatureScaling,
  withTemperature,
} from '../evaluation/index.ts';
import type { PreparedRun } from './prepare-run.ts';

/** What the validation images say of a trained model. */
export interface RunCalibration {
  readonly scaling: TemperatureScaling;
  /** Absent without validation images. */
  readonly sets?: PredictionSets;
  /** What the model says of the validation images at its temperature, where that was asked. */
  readonly validation?: Predictions;
}

/**
 * Fits the temperature of a trained model on the validation images of its run, or says why not, and calibrates the sets
 * of classes that it can promise.
 *
 * @param predict what the model says of images, without a temperature and with the views that it will have
 * @param heldOut what models say of the training images that they were not trained on: it stands in for validation images
 * @param isCalibrated whether that has set the scale of the model's scores already
 */
export async function calibrateRun(
  { options, validation }: Pick<PreparedRun, 'options' | 'validation'>,
  predict: (images: Dataset) => Promise<Predictions>,
  { heldOut, isCalibrated = false }: { readonly heldOut?: Predictions; readonly isCalibrated?: boolean } = {},
): Promise<RunCalibration> {
  if (options.calibrate === false) {
    return { scaling: { temperature: 1, reason: 'calibration was turned off with --no-calibrate' } };
  }
  if (!validation && heldOut && isCalibrated) {
    return {
      scaling: {
        temperature: 1,
        reason: CROSS_VALIDATED,
      },
      sets: PredictionSets.calibrate(heldOut),
    };
  }
  if (!validation && !heldOut) {
    return {
      scaling: {
        temperature: 1,
        reason: NO_VALIDATION,
      },
    };
  }
  const predictions = validation ? await predict(validation) : heldOut!;
  const fitted = fitTemperature(predictions);
  if ('reason' in fitted) {
    return {
      scaling: { temperature: 1, ...fitted },
      sets: PredictionSets.calibrate(predictions),
      ...(validation && { validation: predictions }),
    };
  }
  const { temperature } = fitted;
  const calibrated = withTemperature(predictions, temperature);
  return {
    scaling: { temperature, validation: beforeAndAfter(calibrated, temperature) },
    sets: PredictionSets.calibrate(calibrated),
    ...(validation && { validation: calibrated }),
  };
}
