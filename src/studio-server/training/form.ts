import { AUGMENTATION_SETS } from '../../data/augmentation/index.ts';
import { ACTIVATION_NAMES } from '../../layers/activations.ts';
import { flagOf, type Option } from '../../options/option.ts';
import type { NumberRange } from '../../options/range.ts';
import { allOptions, OPTIONS, optionNamed, optionsWhere } from '../../options/table.ts';
import { type Recipe, settingsOf, type TrainingMethod } from '../../recipes/index.ts';
import type { OptionValue, RecipeField, RecipeForm, WayKind } from '../api.ts';

/** Settings that are off until given, and worth a field. */
const WHEN_OFF = allOptions.filter(([, { form }]) => form?.shownWhenOff).map(([name]) => name);

/** Options of `harrier train` that no recipe has as settings. */
const OTHERS = optionsWhere(({ form }) => form).filter(([name]) => !isSetting(name));

/** What means something for a last layer that is fitted on features. */
const OF_HEADS = [
  ...['head', 'multiLabel', 'validationSplit', 'time', 'labelSmoothing', 'augment', 'classWeight', 'limit'],
  ...['imageSize', 'resize', 'tta', 'calibrate', 'reject', 'threads', 'seed'],
];
/** What means something for such a layer alone. */
const OF_HEADS_ALONE = ['head', 'time'];
/** What means something for images with several labels alone, and for those with one. */
const OF_SEVERAL = ['multiLabel', 'loss'];
const OF_ONE = ['classWeight', 'sampling', 'reject', 'head'];

/** What a form is for. */
export interface FormPurpose {
  readonly kind: WayKind;
  readonly method: TrainingMethod;
  /** Images have several labels. */
  readonly multiLabel?: boolean;
}

/** What a person may fill in before a run: the fields that have a place, then the advanced ones. None is without effect. */
export function formFields({ kind, method, multiLabel = false }: FormPurpose): RecipeField[] {
  const settings = settingsOf(method);
  const isMeant = (name: string) =>
    !(multiLabel ? OF_ONE : OF_SEVERAL).includes(name) &&
    (kind === 'head' ? OF_HEADS.includes(name) : !OF_HEADS_ALONE.includes(name));
  const fields = [
    ...Object.entries(settings).map(([name, value]) => settingField(method, name, value)),
    ...WHEN_OFF.filter((name) => settings[name] === undefined).map((name) =>
      settingField(method, name, null),
    ),
    ...OTHERS.map(([name, option]) => field(name, startValue(method, name, option), option)),
  ].filter(({ name }) => isMeant(name));
  const place = ({ name }: RecipeField) => optionNamed(name)?.form?.place ?? 100;
  return fields
    .map((each) => (kind === 'head' && each.name === 'augment' ? MIRRORED : each))
    .sort((a, b) => place(a) - place(b));
}

/** The only change of images that a last layer on features knows. */
const MIRRORED: RecipeField = {
  name: 'augment',
  label: 'Mirror images',
  type: 'choice',
  default: 'flip',
  choices: ['flip', 'none'],
  help: 'Flip: each image counts a second time, mirrored. None: for letters, hand signs, left and right.',
  advanced: false,
};

/** The form of a recipe as it stands, for whatever data. */
export function recipeForm(recipe: Recipe): RecipeForm {
  return {
    name: recipe.name,
    summary: recipe.description,
    target: recipe.target,
    fields: formFields({ kind: 'recipe', method: recipe }),
  };
}

function settingField(method: TrainingMethod, name: string, value: OptionValue | null): RecipeField {
  const isOwn = Object.hasOwn(method.options ?? {}, name);
  const isActivation = ACTIVATION_NAMES.some((each) => each === value);
  const made = field(name, value, optionNamed(isOwn && isActivation ? 'activation' : name));
  if (isActivation) return { ...made, type: 'choice', choices: ACTIVATION_NAMES };
  return isOwn && !optionNamed(name) ? { ...made, help: "An option of the recipe's network." } : made;
}

/** The value that a run has where nobody fills in a field; null: none. */
function startValue(
  method: TrainingMethod,
  name: string,
  { field: key = name, form }: Option,
): OptionValue | null {
  if (form?.value === undefined) return null;
  const own = (method as unknown as Readonly<Record<string, unknown>>)[key];
  return typeof own === typeof form.value ? (own as OptionValue) : form.value;
}

function field(name: string, value: OptionValue | null, option?: Option): RecipeField {
  const { type, form } = option ?? {};
  const range: NumberRange = type?.kind === 'number' ? type : {};
  const minimum = range.atLeast ?? range.above;
  const maximum = form?.maximum ?? range.atMost ?? range.below;
  const choices =
    form?.choices ??
    (type?.kind === 'choice' ? type.choices : undefined) ??
    (type?.kind === 'augmentation' ? Object.keys(AUGMENTATION_SETS) : undefined);
  return {
    name,
    label: form?.label ?? wordsOf(name),
    type: fieldType(value, option),
    default: value,
    ...(choices && { choices }),
    ...(minimum !== undefined && { minimum }),
    ...(maximum !== undefined && { maximum }),
    help: form?.help ?? 'An option of the optimizer.',
    advanced: form?.place === undefined,
  };
}

function fieldType(value: OptionValue | null, option?: Option): RecipeField['type'] {
  const { type, form } = option ?? {};
  if (type?.kind === 'number') return type.whole ? 'integer' : 'number';
  if (type?.kind === 'duration') return 'number';
  if (type?.kind === 'boolean' || typeof value === 'boolean') return 'boolean';
  if (type?.kind === 'choice' || form?.choices) return 'choice';
  if (type?.kind === 'augmentation' || typeof value === 'string') return 'list';
  return Number.isInteger(value) && Number(value) > 1 ? 'integer' : 'number';
}

/** `batchSize` → `Batch size`. */
function wordsOf(name: string): string {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words[0].toUpperCase() + words.slice(1);
}

/** The words of `harrier train` that stand for a field's value. */
export function flagsOf(name: string, value: OptionValue): string[] {
  const option = Object.hasOwn(OPTIONS, name) ? optionNamed(name) : undefined;
  const flag = option?.flag;
  // In one word: a value that begins with a dash is no flag.
  if (!flag) return [`--set=${name}=${value}`];
  if (flag.name?.startsWith('--no-')) return value === false ? [flag.name] : [];
  if (option.type.kind === 'boolean') return value === true ? [flag.name ?? flagOf(name)] : [];
  if (name === 'classWeight' && value === 'none') return [];
  return [`${flag.name ?? flagOf(name)}=${value}`];
}

/** Whether a field is one of the recipe's settings, as `withSettings` takes them. */
export function isSetting(name: string): boolean {
  if (name === 'optimizer' || name === 'learningRate') return true;
  const option = optionNamed(name);
  return !option || option.setting !== undefined || option.flag === undefined;
}
