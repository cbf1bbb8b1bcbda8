import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { HarrierError, unknownName } from '../../../errors.ts';
import { checkRecipe, RECIPES, type Recipe } from '../../../recipes/index.ts';
import { importOwnFile, isOwnFile, ownFileError } from '../files/own-file.ts';

/** A recipe, and the file of a recipe of your own. */
export interface FoundRecipe {
  /** The recipe. */
  readonly recipe: Recipe;
  /** Absolute. */
  readonly file?: string;
}

/** The file in the current folder that holds a user's own recipes. */
export const CONFIG_FILES = [
  'harrier.config.ts',
  'harrier.config.mts',
  'harrier.config.js',
  'harrier.config.mjs',
];

const DEFAULT_RECIPE = 'keras-cnn';

/** All recipes by name: those of `harrier.config.ts` in the current folder first, which hide others of their names. */
export async function allRecipes(folder: string = process.cwd()): Promise<ReadonlyMap<string, FoundRecipe>> {
  const own = await configRecipes(folder);
  const found = new Map(own.map((each) => [each.recipe.name, each] as const));
  for (const [name, recipe] of Object.entries(RECIPES)) if (!found.has(name)) found.set(name, { recipe });
  return found;
}

/**
 * Finds the recipe that `--recipe` names: one of `harrier.config.ts`, one of Harrier's, or the one recipe of another
 * file.
 *
 * @param name default: the first recipe of `harrier.config.ts`, or `keras-cnn` if there is no such file
 * @throws HarrierError `bad-option` when there is no such recipe or the file cannot be used; `not-found` for a missing
 *   file
 */
export async function findRecipe(name?: string, folder: string = process.cwd()): Promise<FoundRecipe> {
  if (name !== undefined && isOwnFile(name)) return onlyRecipe(resolve(folder, name));
  const recipes = await allRecipes(folder);
  const [first] = recipes.values();
  const found = name === undefined ? (first.file ? first : recipes.get(DEFAULT_RECIPE)) : recipes.get(name);
  if (found) return found;
  throw unknownName('recipe', name ?? DEFAULT_RECIPE, recipes.keys());
}

/**
 * The recipe of that name in a user's own file, for runs that are begun from another folder than the one where it was
 * found.
 * @throws HarrierError `bad-option` when it is not there, or the file cannot be used; `not-found` for a missing file
 */
export async function recipeIn(file: string, name: string): Promise<FoundRecipe> {
  const recipes = await loadRecipes(file);
  const recipe = recipes.find((each) => each.name === name);
  if (recipe) return { recipe, file };
  throw unknownName(
    `recipe of ${file}`,
    name,
    recipes.map((each) => each.name),
  );
}

async function onlyRecipe(file: string): Promise<FoundRecipe> {
  const recipes = await loadRecipes(file);
  if (recipes.length === 1) return { recipe: recipes[0], file };
  throw new HarrierError('bad-option', 'this file holds more than one recipe', {
    where: file,
    received: recipes.map(({ name }) => name).join(', '),
    next: 'Rename it to harrier.config.ts, and choose a recipe by name.',
    options: ['recipe'],
  });
}

/**
 * Runs the files of recipes in the current folder, which may register layers of their own.
 * @param file that of a run, which may have been called otherwise
 */
export async function loadOwnRecipes(file?: string, folder: string = process.cwd()): Promise<void> {
  await configRecipes(folder);
  // A run may come from somebody else: what it names elsewhere is not run.
  const isHere = file !== undefined && liesIn(folder, file);
  if (isHere && (await stat(file).catch(() => undefined))?.isFile()) await loadRecipes(file);
}

/**
 * Checks the recipe that a record of several runs names, before they go on: like a run, it may come from somebody else,
 * and to read a recipe is to run its file.
 *
 * @param record its file
 * @throws HarrierError `bad-option` for a recipe of another folder than the current one
 */
export function checkStoredRecipe(
  { recipe, recipeFile }: { readonly recipe?: string; readonly recipeFile?: string },
  record: string,
  folder: string = process.cwd(),
): void {
  const own = recipe !== undefined && isOwnFile(recipe) ? resolve(folder, recipe) : undefined;
  const file = recipeFile ?? own;
  if (file === undefined || liesIn(folder, file)) return;
  throw new HarrierError('bad-option', 'its recipe is a file of another folder, which is not run unasked', {
    where: record,
    expected: `a recipe of Harrier, or a file in ${resolve(folder)}`,
    received: file,
    next: 'If you trust this file, run the command in its folder.',
  });
}

function liesIn(folder: string, file: string): boolean {
  return dirname(file) === resolve(folder);
}

async function configRecipes(folder: string): Promise<FoundRecipe[]> {
  for (const name of CONFIG_FILES) {
    const file = join(folder, name);
    if ((await stat(file).catch(() => undefined))?.isFile()) {
      return (await loadRecipes(file)).map((recipe) => ({ recipe, file }));
    }
  }
  return [];
}

/**
 * The recipes that a TypeScript or JavaScript file exports by default: one, a list, or an object of them. Types are
 * stripped, not checked. Its `import … from 'harrier'` is this very Harrier, wherever the file lies.
 *
 * @throws HarrierError `bad-option` with file and line when it does not parse, throws, or exports something else
 */
export async function loadRecipes(file: string): Promise<Recipe[]> {
  const [harrier, graph, layer] = await Promise.all([
    import('../../../recipe-names.ts'),
    import('../../../graph.ts'),
    import('../../../layer.ts'),
  ]);
  const modules = { harrier, 'harrier/graph': graph, 'harrier/layer': layer };
  const candidates = recipesIn(await importOwnFile(file, 'recipe', modules));
  if (candidates.length === 0) {
    throw new HarrierError('bad-option', 'this file exports no recipe', {
      where: file,
      next: 'Write: export default defineRecipe({ … }). `npx harrier recipes show keras-cnn` prints one to start from.',
    });
  }
  const recipes = candidates.map((each, i) =>
    checkRecipe(each, candidates.length === 1 ? file : `${file}, recipe ${i + 1}`),
  );
  const names = recipes.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new HarrierError('bad-option', `two recipes are called "${twice}"`, {
      where: file,
      next: 'Give one of them another name.',
    });
  }
  return recipes.map((recipe) => guarded(recipe, file));
}

function recipesIn(exported: unknown): unknown[] {
  if (Array.isArray(exported)) return exported;
  if (typeof exported !== 'object' || exported === null) return exported === undefined ? [] : [exported];
  const values = Object.values(exported);
  const isOne = ['name', 'layers', 'outputs', 'epochs', 'optimizer'].some((field) => field in exported);
  return !isOne && values.every((each) => typeof each === 'object') ? values : [exported];
}

/** The same recipe; what goes wrong in its `layers` or `outputs` is reported with the file and line. */
function guarded(recipe: Recipe, file: string): Recipe {
  const guard = <T>(work: () => T): T => {
    try {
      return work();
    } catch (cause) {
      throw ownFileError(file, cause, `the layers of ${recipe.name} cannot be built`);
    }
  };
  return {
    ...recipe,
    ...(recipe.layers && { layers: (...given) => guard(() => recipe.layers!(...given)) }),
    ...(recipe.outputs && { outputs: (...given) => guard(() => recipe.outputs!(...given)) }),
  };
}
