import { unknownName } from '../errors.ts';
import { Network } from '../models/index.ts';
import { kerasCnn } from './keras-cnn.ts';
import type { Recipe, RecipeInput } from './recipe.ts';

export { checkRecipe } from './check.ts';
export {
  defineRecipe,
  type OptionValue,
  type Recipe,
  type RecipeInput,
  type RecipeOptions,
} from './recipe.ts';
export { readSetting, readSettings, readValue, type Settings, settingsOf, withSettings } from './settings.ts';
export { kerasCnn };

/** Every recipe by its name. */
export const RECIPES: Readonly<Record<string, Recipe>> = Object.fromEntries(
  [kerasCnn].map((recipe) => [recipe.name, recipe]),
);

/** @throws HarrierError `bad-option` for a name that there is not */
export function recipeNamed(name: string): Recipe {
  if (Object.hasOwn(RECIPES, name)) return RECIPES[name];
  throw unknownName('recipe', name, Object.keys(RECIPES));
}

/** A recipe's network for images and classes of some data. */
export function networkOf(recipe: Recipe, input: RecipeInput): Network {
  return new Network({
    name: recipe.name,
    inputShape: input.inputShape,
    layers: recipe.layers(input, recipe.options ?? {}),
    normalization: recipe.normalization,
  });
}
