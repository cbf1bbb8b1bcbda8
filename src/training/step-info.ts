import type { StepProgress } from './fit-options.ts';

/** How far a training is, for those who watch. Means are over the images seen so far in the epoch. */
export interface StepInfo {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** From 1, within the epoch. */
  readonly step: number;
  readonly steps: number;
  readonly imagesPerSecond: number;
  /** For the whole run. */
  readonly etaSeconds: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly learningRate: number;
}

/** Rate and time left, from what `fit` tells after a step. */
export function stepInfo({ images, seconds, imagesLeft, ...progress }: StepProgress): StepInfo {
  const { epoch, epochs, step, steps, loss, accuracy, learningRate } = progress;
  const imagesPerSecond = images / Math.max(seconds, 1e-3);
  const etaSeconds = imagesLeft / imagesPerSecond;
  return { epoch, epochs, step, steps, imagesPerSecond, etaSeconds, loss, accuracy, learningRate };
}
