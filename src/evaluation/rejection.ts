import { UNKNOWN_FROM } from '../data/unknown.ts';
import { formatInterval, formatNumber, formatPercent, formatQuantity } from '../format/format.ts';
import { accuracyInterval } from './cross-validation.ts';
import type { Predictions } from './predictions.ts';
import { areaUnderRoc } from './ranking.ts';
import { wilsonInterval } from './wilson.ts';

/** The fraction of known images that is kept where two measures are compared. */
const KEPT = 0.95;

/** How a measure tells unknown images from known ones. */
export interface Separation {
  /** Area under the ROC curve: how often an unknown image is more foreign than a known one. */
  readonly auroc: number;
  /** Fraction of the unknown images that is taken for known where 95% of the known ones are kept. */
  readonly acceptedAt95: number;
}

/** What a model does with images that show none of its classes. */
export interface UnknownEvaluation {
  readonly images: number;
  /** Fraction that the model takes for one of its classes, and its 95% interval (Wilson). */
  readonly accepted?: number;
  readonly interval95?: readonly [number, number];
  /** The model's own measure. */
  readonly own?: Separation;
  /** For comparison: the largest probability alone (Hendrycks and Gimpel, ICLR 2017). */
  readonly maximumSoftmax: Separation;
}

/** How a model tells images that show none of its classes. */
export interface RejectionEvaluation {
  /** Fraction of known images that was to be kept. */
  readonly keep?: number;
  /** Held-out images that set the threshold. */
  readonly heldOutImages?: number;
  /** Known images that it was evaluated on. */
  readonly images: number;
  /** Fraction of them that is kept: not called unknown. Its 95% interval (Wilson). */
  readonly kept?: number;
  readonly interval95?: readonly [number, number];
  /** Images that show none of the classes, where they were given. */
  readonly unknown?: UnknownEvaluation;
}

/** Of images that show none of the classes. */
export interface UnknownPredictions extends Pick<Predictions, 'probabilities' | 'unknown'> {}

/**
 * How a model tells unknown images.
 *
 * @param known what it says of images of its classes
 * @param unknown what it says of other images, if there are any
 */
export function evaluateRejection(
  known: Predictions,
  about: Pick<RejectionEvaluation, 'keep' | 'heldOutImages'> = {},
  unknown?: UnknownPredictions,
): RejectionEvaluation {
  const images = known.labels.length;
  const isKept = known.unknown && Array.from(known.unknown, (score) => score <= UNKNOWN_FROM);
  return {
    ...about,
    images,
    ...(isKept && {
      kept: isKept.filter(Boolean).length / images,
      interval95: accuracyInterval(isKept, known.groups),
    }),
    ...(unknown && { unknown: evaluateUnknown(known, unknown) }),
  };
}

function evaluateUnknown(known: Predictions, unknown: UnknownPredictions): UnknownEvaluation {
  const classes = known.classNames.length;
  const images = unknown.probabilities.length / classes;
  const accepted = unknown.unknown && countBelow(unknown.unknown);
  const doubt = ({ probabilities }: Pick<Predictions, 'probabilities'>) =>
    Float32Array.from(
      { length: probabilities.length / classes },
      (_, image) => 1 - Math.max(...probabilities.subarray(image * classes, (image + 1) * classes)),
    );
  return {
    images,
    ...(accepted !== undefined && {
      accepted: accepted / images,
      interval95: wilsonInterval(accepted, images),
    }),
    ...(known.unknown && unknown.unknown && { own: separationOf(known.unknown, unknown.unknown) }),
    maximumSoftmax: separationOf(doubt(known), doubt(unknown)),
  };
}

function countBelow(scores: Float32Array): number {
  return scores.filter((score) => score <= UNKNOWN_FROM).length;
}

/** How scores tell unknown images, which should have the higher ones, from known ones. */
export function separationOf(known: ArrayLike<number>, unknown: ArrayLike<number>): Separation {
  const kept = Float64Array.from(known).sort();
  const threshold = kept[Math.min(kept.length, Math.ceil(KEPT * kept.length)) - 1];
  const accepted = Array.from(unknown).filter((score) => score <= threshold).length;
  return { auroc: areaUnderRoc(known, unknown), acceptedAt95: accepted / unknown.length };
}

/** The evaluation as lines of text: none where there is nothing to say. */
export function rejectionLines({ rejection }: { readonly rejection?: RejectionEvaluation }): string[] {
  if (!rejection) return [];
  const { keep, kept, interval95, images, unknown } = rejection;
  const lines: string[] = [];
  if (kept !== undefined) {
    const aim = keep === undefined ? '' : `, for ${formatNumber(100 * keep)}%`;
    lines.push(
      `None of these: ${formatPercent(kept)} of ${formatQuantity(images, 'known image')} are kept (${formatInterval(interval95!)})${aim}.`,
    );
    if (keep !== undefined && interval95![1] < keep) {
      lines.push(
        '  Fewer than promised: these images differ more from the training images than those do from each other.',
      );
    }
  }
  if (!unknown) return lines;
  const { own, maximumSoftmax, accepted } = unknown;
  const words = ({ auroc, acceptedAt95 }: Separation) =>
    `AUROC ${auroc.toFixed(4)}, ${formatPercent(acceptedAt95)} accepted where 95% of the known are kept`;
  const what = formatQuantity(unknown.images, 'unknown image');
  lines.push(
    accepted === undefined
      ? `Unknown: ${what}. This model was not trained with --reject: it names a class for each.`
      : `Unknown: ${formatPercent(accepted)} of ${what} are taken for a class (${formatInterval(unknown.interval95!)}).`,
  );
  if (own) lines.push(`  by the model: ${words(own)}`);
  lines.push(`  by the largest probability alone: ${words(maximumSoftmax)}`);
  return lines;
}
