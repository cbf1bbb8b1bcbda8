import type { RunSummary } from 'harrier/src/studio-server/api.ts';

/** What the model in the package was trained on. */
const SHIPPED = { id: /^shipped-/, dataset: 'cifar10' };

/** Images to look for alike ones in: those that the model was trained on, where they are here, or others. */
export interface AlikeIn {
  readonly dataset: string;
  readonly isTrainedOn: boolean;
}

/**
 * Where alike images are looked for.
 *
 * @param model its id: a run's, or the shipped one's; undefined for a file
 * @param datasets ids of those that are here
 * @returns undefined where there are none
 */
export function alikeIn(
  model: string | undefined,
  runs: readonly RunSummary[],
  datasets: readonly string[],
): AlikeIn | undefined {
  const own =
    runs.find(({ id }) => id === model)?.dataset ??
    (model !== undefined && SHIPPED.id.test(model) ? SHIPPED.dataset : undefined);
  if (own !== undefined && datasets.includes(own)) return { dataset: own, isTrainedOn: true };
  return datasets.length === 0 ? undefined : { dataset: datasets[0], isTrainedOn: false };
}
