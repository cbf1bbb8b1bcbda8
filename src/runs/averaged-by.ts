import type { RunOptions } from './run-record.ts';

/** How many models of other runs a run averages; undefined where it has trained its own. */
export function averagedBy({ folds, seeds }: Pick<RunOptions, 'folds' | 'seeds'>): number | undefined {
  return folds?.ensemble && folds.held === undefined ? folds.count : seeds?.length;
}
