import { accuracyInterval } from 'harrier/src/evaluation/cross-validation.ts';
import { wilsonInterval } from 'harrier/src/evaluation/wilson.ts';
import type { ImageEntry, RunPredictions } from 'harrier/src/studio-server/api.ts';
import { labelOf } from '../../images/entries.ts';

/** What a run's answers are worth by labels that were corrected since. */
export interface EvaluatedAgain {
  /** Test images whose label or place has changed since the run was evaluated. */
  readonly changed: number;
  readonly correct: number;
  readonly total: number;
  readonly interval95: readonly [number, number];
}

/** Evaluates the answers of a run by the labels that count now; images that are left out are skipped. */
export function evaluateAgain(
  { index, label, own = label, predicted, group }: RunPredictions,
  corrected: ReadonlyMap<number, ImageEntry>,
): EvaluatedAgain {
  let changed = 0;
  const right: boolean[] = [];
  const groups: number[] = [];
  for (const [image, place] of index.entries()) {
    const entry = corrected.get(place);
    const now = entry ? labelOf(entry) : own[image];
    const isOut = entry?.mark?.excluded === true;
    changed += Number(isOut || now !== label[image]);
    if (isOut) continue;
    right.push(predicted[image] === now);
    if (group) groups.push(group[image]);
  }
  const total = right.length;
  const interval95 = total === 0 ? wilsonInterval(0, 1) : accuracyInterval(right, group && groups);
  return { changed, correct: right.filter(Boolean).length, total, interval95 };
}
