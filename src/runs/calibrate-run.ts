import type { OnProgress } from '../data/progress.ts';
import {
  beforeAndAfter,
  fitTemperature,
  PredictionSets,
  type TemperatureScaling,
  withTemperature,
} from '../evaluation/index.ts';
import type { Model } from '../onnx/index.ts';
import { predictionsOf } from './predictions-of.ts';
import type { PreparedRun } from './prepare-run.ts';

/** What the validation images say of a trained model. */
export interface RunCalibration {
  readonly scaling: TemperatureScaling;
  /** Absent without validation images. */
  readonly sets?: PredictionSets;
}

/**
 * Fits the temperature of a trained model on the validation images of its run, or says why not, and calibrates the sets
 * of classes that it can promise.
 *
 * @param model without a temperature, with the views that it will have
 */
export async function calibrateRun(
  { options, runtime, validation }: Pick<PreparedRun, 'options' | 'runtime' | 'validation'>,
  model: Model,
  onProgress?: OnProgress,
): Promise<RunCalibration> {
  if (options.calibrate === false) {
    return { scaling: { temperature: 1, reason: 'calibration was turned off with --no-calibrate' } };
  }
  if (!validation) {
    return {
      scaling: {
        temperature: 1,
        reason:
          'no validation images were set aside (--validation-split), and test images are not used for this',
      },
    };
  }
  const predictions = await predictionsOf(runtime, model, validation, 'calibrating', onProgress);
  const fitted = fitTemperature(predictions);
  if ('reason' in fitted) {
    return { scaling: { temperature: 1, ...fitted }, sets: PredictionSets.calibrate(predictions) };
  }
  const { temperature } = fitted;
  const calibrated = withTemperature(predictions, temperature);
  return {
    scaling: { temperature, validation: beforeAndAfter(calibrated, temperature) },
    sets: PredictionSets.calibrate(calibrated),
  };
}
