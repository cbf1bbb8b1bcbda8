import type { Dataset, EpochRecord } from 'harrier';
import { type OnnxModel, withStoredWeights } from 'harrier/graph';
import { fineTuningMethod, lightAugmentation, quick } from 'harrier/src/recipes/index.ts';
import { exportRun } from 'harrier/src/runs/export-run.ts';
import { type FitHooks, fitRun, type RunCheckpoints } from 'harrier/src/runs/fit-run.ts';
import { planRun } from 'harrier/src/runs/plan-run.ts';
import { runOptions } from 'harrier/src/runs/run-options.ts';
import type { RunPlatform } from 'harrier/src/runs/run-platform.ts';
import type { RunOptions } from 'harrier/src/runs/run-record.ts';
import type { StartingModel } from 'harrier/src/runs/starting-model.ts';
import { trainingImages } from 'harrier/src/runs/training-images.ts';
import type { WebRuntime } from 'harrier/web';

/**
 * What is trained: a head on the features of a pretrained network; of the model that comes with Harrier a new last layer
 * alone, or all of it; or a new small network.
 */
export type Way = 'features' | 'head' | 'all' | 'scratch';

/** What is to be learned, and how. The same lesson gives the same model, on the same machine. */
export interface Lesson {
  /** Every image with its class. */
  readonly dataset: Dataset;
  readonly way: Exclude<Way, 'features'>;
  /** What is fine-tuned; not for `scratch`. */
  readonly from?: StartingModel;
  /** Default: the number that suits the images. */
  readonly epochs?: number;
  /** Whether a mirror image shows the same class. */
  readonly mirrored: boolean;
  readonly seed: number;
}

/** Where a lesson is trained: its engine, what it tells, and where its checkpoints are kept. */
export interface LessonHooks extends FitHooks, Pick<RunPlatform, 'clock' | 'openBatches'> {
  readonly runtime: WebRuntime;
  readonly checkpoints: RunCheckpoints;
}

export interface Learned {
  readonly model: OnnxModel;
  readonly history: readonly EpochRecord[];
  /** The epoch that the model is of. */
  readonly bestEpoch?: number;
  /** The images that were kept from training, to evaluate on. */
  readonly heldOut: Dataset;
}

/** Fraction of each class's images that is not trained on. At least one image. */
const HELD_OUT = 0.2;

/**
 * Trains until the end, or until paused. The best epoch by the images that were held out counts.
 *
 * @returns undefined when paused: a checkpoint says where it stands
 * @throws HarrierError as `planRun` and `fitRun` do
 */
export async function learn(lesson: Lesson, hooks: LessonHooks): Promise<Learned | undefined> {
  const { dataset, from, epochs } = lesson;
  const wanted = optionsOf(lesson, hooks.runtime.threads);
  const { images } = trainingImages({ train: dataset }, wanted);
  const plan = planRun(wanted, images, {
    ...(from ? { from } : { recipe: quick }),
    chosen: epochs === undefined ? [] : ['epochs'],
  });
  const { runtime, clock, openBatches, checkpoints } = hooks;
  const result = await fitRun({ ...plan, ...images, runtime }, checkpoints, { clock, openBatches }, hooks);
  if (result.ended === 'interrupted') return undefined;
  const exported = exportRun(plan, result.weights, { classNames: dataset.classNames });
  return {
    model: withStoredWeights(exported, 'float16'),
    history: result.history,
    ...(result.bestEpoch !== undefined && { bestEpoch: result.bestEpoch }),
    heldOut: images.validation!,
  };
}

/** A lesson in the words of a run. */
function optionsOf({ dataset, way, from, epochs, mirrored, seed }: Lesson, threads: number): RunOptions {
  const method = way === 'scratch' ? quick : fineTuningMethod(from!.network, way);
  const options = runOptions(
    { ...method, validationSplit: HELD_OUT, epochs: epochs ?? method.epochs },
    { data: dataset.name, seed, threads, augment: lightAugmentation(mirrored) },
    from,
  );
  return {
    ...options,
    ...(way !== 'scratch' && { from: { name: from!.name, hash: from!.hash, trainable: way } }),
    testTimeAugmentation: mirrored ? 'flip' : 'none',
  };
}
