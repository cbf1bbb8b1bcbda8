import { expect, it } from 'vitest';
import { calibrationAdvice } from './calibration-advice.ts';
import { evaluatePredictions } from './evaluate.ts';
import { CROSS_VALIDATED, NO_VALIDATION, type TemperatureScaling } from './temperature.ts';

/** Answers for 200 images of two classes, all with the same confidence, of which so many are right. */
function evaluation(confidence: number, right: number) {
  const labels = Uint8Array.from({ length: 200 }, (_, image) => (image < right ? 0 : 1));
  const probabilities = Float32Array.from({ length: 400 }, (_, i) =>
    i % 2 === 0 ? confidence : 1 - confidence,
  );
  return evaluatePredictions({ probabilities, labels, classNames: ['cat', 'dog'] });
}

it('says how far confidence is from accuracy, why, and what to do', () => {
  const advice = (reason: string) => {
    const temperatureScaling: TemperatureScaling = { temperature: 1, reason };
    return calibrationAdvice({ ...evaluation(0.58, 196), temperatureScaling });
  };
  const figures = 'the accuracy is 98.0% and the mean confidence 58.0%.';
  expect(advice(NO_VALIDATION)).toBe(
    `Not calibrated: ${figures} No temperature was fitted: no validation images were set aside ` +
      '(--validation-split), and test images are not used for this. To calibrate the model, train with validation ' +
      'images, such as --validation-split 0.1.',
  );
  // Validation images would not help.
  expect(advice('calibration was turned off with --no-calibrate')).toBe(
    `Not calibrated: ${figures} No temperature was fitted: calibration was turned off with --no-calibrate.`,
  );
  expect(advice(CROSS_VALIDATED)).toBe(`The probabilities do not fit these images: ${figures}`);
  // Too sure of itself; a model file that says nothing of a temperature.
  expect(calibrationAdvice(evaluation(0.99, 150))).toContain(
    'the accuracy is 75.0% and the mean confidence 99.0%. To',
  );
});

it('is silent when a temperature was fitted, or the two are near each other', () => {
  const temperatureScaling = { temperature: 1.4 };
  expect(calibrationAdvice({ ...evaluation(0.58, 196), temperatureScaling })).toBeUndefined();
  expect(calibrationAdvice(evaluation(0.9, 196))).toBeUndefined();
});

it('is silent when too few images were evaluated to tell', () => {
  const few = evaluatePredictions({
    probabilities: Float32Array.from([0.6, 0.4, 0.6, 0.4]),
    labels: Uint8Array.from([0, 0]),
    classNames: ['cat', 'dog'],
  });
  expect(few.accuracy).toBe(1);
  expect(calibrationAdvice(few)).toBeUndefined();
});
