import type { ClassWeight } from '../data/class-weight.ts';
import { classWeights } from '../data/class-weight.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Sampling } from '../data/epoch-order.ts';
import { classCounts } from '../data/statistics.ts';
import { imagesOfEach } from '../data/tags.ts';
import type { EpochRecord } from '../evaluation/index.ts';
import type { LossOptions } from '../losses/index.ts';

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
  train: Pick<Dataset, 'name' | 'size' | 'labels' | 'tags' | 'classNames'>,
  {
    sampling,
    classWeight,
    loss: { name, labelSmoothing = 0 } = {},
  }: { sampling?: Sampling; classWeight?: ClassWeight; loss?: LossOptions } = {},
): ConstantAnswer {
  if (train.tags) return constantLabels(train, train.tags, name, labelSmoothing);
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

/** The same for images with any number of labels; of the asymmetric loss the least is not known, so none is too high. */
function constantLabels(
  { size, labels, classNames }: Pick<Dataset, 'size' | 'labels' | 'classNames'>,
  tags: Uint8Array,
  name: LossOptions['name'],
  labelSmoothing: number,
): ConstantAnswer {
  const classes = classNames.length;
  const frequencies = Array.from(imagesOfEach({ labels, tags, classNames }), (count) => count / size);
  const entropy = frequencies.reduce((sum, frequency) => {
    const p = (1 - labelSmoothing) * frequency + labelSmoothing / 2;
    return p > 0 && p < 1 ? sum - p * Math.log(p) - (1 - p) * Math.log(1 - p) : sum;
  }, 0);
  let same = 0;
  for (let image = 0; image < size; image++) {
    same += Number(frequencies.every((each, label) => each >= 0.5 === (tags[image * classes + label] === 1)));
  }
  const loss = name === 'asymmetric' ? Number.POSITIVE_INFINITY : entropy;
  return { loss, accuracy: same / size, images: size };
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
