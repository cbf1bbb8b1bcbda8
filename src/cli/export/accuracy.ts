import type { OnProgress } from '../../data/progress.ts';
import { type Evaluation, evaluatePredictions, isGiven, type Predictions } from '../../evaluation/index.ts';
import { formatCount, formatInterval, formatPercent, formatQuantity } from '../../format/format.ts';
import { predictionsOf } from '../../runs/predictions-of.ts';
import type { Runtime } from '../../runtime/index.ts';
import type { EvaluationImages } from './images.ts';

/** How good a model is before and after, on the same images. */
export interface ExportAccuracy {
  /** What it was evaluated on; of a run's test images, the label says so. */
  readonly data: string;
  readonly images: number;
  readonly before: number;
  readonly after: number;
  /** Of the accuracy after, 95%. */
  readonly interval95: readonly [number, number];
  /** Images that only the model before names rightly, and those that only the other does. */
  readonly lost: number;
  readonly gained: number;
}

/** Evaluates two forms of a model on the same images. */
export async function compareAccuracy(
  runtime: Runtime,
  [before, after]: readonly [Uint8Array, Uint8Array],
  { dataset, label }: EvaluationImages,
  onProgress: OnProgress,
): Promise<ExportAccuracy> {
  const evaluated = async (
    model: Uint8Array,
    what: string,
  ): Promise<{ evaluation: Evaluation; right: boolean[] }> => {
    const predictions = await predictionsOf(runtime, model, dataset, what, onProgress);
    const classes = predictions.classNames.length;
    const right = Array.from(predictions.labels, (truth, i) => {
      const row = predictions.probabilities.subarray(i * classes, (i + 1) * classes);
      if (predictions.tags) return row.every((_, label) => isRight(predictions, i, label));
      return row.indexOf(Math.max(...row)) === truth;
    });
    return { evaluation: evaluatePredictions(predictions), right };
  };
  const first = await evaluated(before, 'evaluating the model');
  const isSame = Buffer.compare(before, after) === 0;
  const second = isSame ? first : await evaluated(after, 'evaluating the export');
  const only = (a: readonly boolean[], b: readonly boolean[]) => a.filter((is, i) => is && !b[i]).length;
  return {
    data: label,
    images: dataset.size,
    before: first.evaluation.accuracy,
    after: second.evaluation.accuracy,
    interval95: second.evaluation.interval95,
    lost: only(first.right, second.right),
    gained: only(second.right, first.right),
  };
}

/** `94.04% before, 93.98% now (−0.06 points)`. */
export function accuracyText({ before, after }: ExportAccuracy): string {
  const points = (after - before) * 100;
  const change = `${points < 0 ? '−' : '+'}${Math.abs(points).toFixed(2)} points`;
  return `${formatPercent(before)} before, ${formatPercent(after)} now (${change})`;
}

/** `93.50–94.43% (95%); 12 images lost, 6 gained`. */
export function intervalText({ interval95, lost, gained }: ExportAccuracy): string {
  return `${formatInterval(interval95)} (95%); ${formatQuantity(lost, 'image')} lost, ${formatCount(gained)} gained`;
}

/** Whether an image is rightly given a label, or rightly not. */
function isRight(predictions: Predictions, image: number, label: number): boolean {
  const place = image * predictions.classNames.length + label;
  return isGiven(predictions, image, label) === (predictions.tags![place] === 1);
}
