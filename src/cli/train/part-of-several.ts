import type { TrainOptions } from '../../platform/node/runs/new-run.ts';

/**
 * The options of one run of several (seeds, folds): those that it is begun or resumed with, and what the user may say
 * anew for all of them.
 *
 * @param typed what the user has typed now
 * @param moved where the data is now, if it has moved
 */
export function partOfSeveral(
  own: TrainOptions,
  typed: TrainOptions,
  moved: Partial<TrainOptions>,
  part: Pick<TrainOptions, 'partOf' | 'words'>,
): TrainOptions {
  return {
    ...own,
    ...moved,
    threads: typed.threads ?? own.threads,
    device: typed.device ?? own.device,
    logTo: typed.logTo ?? own.logTo,
    checkpointSeconds: typed.checkpointSeconds ?? own.checkpointSeconds,
    ...part,
  };
}
