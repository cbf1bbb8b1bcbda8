import { PREDICTION_SETS_KEY } from '../../evaluation/index.ts';
import type { Model } from '../../onnx/index.ts';
import type { Reporter } from '../reporter.ts';

/** Says it where a model promised sets, and with its new views does not. */
export function noteLostSets(
  { metadata: before }: Pick<Model, 'metadata'>,
  { metadata: after }: Pick<Model, 'metadata'>,
  reporter: Reporter,
): void {
  if (!(PREDICTION_SETS_KEY in before) || PREDICTION_SETS_KEY in after) return;
  reporter.note(
    'Note: with these views, the export promises no prediction sets: those of the model were calibrated with others. Train with --tta to calibrate them.',
  );
}
