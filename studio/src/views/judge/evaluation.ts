import type { Evaluation } from 'harrier/src/evaluation/evaluate.ts';
import type { DatasetFacts, RunPredictions } from 'harrier/src/studio/api.ts';

/** What most sections of the view are made from. */
export interface SectionProps {
  readonly evaluation: Evaluation;
  /** The data set whose pictures can be shown, where it is here. */
  readonly facts: DatasetFacts | undefined;
  readonly predictions: RunPredictions | undefined;
}

/** Whole percent, but 0.9997 is not "100%". */
export function certainty(probability: number): string {
  if (probability < 0.995) return `${Math.round(100 * probability)}%`;
  return probability < 0.9995 ? `${(100 * probability).toFixed(1)}%` : '>99.9%';
}
