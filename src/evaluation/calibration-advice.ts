import { formatPercent } from '../format/format.ts';
import type { Evaluation } from './evaluate.ts';
import { CROSS_VALIDATED, NO_VALIDATION } from './temperature.ts';

/** From this distance on, mean confidence and accuracy are far apart. */
const FAR = 0.1;

/**
 * Advice for a model without a fitted temperature whose mean confidence (the probability of its answers) is far from
 * its accuracy, and outside the accuracy's 95% interval. Undefined for any other model.
 */
export function calibrationAdvice({
  calibration: { bins },
  accuracy,
  interval95: [low, high],
  total,
  multiLabel,
  temperatureScaling: { temperature, reason } = { temperature: 1 },
}: Pick<
  Evaluation,
  'calibration' | 'accuracy' | 'interval95' | 'total' | 'multiLabel' | 'temperatureScaling'
>): string | undefined {
  // Probabilities of labels say nothing of how often all of them are right.
  if (temperature !== 1 || multiLabel) return undefined;
  const confidence = bins.reduce((sum, bin) => sum + (bin.confidence ?? 0) * bin.count, 0) / total;
  const withinInterval = confidence >= low && confidence <= high;
  if (withinInterval || Math.abs(confidence - accuracy) <= FAR) return undefined;
  const both = `the accuracy is ${formatPercent(accuracy, 1)} and the mean confidence ${formatPercent(confidence, 1)}.`;
  if (reason === CROSS_VALIDATED) return `The probabilities do not fit these images: ${both}`;
  const why = reason === undefined ? '' : ` No temperature was fitted: ${reason}.`;
  const canHelp = reason === undefined || reason === NO_VALIDATION;
  const what = canHelp
    ? ' To calibrate the model, train with validation images, such as --validation-split 0.1.'
    : '';
  return `Not calibrated: ${both}${why}${what}`;
}
