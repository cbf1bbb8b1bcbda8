import { HarrierError } from '../../errors.ts';
import { isInRange, rangeWords } from '../../options/range.ts';
import { isObject } from '../../options/values.ts';
import { findRecipe } from '../../platform/node/runs/recipe-files.ts';
import { type Recipe, withSettings } from '../../recipes/index.ts';
import type { OptionValue, RecipeField } from '../api.ts';
import { FieldErrors } from '../respond.ts';
import { flagsOf, isSetting, recipeForm } from './form.ts';

/** Reads the words after `harrier train` as the command does, without doing anything. @throws HarrierError */
export type CheckWords = (words: readonly string[]) => Promise<void>;

/** A run that somebody wants: checked, and as words for `harrier train`. */
export interface CheckedRequest {
  readonly recipe: Recipe;
  readonly epochs: number;
  /** Id of the data set. */
  readonly data: string;
  readonly words: readonly string[];
}

/**
 * Reads what POST api/runs is sent.
 *
 * @throws FieldErrors with a sentence for each field that does not fit; HarrierError `bad-option` or `bad-data` when
 * it is no such request at all
 */
export async function readRequest(body: unknown, checkWords: CheckWords): Promise<CheckedRequest> {
  if (!isObject(body) || typeof body.recipe !== 'string' || typeof body.data !== 'string') {
    throw new HarrierError('bad-data', 'this is not a request for a run', {
      expected: '{ recipe, data, options }',
    });
  }
  // A path would be a program of somebody's choice.
  if (!/^[\w.-]+$/.test(body.recipe) || /\.[cm]?[jt]s$/.test(body.recipe)) {
    throw new HarrierError('bad-option', 'a recipe must be given by its name', { where: 'recipe' });
  }
  const { recipe } = await findRecipe(body.recipe);
  const options = body.options ?? {};
  if (!isObject(options))
    throw new HarrierError('bad-data', 'options must be an object', { where: 'options' });
  const { fields } = recipeForm(recipe);
  // A map: a field may be called __proto__.
  const errors = new Map<string, string>();
  const changed: [name: string, value: OptionValue][] = [];
  for (const [name, value] of Object.entries(options)) {
    const field = fields.find((each) => each.name === name);
    const problem = field
      ? problemOf(field, value)
      : `There is no option "${name.slice(0, 40)}" of ${recipe.name}.`;
    if (problem !== undefined) errors.set(name, problem);
    else if (value !== null && value !== '' && value !== field!.default)
      changed.push([name, value as OptionValue]);
  }
  if (errors.size > 0) throw new FieldErrors(Object.fromEntries(errors));
  checkSettings(
    recipe,
    changed.filter(([name]) => isSetting(name)),
  );
  for (const [name, value] of changed) {
    await checkWords(flagsOf(name, value)).catch((error) => {
      if (!(error instanceof HarrierError)) throw error;
      errors.set(name, withoutPlace(error));
    });
  }
  if (errors.size > 0) throw new FieldErrors(Object.fromEntries(errors));
  const words = ['--recipe', recipe.name, ...changed.flatMap(([name, value]) => flagsOf(name, value))];
  const epochs = Number(changed.find(([name]) => name === 'epochs')?.[1] ?? recipe.epochs);
  return { recipe, epochs, data: body.data, words };
}

/** What is wrong with a value, as a sentence. */
function problemOf(
  { label, type, minimum, maximum, choices, default: own }: RecipeField,
  value: unknown,
): string | undefined {
  if (value === null || value === '')
    return own === null || value === '' ? undefined : `${label} cannot be empty.`;
  if (type === 'boolean') return typeof value === 'boolean' ? undefined : `${label} is either on or off.`;
  if (type === 'choice') {
    return choices?.some((each) => each === value)
      ? undefined
      : `${label} is one of: ${choices?.join(', ')}.`;
  }
  if (type === 'list') {
    return typeof value === 'string' && /^[\w.,=:+-]*$/.test(value.replaceAll(' ', ''))
      ? undefined
      : `${label} is words with commas between.`;
  }
  const range = { whole: type === 'integer', atLeast: minimum, atMost: maximum };
  return isInRange(value, range) ? undefined : `${label} is ${rangeWords(range)}.`;
}

/** @throws FieldErrors, or HarrierError where settings do not fit together */
function checkSettings(recipe: Recipe, changed: readonly (readonly [string, OptionValue])[]): void {
  const errors = new Map<string, string>();
  const optimizer = changed.filter(([name]) => name === 'optimizer');
  for (const [name, value] of changed) {
    try {
      withSettings(recipe, Object.fromEntries([...optimizer, [name, value]]));
    } catch (error) {
      if (!(error instanceof HarrierError)) throw error;
      errors.set(name, withoutPlace(error));
    }
  }
  if (errors.size > 0) throw new FieldErrors(Object.fromEntries(errors));
  withSettings(recipe, Object.fromEntries(changed));
}

/** A sentence for beside the field: that names the place. */
function withoutPlace(error: HarrierError): string {
  const { summary, details } = error;
  return new HarrierError(error.code, summary, { ...details, where: undefined }).message;
}
