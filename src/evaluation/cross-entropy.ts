import type { Predictions } from './predictions.ts';

/** Keras's `backend.epsilon()`: keeps the loss finite when the true class got probability 0. */
const KERAS_EPSILON = 1e-7;

/** Mean over the images of -ln p(true class), with p clipped to [1e-7, 1 - 1e-7] as in Keras. */
export function crossEntropy({ probabilities, labels, classNames }: Predictions): number {
  const classes = classNames.length;
  let sum = 0;
  for (let image = 0; image < labels.length; image++) {
    const probability = probabilities[image * classes + labels[image]];
    sum -= Math.log(Math.min(1 - KERAS_EPSILON, Math.max(KERAS_EPSILON, probability)));
  }
  return sum / labels.length;
}
