import { HarrierError, unknownName } from '../errors.ts';
import { Input } from '../layers/index.ts';
import { Network } from '../models/index.ts';
import { checkForm } from './check.ts';
import { deep } from './deep.ts';
import { kerasCnn } from './keras-cnn.ts';
import { quick } from './quick.ts';
import type { Recipe, RecipeInput } from './recipe.ts';
import { record } from './record.ts';
import { standard } from './standard.ts';
import { wide } from './wide.ts';

export { checkRecipe } from './check.ts';
export { lengthForFewImages, optimizerForBatch } from './few-images.ts';
export {
  type FineTuning,
  type FineTuningOptions,
  fineTuning,
  fineTuningLength,
  fineTuningMethod,
  fineTuningSplit,
  lightAugmentation,
} from './fine-tuning.ts';
export { normalizationOf } from './normalization.ts';
export {
  defineRecipe,
  type OptionValue,
  type Recipe,
  type RecipeInput,
  type RecipeOptions,
  type TrainingMethod,
} from './recipe.ts';
export { recipeJsonSchema } from './schema.ts';
export {
  readSetting,
  readSettings,
  readValue,
  type Settings,
  settingsOf,
  settingsText,
  withSettings,
} from './settings.ts';
export { deep, kerasCnn, quick, record, standard, wide };

/** Every recipe by its name. */
export const RECIPES: Readonly<Record<string, Recipe>> = Object.fromEntries(
  [kerasCnn, quick, standard, record, wide, deep].map((recipe) => [recipe.name, recipe]),
);

/**
 * Returns the recipe of that name.
 * @throws HarrierError `bad-option` for an unknown name
 */
export function recipeNamed(name: string): Recipe {
  if (Object.hasOwn(RECIPES, name)) return RECIPES[name];
  throw unknownName('recipe', name, Object.keys(RECIPES));
}

/**
 * Builds a recipe's network for the images and classes of some data.
 * @throws HarrierError `bad-option` when the recipe defines no network, or two; `bad-shape` when it does not fit the
 *   images
 */
export function networkOf(recipe: Recipe, input: RecipeInput): Network {
  checkForm(recipe, recipe.name);
  const { name, options = {} } = recipe;
  const normalization = recipe.normalization === 'data' ? input.normalization : recipe.normalization;
  const { inputShape } = input;
  try {
    if (recipe.layers)
      return new Network({ name, inputShape, layers: recipe.layers(input, options), normalization });
    const inputs = new Input({ shape: inputShape });
    return new Network({ name, inputs, outputs: recipe.outputs!(inputs, input, options), normalization });
  } catch (error) {
    throw namingOptions(error, recipe);
  }
}

/** A layer that refuses a value says nothing of the recipe's option that the value came from: this says it. */
function namingOptions(error: unknown, { name, options = {} }: Recipe): unknown {
  const given = Object.entries(options).map(([option, value]) => `${option}=${value}`);
  if (!(error instanceof HarrierError) || error.code !== 'bad-option' || given.length === 0) return error;
  const next = error.details.next ?? `The layers of ${name} were made with ${given.join(', ')}.`;
  return new HarrierError(error.code, error.summary, { ...error.details, next, cause: error });
}
