import type { Evaluation, History, Predictions } from '../evaluation/index.ts';
import type { FitResult, RunPosition } from '../training/index.ts';
import { checkpointsOf } from './checkpoints.ts';
import type { CrossValidated } from './cross-validated.ts';
import type { Ensemble } from './ensemble.ts';
import { type FinishOptions, finishRun } from './finish-run.ts';
import { fitHead, type HeadFit, warmedUp } from './fit-head.ts';
import { type FitHooks, fitRun } from './fit-run.ts';
import { isWarmedUp } from './head-memory.ts';
import type { PreparedRun } from './prepare-run.ts';
import type { RunPlatform } from './run-platform.ts';
import type { ComparedModels, RunRecord } from './run-record.ts';
import type { StoredRun } from './stored-run.ts';

/** Who is told about a run while it goes on. */
export interface RunHooks
  extends Pick<FitHooks, 'onStep' | 'onEpoch' | 'onProgress' | 'interrupted' | 'checkpointSeconds'> {
  /** Told what is missing of the checkpoints, where the run may then start over. Default: that is an error. */
  readonly onLost?: (sentence: string) => void;
  /** Of the last run of a cross-validation, what its folds have found. */
  readonly crossValidated?: CrossValidated;
  /** The models that it averages: nothing is then trained. */
  readonly ensemble?: Ensemble;
  /** Of a run that is to be kept only if it is better than a head: asked at its end for what that says of the validation images. */
  readonly rival?: () => Promise<Predictions>;
}

/** How a run ended, and what it came to. */
export type RunOutcome =
  | { readonly ended: 'interrupted'; readonly position: RunPosition }
  | {
      readonly ended: 'finished' | 'early';
      readonly record: RunRecord;
      readonly evaluation: Evaluation;
      /** What training came to: one record for each epoch, or the only one of a head. */
      readonly history: History;
      /** Finishes the run once more, where it was compared with another after its end and is kept. */
      readonly keep: (compared: ComparedModels) => Promise<FinishedOutcome>;
    };

/** The outcome of a run that was trained to its end. */
export type FinishedOutcome = Exclude<RunOutcome, { ended: 'interrupted' }>;

/**
 * Trains until the end, or until interrupted: from the last checkpoint that is kept where there is one, else from the
 * beginning. At the end the model is evaluated on the test images, once, and the results are written.
 *
 * @throws HarrierError `diverged`, `bad-checkpoint`, `storage`; checkpoints saved before stay as they are
 */
export async function trainRun(
  run: PreparedRun,
  record: RunRecord,
  stored: StoredRun,
  platform: RunPlatform,
  hooks: RunHooks = {},
): Promise<RunOutcome> {
  await stored.store.tidy();
  const { id } = record;
  const { onProgress, crossValidated, ensemble } = hooks;
  const finish = async (
    fit: FitResult | HeadFit,
    ended: FinishedOutcome['ended'] = 'finished',
    more: FinishOptions = {},
  ): Promise<FinishedOutcome> => ({
    ended,
    ...(await finishRun(run, record, stored, fit, platform, onProgress, {
      crossValidated,
      ensemble,
      ...more,
    })),
    history: fit.history,
    keep: (compared) => finish(fit, ended, { compared }),
  });
  if (ensemble) {
    await stored.writeRecord(record);
    return finish(ensemble.fit);
  }
  if (run.options.head) {
    await stored.writeRecord(record);
    return finish(await fitHead(run, stored, platform, onProgress));
  }
  const kept = await checkpointsOf(stored, id, platform.sha256, hooks.onLost);
  await stored.writeRecord(record);
  // Features of the layers before the head cost a part of an epoch, and the first steps are no longer lost on it.
  const begun = isWarmedUp(run) ? { ...run, firstWeights: () => warmedUp(run, platform, onProgress) } : run;
  const result = await fitRun(begun, { id, stored, kept }, platform, hooks);
  if (result.ended === 'interrupted') return { ended: 'interrupted', position: result.position };
  return finish(result, result.ended, { rival: await hooks.rival?.() });
}
