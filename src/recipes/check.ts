import { HarrierError } from '../errors.ts';
import { optimizerFrom } from '../optimizers/index.ts';
import { check } from '../options/check.ts';
import type { Recipe } from './recipe.ts';
import { recipeSchema } from './schema.ts';
import { GENERAL_SETTINGS } from './settings.ts';

/**
 * Checks what is only known when it runs: that a value is a recipe.
 *
 * @param where what to call it in errors: its file
 * @throws HarrierError `bad-option` that names the field which does not fit
 */
export function checkRecipe(value: unknown, where: string): Recipe {
  check(recipeSchema, value, {
    where,
    summary: (field) => (field ? `the field "${field}" of this recipe does not fit` : 'this is no recipe'),
  });
  const recipe = value as Recipe;
  checkForm(recipe, where);
  try {
    optimizerFrom(recipe.optimizer);
  } catch (cause) {
    if (!(cause instanceof HarrierError)) throw cause;
    throw new HarrierError('bad-option', cause.message.replace(/\.$/, ''), {
      where: `${where}, optimizer`,
      cause,
    });
  }
  const taken = GENERAL_SETTINGS.find((name) => Object.hasOwn(recipe.options ?? {}, name));
  if (taken !== undefined) {
    throw new HarrierError('bad-option', `an option of a recipe cannot be named "${taken}"`, {
      where,
      next: 'All recipes have a setting of that name: choose another name.',
    });
  }
  return recipe;
}

/** A recipe gives its network in one form. */
export function checkForm({ layers, outputs }: Recipe, where: string): void {
  if ((layers === undefined) !== (outputs === undefined)) return;
  throw new HarrierError('bad-option', "a recipe's network", {
    where,
    expected: 'either layers or outputs',
    received: layers ? 'both' : 'neither',
  });
}
