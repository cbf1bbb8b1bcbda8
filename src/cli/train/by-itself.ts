import { DEFAULT_BACKBONE } from '../../backbones/index.ts';
import { HarrierError } from '../../errors.ts';
import { flagOf } from '../../options/option.ts';
import { type FetchModelOptions, fetchModel } from '../../platform/node/backbones/fetch-model.ts';
import { labelRules } from '../../platform/node/datasets/label-rules.ts';
import type { TrainOptions } from '../../platform/node/runs/new-run.ts';
import { FROM_SCRATCH, photoSide } from '../../platform/node/runs/photo-side.ts';
import { findRecipe } from '../../platform/node/runs/recipe-files.ts';

/** Options that say what is trained, or how a given model is read: with one of them nothing is chosen. */
const SAID = [
  ...(['resume', 'from', 'recipe', 'recipeFile'] as const),
  ...(['mean', 'std', 'channelOrder', 'features'] as const),
] satisfies (keyof TrainOptions)[];
/** Options of recipes alone: with one of them training begins from scratch. */
const OF_RECIPES = ['set', 'resolution'] as const satisfies (keyof TrainOptions)[];
/** Options of training by steps: who gives one wants more than a head on features. */
const BY_STEPS = [
  ...(['epochs', 'batchSize', 'microBatch', 'averageMomentum', 'learningRate', 'optimizer'] as const),
  ...(['sampling', 'earlyStopping'] as const),
] satisfies (keyof TrainOptions)[];
/** Smaller images than this are too small for networks that were trained on photos. */
const SMALLEST_PHOTO = 96;

/** How a run is trained whose user did not say. */
export interface OwnChoice {
  readonly given: TrainOptions;
  /** What was chosen, why, and how to choose otherwise; absent where nothing was. */
  readonly sentence?: string;
}

/**
 * Chooses how to train on a folder of photos where the options leave it open: from a pretrained network, from the cache
 * or fetched (a head on its features, or all layers where an option of training by steps is given); from scratch where
 * there is none to be had. Small images, other data and folders with recipes of their own keep their defaults.
 *
 * @param typed the words of the command, which get those that say what was chosen
 * @throws HarrierError as `findRecipe` and `photoSide` do, and as `fetchModel` where a part of a pretrained network was
 *   asked for; the signal's reason when aborted
 */
export async function chooseByItself(
  given: TrainOptions,
  typed: readonly string[],
  fetching: FetchModelOptions,
): Promise<OwnChoice> {
  const { data, multiLabel } = given;
  if (data === undefined || SAID.some((option) => given[option] !== undefined)) return { given };
  if ((await findRecipe()).file !== undefined) return { given };
  const { onProgress, signal } = fetching;
  const side = await photoSide(data, { multiLabel, ...labelRules(given), onProgress, signal });
  if (side === undefined) return { given };
  const against = againstPretrained(given);
  if (against !== undefined) return { given, sentence: against };
  const chosen = (choice: TrainOptions): TrainOptions => ({
    ...given,
    ...choice,
    words: [
      ...(given.words ?? typed),
      ...Object.entries(choice).flatMap(([name, value]) => [`--${name}`, value]),
    ],
  });
  const step = BY_STEPS.find((option) => given[option] !== undefined);
  const all = step !== undefined && given.trainable === undefined && given.head === undefined;
  try {
    await fetchModel(DEFAULT_BACKBONE, { ...fetching, onNote: () => {} });
    return {
      given: chosen({ from: DEFAULT_BACKBONE, ...(all && { trainable: 'all' }) }),
      sentence:
        `Photos of ${side} pixels or so learn best from a pretrained network: taking --from ${DEFAULT_BACKBONE}` +
        `${all ? `, and --trainable all for the sake of ${flagOf(step)}` : ''}. ` +
        'Choose otherwise with --from MODEL, or --recipe NAME to train from scratch.',
    };
  } catch (error) {
    // A part of a network is nothing without it.
    const isPart = given.head !== undefined || given.trainable !== undefined;
    if (!(error instanceof HarrierError) || isPart) throw error;
    return {
      given: chosen({ recipe: FROM_SCRATCH }),
      sentence:
        `The pretrained network ${DEFAULT_BACKBONE} cannot be fetched, so training begins from scratch (--recipe ` +
        `${FROM_SCRATCH}). It would do better: npx harrier models fetch ${DEFAULT_BACKBONE} says what is missing.`,
    };
  }
}

/** Why photos are not learnt from a pretrained network, though they would be better; undefined where they can be. */
function againstPretrained(given: TrainOptions): string | undefined {
  const { imageSize = SMALLEST_PHOTO } = given;
  const option = OF_RECIPES.find((each) => given[each] !== undefined);
  if (option === undefined && imageSize >= SMALLEST_PHOTO) return undefined;
  const why =
    option === undefined
      ? `A pretrained network sees too little in images of ${imageSize} pixels`
      : `${flagOf(option)} is an option of recipes`;
  return (
    `${why}, so training begins from scratch. Without ${flagOf(option ?? 'imageSize')} it would begin from a ` +
    `pretrained network (--from ${DEFAULT_BACKBONE}), which usually does better on photos.`
  );
}
