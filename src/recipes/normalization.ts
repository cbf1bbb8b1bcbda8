import type { Dataset } from '../data/dataset.ts';
import { channelStatistics } from '../data/statistics.ts';
import type { Normalization } from '../models/index.ts';

/** To mean 0 and deviation 1 over all training images; a channel that never changes keeps its scale. */
export function normalizationOf(train: Dataset): Normalization {
  const { mean, standardDeviation } = channelStatistics(train);
  const three = (values: readonly number[]) => [values[0], values[1], values[2]] as const;
  return { mean: three(mean), deviation: three(standardDeviation.map((value) => value || 255)) };
}
