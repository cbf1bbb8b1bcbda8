import { evaluatePredictions, type Predictions } from '../evaluation/index.ts';
import { formatCount, formatNumber, formatPercent } from '../format/format.ts';
import type { ComparedModels } from './run-record.ts';

/** Below this probability a true class counts as this probable: one image shall not decide alone. */
const LEAST = 1e-6;

/**
 * Which of two models is kept: the fine-tuned one where it is right about no fewer validation images, and its
 * cross-entropy is lower by more than one standard error of the differences between images. Otherwise the head, which
 * was fitted on all training images.
 *
 * @param head what the head says of the validation images
 * @param fineTuned what the fine-tuned model says of the same images in the same order
 */
export function compareModels(head: Predictions, fineTuned: Predictions): ComparedModels {
  const [before, after] = [head, fineTuned].map((each) => {
    const { accuracy, loss } = evaluatePredictions(each);
    return { accuracy, loss };
  });
  const [old, own] = [lossesOf(head), lossesOf(fineTuned)];
  const gains = old.map((loss, image) => loss - own[image]);
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
  const variance = gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0) / Math.max(1, gains.length - 1);
  const isBetter = after.accuracy >= before.accuracy && mean > Math.sqrt(variance / gains.length);
  return {
    images: head.labels.length,
    head: before,
    fineTuned: after,
    kept: isBetter ? 'fineTuned' : 'head',
  };
}

/** Cross-entropy of each image. */
function lossesOf({ probabilities, labels, tags, classNames }: Predictions): number[] {
  const classes = classNames.length;
  if (tags) {
    const ofLabel = (place: number) =>
      -Math.log(Math.max(LEAST, tags[place] ? probabilities[place] : 1 - probabilities[place]));
    return Array.from(labels, (_, image) =>
      classNames.reduce((sum, __, label) => sum + ofLabel(image * classes + label), 0),
    );
  }
  return Array.from(
    labels,
    (label, image) => -Math.log(Math.max(LEAST, probabilities[image * classes + label])),
  );
}

/** "all layers trained: 99.4% of 167 validation images right (loss 0.031); head alone: 95.2% (loss 0.151). Kept: …". */
export function comparedText({ images, head, fineTuned, kept }: ComparedModels): string {
  const score = ({ accuracy, loss }: ComparedModels['head'], of = '') =>
    `${formatPercent(accuracy)}${of} (loss ${formatNumber(loss, 3)})`;
  return (
    `head alone: ${score(head, ` of ${formatCount(images)} validation images right`)}; ` +
    `all layers trained: ${score(fineTuned)}. Kept: ${kept === 'head' ? 'the head' : 'all layers'}`
  );
}
