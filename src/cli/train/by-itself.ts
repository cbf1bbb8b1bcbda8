import { DEFAULT_BACKBONE } from '../../backbones/index.ts';
import { HarrierError } from '../../errors.ts';
import { type FetchModelOptions, fetchModel } from '../../platform/node/backbones/fetch-model.ts';
import type { TrainOptions } from '../../platform/node/runs/new-run.ts';
import { FROM_SCRATCH, photoSide } from '../../platform/node/runs/photo-side.ts';
import { findRecipe } from '../../platform/node/runs/recipe-files.ts';

/** Options that say how to train: with one of them nothing is chosen. */
const CHOICES = [
  ...['resume', 'from', 'trainable', 'recipe', 'recipeFile', 'set', 'epochs', 'batchSize', 'microBatch'],
  ...['averageMomentum', 'learningRate', 'optimizer', 'sampling', 'resolution', 'earlyStopping'],
  ...['imageSize', 'device', 'mean', 'std', 'channelOrder', 'features'],
] as readonly (keyof TrainOptions)[];

/** How a run is trained whose user did not say. */
export interface OwnChoice {
  readonly given: TrainOptions;
  /** What was chosen, why, and how to choose otherwise; absent where nothing was. */
  readonly sentence?: string;
}

/**
 * Chooses how to train on a folder of photos where the options leave it open: with a head on the features of a pretrained
 * network, from the cache or fetched; from scratch where there is none to be had. Small images, other data and folders
 * with recipes of their own keep their defaults.
 *
 * @param typed the words of the command, which get those that say what was chosen
 * @throws HarrierError as `findRecipe` and `photoSide` do, and as `fetchModel` where a head was asked for; the signal's
 *   reason when aborted
 */
export async function chooseByItself(
  given: TrainOptions,
  typed: readonly string[],
  fetching: FetchModelOptions,
): Promise<OwnChoice> {
  const { data, multiLabel } = given;
  if (data === undefined || CHOICES.some((option) => given[option] !== undefined)) return { given };
  if ((await findRecipe()).file !== undefined) return { given };
  const { onProgress, signal } = fetching;
  const side = await photoSide(data, { multiLabel, onProgress, signal });
  if (side === undefined) return { given };
  const chosen = (option: 'from' | 'recipe', name: string): TrainOptions => ({
    ...given,
    [option]: name,
    words: [...(given.words ?? typed), `--${option}`, name],
  });
  try {
    await fetchModel(DEFAULT_BACKBONE, { ...fetching, onNote: () => {} });
    return {
      given: chosen('from', DEFAULT_BACKBONE),
      sentence:
        `Photos of ${side} pixels or so learn best from a pretrained network: taking --from ${DEFAULT_BACKBONE}. ` +
        'Choose otherwise with --from MODEL, or --recipe NAME to train from scratch.',
    };
  } catch (error) {
    // A head is nothing without the network before it.
    if (!(error instanceof HarrierError) || given.head !== undefined) throw error;
    return {
      given: chosen('recipe', FROM_SCRATCH),
      sentence:
        `The pretrained network ${DEFAULT_BACKBONE} cannot be fetched, so training begins from scratch (--recipe ` +
        `${FROM_SCRATCH}). It would do better: npx harrier models fetch ${DEFAULT_BACKBONE} says what is missing.`,
    };
  }
}
