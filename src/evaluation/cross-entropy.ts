import type { Predictions } from './predictions.ts';

/** Keras's `backend.epsilon()`: keeps the loss finite when the true class got probability 0. */
const KERAS_EPSILON = 1e-7;

/**
 * Mean over the images of -ln p(true class), with p clipped to [1e-7, 1 - 1e-7] as in Keras. Of several labels, the sum
 * over the labels of -ln p for those that an image has, and of -ln (1 - p) for the others.
 */
export function crossEntropy({ probabilities, labels, tags, classNames }: Predictions): number {
  if (tags) {
    const sum = tags.reduce(
      (total, tag, i) => total - clippedLog(tag === 1 ? probabilities[i] : 1 - probabilities[i]),
      0,
    );
    return sum / labels.length;
  }
  const classes = classNames.length;
  let sum = 0;
  for (let image = 0; image < labels.length; image++) {
    const probability = probabilities[image * classes + labels[image]];
    sum -= clippedLog(probability);
  }
  return sum / labels.length;
}

function clippedLog(probability: number): number {
  return Math.log(Math.min(1 - KERAS_EPSILON, Math.max(KERAS_EPSILON, probability)));
}
