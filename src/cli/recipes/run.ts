import { formatPercent } from '../../format/format.ts';
import { allRecipes, type FoundRecipe } from '../../platform/node/runs/recipe-files.ts';
import { recipeJsonSchema, settingsOf, settingsText } from '../../recipes/index.ts';
import { Reporter } from '../reporter.ts';
import { shortPath } from '../terminal.ts';
import { recipeSource } from './source.ts';

/** The options of `recipes` as they were typed. */
export interface RecipesOptions {
  readonly json?: boolean;
}

/** `harrier recipes`, and `harrier summary` without a name. */
export async function runRecipes({ json }: RecipesOptions): Promise<void> {
  const reporter = new Reporter({ machine: json });
  const recipes = [...(await allRecipes()).values()];
  if (json) reporter.json(recipes.map(described));
  else for (const each of recipes) print(each, reporter);
}

function described({ recipe, file }: FoundRecipe) {
  const { name, description, epochs, target } = recipe;
  return { name, description, epochs, target, settings: settingsOf(recipe), ...(file && { file }) };
}

function print({ recipe, file }: FoundRecipe, reporter: Reporter): void {
  const { name, description, target, epochs } = recipe;
  const { style } = reporter;
  reporter.print(style.strong(name) + (file ? style.faint(`  (${shortPath(file)})`) : ''));
  reporter.print(`  ${description}`);
  reporter.print(
    `  should reach ${formatPercent(target.accuracy, 1)} on CIFAR-10's test images (${target.note}); ` +
      `${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}`,
  );
  reporter.print(style.faint(`  ${settingsText(settingsOf(recipe))}`));
}

/** `harrier recipes show`. */
export async function runShowRecipe(name: string): Promise<void> {
  new Reporter().result((await recipeSource(name)).trimEnd());
}

/** `harrier recipes schema`. */
export function runRecipeSchema(): void {
  new Reporter().result(JSON.stringify(recipeJsonSchema(), null, 2));
}
