import type { ClassWeight } from '../data/class-weight.ts';
import { classWeights } from '../data/class-weight.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Sampling } from '../data/epoch-order.ts';
import { classCounts } from '../data/statistics.ts';
import type { EpochRecord } from '../evaluation/index.ts';
import type { CrossentropyOptions } from '../losses/index.ts';

/** How the best model does that gives one answer for every image: what training has to improve on. */
export interface ConstantAnswer {
  /** Training loss in nats. Without class weights and with equally frequent classes, the logarithm of their number. */
  readonly loss: number;
  /** Fraction of the training images in the most frequent class. */
  readonly accuracy: number;
  /** Training images in an epoch. */
  readonly images: number;
}

/**
 * The lowest training loss that probabilities can have which are the same for every image: those of the classes'
 * frequencies as the loss sees them, with sampling, class weights and label smoothing.
 */
export function constantAnswer(
  train: Pick<Dataset, 'name' | 'size' | 'labels' | 'classNames'>,
  {
    sampling,
    classWeight,
    loss: { labelSmoothing = 0 } = {},
  }: { sampling?: Sampling; classWeight?: ClassWeight; loss?: CrossentropyOptions } = {},
): ConstantAnswer {
  const counts = [...classCounts(train)];
  const there = counts.filter((count) => count > 0).length;
  const frequencies = counts.map((count) =>
    sampling === 'balanced' ? Number(count > 0) / there : count / train.size,
  );
  const weights = classWeights(train, classWeight);
  const weighted = frequencies.map((frequency, c) => frequency * weights[c]);
  const total = weighted.reduce((sum, each) => sum + each, 0);
  const loss = weighted.reduce((sum, each) => {
    const probability = (1 - labelSmoothing) * (each / total) + labelSmoothing / counts.length;
    return probability > 0 ? sum - total * probability * Math.log(probability) : sum;
  }, 0);
  return { loss, accuracy: Math.max(...frequencies), images: train.size };
}

/** A loss that is lower by less than this fraction is no progress. */
const HAIR = 0.01;
/** An accuracy within so many standard errors is chance. */
const STANDARD_ERRORS = 3;
/** Steps before anything is said: all of these, and then either so many or so large a part of the run. */
const [FEWEST_STEPS, ENOUGH_STEPS, ENOUGH_OF_THE_RUN] = [10, 100, 0.2];

/**
 * Whether an epoch shows no progress at all: its loss is no lower than that of a constant answer, and its accuracy
 * no higher than chance explains. Both are required, because the loss may be high for a while when a run begins well.
 *
 * @param steps optimizer steps that the run has taken, and will have taken at its end
 */
export function isNotLearning(
  { loss, accuracy }: Pick<EpochRecord, 'loss' | 'accuracy'>,
  constant: ConstantAnswer,
  steps: { readonly taken: number; readonly inRun: number },
): boolean {
  if (steps.taken < FEWEST_STEPS) return false;
  if (steps.taken < ENOUGH_STEPS && steps.taken < ENOUGH_OF_THE_RUN * steps.inRun) return false;
  const error = Math.sqrt((constant.accuracy * (1 - constant.accuracy)) / constant.images);
  return loss >= (1 - HAIR) * constant.loss && accuracy <= constant.accuracy + STANDARD_ERRORS * error;
}
