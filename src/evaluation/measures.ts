import { formatPercent } from '../format/format.ts';
import type { Evaluation } from './evaluate.ts';

/** A number that an evaluation comes to. */
export interface Measure {
  /** For programs: `mean_average_precision`. */
  readonly id: string;
  /** For people: `mAP`. */
  readonly label: string;
  readonly value: number;
  readonly format: 'percent' | 'number';
}

/**
 * The numbers of an evaluation, the most important first: those that trackers, model cards and reports show. Of images
 * with any number of labels, `accuracy` is the fraction whose labels are all right.
 */
export function measuresOf({
  accuracy,
  loss,
  macro,
  top5Accuracy,
  calibration,
  multiLabel,
}: Evaluation): Measure[] {
  const percent = (id: string, label: string, value: number | undefined): Measure[] =>
    value === undefined ? [] : [{ id, label, value, format: 'percent' }];
  const number = (id: string, label: string, value: number | undefined): Measure[] =>
    value === undefined ? [] : [{ id, label, value, format: 'number' }];
  return [
    ...percent('mean_average_precision', 'mAP', multiLabel?.meanAveragePrecision),
    ...percent('micro_f1', 'Micro F1', multiLabel?.micro.f1),
    ...number('hamming_loss', 'Hamming loss', multiLabel?.hammingLoss),
    ...percent('accuracy', multiLabel ? 'Right in every label' : 'Accuracy', accuracy),
    ...number('loss', 'Loss', loss),
    ...percent('precision', 'Mean precision', macro.precision),
    ...percent('recall', 'Mean recall', macro.recall),
    ...percent('f1', 'Mean F1', macro.f1),
    ...percent('top5_accuracy', 'Top-5 accuracy', top5Accuracy),
    ...percent('calibration_error', 'Calibration error', calibration.expectedCalibrationError),
  ];
}

/** `92.31%`, or `0.2417`. */
export function measureText({ value, format }: Pick<Measure, 'value' | 'format'>): string {
  return format === 'percent' ? formatPercent(value) : value.toFixed(4);
}
