import type { SweptData } from './folder.ts';
import type { TrialOptions } from './options.ts';

/** What a sweep asks of the processes that train its trials. */
export interface TrialCalls {
  /**
   * Trains the run in `folder`, beginning or resuming, until so many epochs are done.
   *
   * @param trial goes into the record of a run that begins
   * @param data the images that it must have, where the sweep says
   * @param onProgress takes the epochs done, with the fraction of the one under way
   * @returns whether it was stopped before
   */
  train(
    folder: string,
    given: TrialOptions,
    until: number,
    trial: string,
    data: SweptData | undefined,
    onProgress: (epochs: number) => void,
  ): Promise<boolean>;
  /** Saves the trial under way and stops it. */
  stop(): void;
}
