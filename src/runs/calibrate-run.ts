import type { OnProgress } from '../data/progress.ts';
import {
  beforeAndAfter,
  fitTemperature,
  type TemperatureScaling,
  withTemperature,
} from '../evaluation/index.ts';
import type { Model } from '../onnx/index.ts';
import { predictionsOf } from './predictions-of.ts';
import type { PreparedRun } from './prepare-run.ts';

/**
 * Fits the temperature of a trained model on the validation images of its run, or says why not.
 *
 * @param model without a temperature, with the views that it will have
 */
export async function calibrateRun(
  { options, runtime, validation }: Pick<PreparedRun, 'options' | 'runtime' | 'validation'>,
  model: Model,
  onProgress?: OnProgress,
): Promise<TemperatureScaling> {
  if (options.calibrate === false) return { temperature: 1, reason: 'it was turned off with --no-calibrate' };
  if (!validation) {
    return {
      temperature: 1,
      reason:
        'no images were set aside for validation (--validation-split), and the test images choose nothing',
    };
  }
  const predictions = await predictionsOf(runtime, model, validation, 'calibrating', onProgress);
  const fitted = fitTemperature(predictions);
  if ('reason' in fitted) return { temperature: 1, ...fitted };
  const { temperature } = fitted;
  return { temperature, validation: beforeAndAfter(withTemperature(predictions, temperature), temperature) };
}
