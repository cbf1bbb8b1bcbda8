import {
  type Checkpoint,
  type Dataset,
  type EpochRecord,
  type FitOptions,
  type FitResult,
  fineTuning,
  fit,
  HarrierError,
  networkOf,
  openBatches,
  optimizerFrom,
  type Runtime,
  type StepProgress,
  type TrainedNetwork,
  validationSplit,
} from 'harrier';
import { exportModel, type OnnxModel, withStoredWeights } from 'harrier/graph';
import { CLASS_NAMES_KEY } from 'harrier/src/models/index.ts';
import {
  lengthForFewImages,
  lightAugmentation,
  normalizationOf,
  optimizerForBatch,
  quick,
} from 'harrier/src/recipes/index.ts';
import { weightsToUse } from 'harrier/src/training/index.ts';

/** What of a network is trained: a new last layer alone, everything that there is, or a new small network. */
export type Way = 'head' | 'all' | 'scratch';

/** What is to be learned, and how. The same lesson gives the same model, on the same machine. */
export interface Lesson {
  /** Every image with its class. */
  readonly dataset: Dataset;
  readonly way: Way;
  /** What is fine-tuned; not for `scratch`. */
  readonly from?: TrainedNetwork;
  /** Default: what suits the number of images. */
  readonly epochs?: number;
  /** Whether a mirror image shows the same class. */
  readonly mirrored: boolean;
  readonly seed: number;
}

export interface LessonHooks {
  readonly runtime: Runtime;
  /** What goes on from the last checkpoint when `runtime` fails: its graphics device has gone, or cannot do it. */
  readonly fallback?: () => Promise<Runtime>;
  readonly resume?: { readonly last: Checkpoint; readonly best?: Checkpoint };
  readonly onStep?: (step: StepProgress) => void;
  readonly onEpoch?: (record: EpochRecord) => void;
  /** Keeps a checkpoint of an epoch, or of where the lesson was paused. */
  readonly save?: (checkpoint: Checkpoint, best: boolean) => Promise<void>;
  readonly paused?: () => boolean;
  /** Waited for before each step, so that messages come through. */
  readonly breathe?: () => Promise<void>;
  readonly clock: () => number;
}

export interface Learned {
  readonly model: OnnxModel;
  readonly history: readonly EpochRecord[];
  /** The epoch that the model is of. */
  readonly bestEpoch?: number;
  /** The images that were kept from training, to judge by. */
  readonly heldOut: Dataset;
}

/** Share of each class's images that is not trained on. At least one. */
const HELD_OUT = 0.2;

/**
 * Trains until the end, or until paused. The best epoch by the images that were held out counts.
 *
 * @returns undefined when paused: `save` was given where it stands
 * @throws HarrierError what `fit` throws; what is the runtime's fault only where there is no fallback
 */
export async function learn(lesson: Lesson, hooks: LessonHooks): Promise<Learned | undefined> {
  const { dataset, seed, mirrored } = lesson;
  const { train, validation } = validationSplit(dataset, HELD_OUT, seed);
  const plan = planOf({ ...lesson, classes: dataset.classNames.length, images: train.size }, train);
  const result = await trainThrough(plan, train, validation, seed, hooks);
  if (result.ended === 'interrupted') return undefined;
  const exported = exportModel(
    plan.network,
    result.weights,
    {
      [CLASS_NAMES_KEY]: JSON.stringify(dataset.classNames),
      'harrier.recipe': lesson.way === 'scratch' ? quick.name : `fine-tuned (${lesson.way})`,
      'harrier.seed': `${seed}`,
      'harrier.epochs': `${plan.epochs}`,
    },
    { testTimeAugmentation: mirrored ? 'flip' : 'none' },
  );
  return {
    model: withStoredWeights(exported, 'float16'),
    history: result.history,
    ...(result.bestEpoch !== undefined && { bestEpoch: result.bestEpoch }),
    heldOut: validation,
  };
}

/** Trains, and goes on with the other runtime when the first one fails. */
async function trainThrough(
  plan: Plan,
  train: Dataset,
  validation: Dataset,
  seed: number,
  hooks: LessonHooks,
): Promise<FitResult> {
  let { last, best } = hooks.resume ?? {};
  const run = (runtime: Runtime) =>
    fit({
      ...plan,
      runtime,
      train,
      validation,
      seed,
      resume: last,
      bestWeights: best && weightsToUse(best),
      clock: hooks.clock,
      onStep: hooks.onStep,
      onEpoch: hooks.onEpoch,
      interrupted: hooks.paused,
      openBatches: hooks.breathe && breathing(hooks.breathe),
      save: async (checkpoint, isBest) => {
        last = checkpoint;
        if (isBest) best = checkpoint;
        await hooks.save?.(checkpoint, isBest);
      },
    });
  try {
    return await run(hooks.runtime);
  } catch (error) {
    if (!hooks.fallback || !isOfTheRuntime(error)) throw error;
    return run(await hooks.fallback());
  }
}

/** Whether another runtime may do better: what is wrong with the data or the training is wrong there too. */
function isOfTheRuntime(error: unknown): boolean {
  return (
    !(error instanceof HarrierError) || ['device-lost', 'bad-graph', 'not-supported'].includes(error.code)
  );
}

/** Batches as they are, with a rest before each. */
function breathing(rest: () => Promise<void>): FitOptions['openBatches'] {
  return (plan) => {
    const source = openBatches(plan);
    return {
      close: () => source.close(),
      async batch(epoch, step) {
        await rest();
        return source.batch(epoch, step);
      },
    };
  };
}

type Plan = Pick<
  FitOptions,
  'network' | 'weights' | 'optimizer' | 'loss' | 'epochs' | 'batchSize' | 'augmentation'
>;

/** @param train what the network's normalisation is found from; without it, a plan that is only looked at */
function planOf(
  lesson: Omit<Lesson, 'dataset'> & { readonly classes: number; readonly images: number },
  train: Dataset | undefined,
): Plan {
  const { way, from, classes, images, epochs, mirrored, seed } = lesson;
  if (way !== 'scratch') {
    return fineTuning({ from: from!, classes, images, trainable: way, epochs, mirrored, seed });
  }
  const length = lengthForFewImages(quick, quick, images);
  return {
    network: networkOf(quick, {
      inputShape: [quick.imageSize, quick.imageSize, 3],
      classes,
      normalization: train && normalizationOf(train),
    }),
    optimizer: optimizerFrom(optimizerForBatch(quick, quick.optimizer, Math.min(length.batchSize, images))),
    loss: quick.loss,
    batchSize: length.batchSize,
    epochs: epochs ?? length.epochs,
    augmentation: lightAugmentation(mirrored),
  };
}
