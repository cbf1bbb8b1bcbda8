import type { Evaluation } from 'harrier/src/evaluation/evaluate.ts';
import type { DatasetInfo, RunPredictions } from 'harrier/src/studio-server/api.ts';

/** What most sections of the view are made from. */
export interface SectionProps {
  readonly evaluation: Evaluation;
  /** The data set whose images can be shown, where it is here. */
  readonly facts: DatasetInfo | undefined;
  readonly predictions: RunPredictions | undefined;
}
