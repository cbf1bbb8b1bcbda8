import { formatCount, formatInterval, formatPercent } from '../format/format.ts';
import { evaluateLabels, isRightInAll } from './multi-label.ts';
import { type Predictions, predictedClass } from './predictions.ts';
import { type Spread, spreadOf } from './spread.ts';
import { wilsonInterval } from './wilson.ts';

/**
 * What a cross-validation found: each image evaluated once, by a model that was not trained on it. Of images with any
 * number of labels, those are right whose labels all are.
 */
export interface CrossValidationResult {
  readonly folds: number;
  readonly correct: number;
  readonly total: number;
  readonly accuracy: number;
  /** 95% interval of the accuracy; where images come in groups, wider by as much as these are alike. */
  readonly interval95: readonly [number, number];
  /** Accuracies of the folds. */
  readonly perFold: Spread & { readonly accuracies: readonly number[] };
  /** Of images with any number of labels: mAP of each fold that has labels, and its spread. */
  readonly meanAveragePrecision?: Spread & { readonly perFold: readonly number[] };
}

/** The result of a cross-validation from what its folds say of the images that they held out. */
export function crossValidationResult(folds: readonly Predictions[]): CrossValidationResult {
  const right = folds.map(rightOf);
  const all = right.flat();
  const correct = all.filter(Boolean).length;
  const precisions = folds.flatMap((fold) => (fold.tags && evaluateLabels(fold).meanAveragePrecision) ?? []);
  const accuracies = right.map((own) => own.filter(Boolean).length / own.length);
  return {
    folds: folds.length,
    correct,
    total: all.length,
    accuracy: correct / all.length,
    interval95: accuracyInterval(
      all,
      folds.every(({ groups }) => groups) ? folds.flatMap(({ groups }) => Array.from(groups!)) : undefined,
    ),
    perFold: { ...spreadOf(accuracies), accuracies },
    ...(precisions.length > 0 && { meanAveragePrecision: { ...spreadOf(precisions), perFold: precisions } }),
  };
}

/** Whether each image is given its class, or all labels that it has and no others. */
export function rightOf(predictions: Predictions): boolean[] {
  const { probabilities, labels, tags, classNames } = predictions;
  return Array.from(labels, (label, image) =>
    tags
      ? isRightInAll(predictions, image)
      : predictedClass(probabilities, classNames.length, image) === label,
  );
}

/** The 95% interval of a fraction of images that are right: of single ones, or of groups where they come in such. */
export function accuracyInterval(right: readonly boolean[], groups?: ArrayLike<number>): [number, number] {
  return groups ? groupedInterval(right, groups) : wilsonInterval(right.filter(Boolean).length, right.length);
}

/**
 * The Wilson interval of a fraction of images that come in groups: images of one group are alike, so they say less than
 * as many others. The number of images is divided by the design effect (Kish, "Survey Sampling", 1965), the variance of
 * the fraction between groups over that of single images. Where every image is right, or none is, a group counts as one,
 * as does the only group that there is.
 */
export function groupedInterval(right: readonly boolean[], groups: ArrayLike<number>): [number, number] {
  const total = right.length;
  const correct = right.filter(Boolean).length;
  const different = new Set(Array.from(right, (_, image) => groups[image])).size;
  if (different === 1 || correct === 0 || correct === total)
    return wilsonInterval((correct / total) * different, different);
  const effect = designEffect(right, groups);
  return wilsonInterval(correct / effect, total / effect);
}

/**
 * By how much the variance of a fraction is larger than that of as many single images, at least 1: images of one group are
 * alike. Some images must be right and others wrong, of two groups or more.
 */
export function designEffect(right: readonly boolean[], groups: ArrayLike<number>): number {
  const total = right.length;
  const fraction = right.filter(Boolean).length / total;
  const sums = new Map<number, number>();
  right.forEach((isRight, image) => {
    sums.set(groups[image], (sums.get(groups[image]) ?? 0) + Number(isRight) - fraction);
  });
  if (sums.size === total) return 1;
  const squares = [...sums.values()].reduce((sum, each) => sum + each ** 2, 0);
  const between = (squares * sums.size) / (sums.size - 1) / total ** 2;
  return Math.max(1, between / ((fraction * (1 - fraction)) / total));
}

/**
 * "5-fold cross-validation, each image by a model that had not seen it; accuracy by fold: mean 95.96% ± 1.93% (standard
 * deviation), lowest 93.67%, highest 98.75%." Where another evaluation stands above it, with its own result: "5-fold
 * cross-validation: 381 of 397 right: 95.97% (95% interval 93.55–97.50%), each …".
 */
export function crossValidationText(
  {
    folds,
    correct,
    total,
    accuracy,
    interval95,
    perFold,
    meanAveragePrecision: precision,
  }: CrossValidationResult,
  above: { readonly correct: number; readonly total: number },
): string {
  const isAbove = above.correct === correct && above.total === total;
  const right = precision ? 'right in every label' : 'right';
  const own = isAbove
    ? ''
    : `: ${formatCount(correct)} of ${formatCount(total)} ${right}: ${formatPercent(accuracy)} (95% interval ${formatInterval(interval95)})`;
  const { mean, standardDeviation, minimum, maximum } = precision ?? perFold;
  return (
    `${folds}-fold cross-validation${own}, each image by a model that had not seen it; ${precision ? 'mAP' : 'accuracy'} by fold: mean ` +
    `${formatPercent(mean)} ± ${formatPercent(standardDeviation ?? 0)} (standard deviation), lowest ` +
    `${formatPercent(minimum)}, highest ${formatPercent(maximum)}.`
  );
}
