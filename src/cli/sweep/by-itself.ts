import type { FetchModelOptions } from '../../platform/node/backbones/fetch-model.ts';
import { findRecipe } from '../../platform/node/runs/recipe-files.ts';
import type { Reporter } from '../reporter.ts';
import { chooseByItself } from '../train/by-itself.ts';
import { asTrainOptions, type SweepOptions } from './options.ts';

/**
 * The options of a sweep with the network that `train` would choose for the same photos. Where models vary, or settings
 * of the default recipe's own, nothing is chosen.
 *
 * @throws HarrierError as `chooseByItself` does
 */
export async function withOwnChoice(
  given: SweepOptions,
  reporter: Reporter,
  fetching: FetchModelOptions,
): Promise<SweepOptions> {
  const names = (given.vary ?? []).map((text) => text.split('=', 1)[0].trim());
  const { recipe } = await findRecipe();
  const isOfRecipe = names.some((name) => name === 'from' || Object.hasOwn(recipe.options ?? {}, name));
  if (isOfRecipe) return given;
  // What varies was said, whatever its values are; sizes are checked with the trials.
  const varied = Object.fromEntries(names.flatMap((name) => (name === 'imageSize' ? [] : [[name, true]])));
  const { sentence, given: own } = await chooseByItself(
    { ...asTrainOptions(given), ...varied },
    [],
    fetching,
  );
  if (sentence !== undefined) reporter.note(sentence);
  const { from = given.from, recipe: chosen = given.recipe } = own;
  return {
    ...given,
    ...(from !== undefined && { from }),
    ...(chosen !== undefined && { recipe: chosen }),
    ...(own.trainable === 'all' && { trainable: 'all' }),
  };
}
