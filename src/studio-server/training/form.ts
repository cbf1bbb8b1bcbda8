import { AUGMENTATION_SETS } from '../../data/augmentation/index.ts';
import { TEST_TIME_AUGMENTATIONS } from '../../data/views.ts';
import { ACTIVATION_NAMES } from '../../layers/activations.ts';
import { optimizerNames } from '../../optimizers/names.ts';
import { type Recipe, settingsOf } from '../../recipes/index.ts';
import type { OptionValue, RecipeField, RecipeForm } from '../api.ts';

type Known = Partial<Omit<RecipeField, 'name' | 'default'>>;

const COUNT: Known = { type: 'integer', minimum: 1 };
const SHARE: Known = { type: 'number', minimum: 0, maximum: 1 };

/** What is known of settings by their names; of others their defaults tell. */
const SETTINGS: Readonly<Record<string, Known>> = {
  epochs: { ...COUNT, advanced: false, help: 'Times to go through the training images.' },
  batchSize: { ...COUNT, advanced: false, help: 'Images of one step.' },
  learningRate: {
    type: 'number',
    minimum: 0,
    advanced: false,
    help: 'How far a step goes; of a schedule, the highest rate.',
  },
  validationSplit: {
    ...SHARE,
    advanced: false,
    help: 'Share of the training images to judge each epoch by, instead of training on them.',
  },
  optimizer: {
    type: 'choice',
    choices: optimizerNames,
    help: 'What makes a step of a gradient. Another one comes with a learning rate of its own.',
  },
  microBatch: { ...COUNT, help: 'Images that go through the network at once; a larger batch goes in parts.' },
  averageMomentum: {
    ...SHARE,
    help: 'Judge and keep an average of the weights, of which so much stays at each step.',
  },
  labelSmoothing: { ...SHARE, help: 'Share of each target that is spread over all classes.' },
  momentum: { ...SHARE, help: 'Share of the last step that the next one keeps.' },
  nesterov: { help: 'Look ahead along the momentum.' },
  weightDecay: { type: 'number', minimum: 0, help: 'How much weights shrink at each step.' },
  dropout: { ...SHARE, help: 'Share of values that a step leaves out.' },
  activation: {
    type: 'choice',
    choices: ACTIVATION_NAMES,
    help: 'What becomes of the values between layers.',
  },
  clipNorm: { type: 'number', minimum: 0, help: "Longest that each parameter's gradient may be." },
  globalClipNorm: { type: 'number', minimum: 0, help: 'Longest that all gradients together may be.' },
  clipValue: { type: 'number', minimum: 0, help: 'Largest that one value of a gradient may be.' },
};

/** Options of `harrier train` besides a recipe's settings, with the flag of each. */
const OPTIONS: Readonly<
  Record<string, Known & { readonly flag: string; readonly of: (recipe: Recipe) => OptionValue | null }>
> = {
  augment: {
    flag: '--augment',
    of: () => null,
    label: 'Augmentation',
    type: 'list',
    choices: Object.keys(AUGMENTATION_SETS),
    advanced: false,
    help: "Random changes of the training images: a set, or words such as flip,translation=4. Empty: the recipe's own.",
  },
  earlyStopping: {
    ...COUNT,
    flag: '--early-stopping',
    of: () => null,
    help: 'End after so many epochs without a lower validation loss.',
  },
  limit: {
    ...COUNT,
    flag: '--limit',
    of: () => null,
    label: 'Images',
    help: 'Use so many training images only.',
  },
  imageSize: {
    ...COUNT,
    maximum: 4096,
    flag: '--image-size',
    of: () => null,
    label: 'Image size',
    help: 'Side of the square that images are scaled to.',
  },
  seed: {
    type: 'integer',
    minimum: 0,
    flag: '--seed',
    of: () => 1,
    help: 'Everything random follows from it: the same seed gives the same run.',
  },
  threads: {
    ...COUNT,
    flag: '--threads',
    of: () => null,
    help: 'Processor cores to use; all when left empty.',
  },
  sampling: {
    type: 'choice',
    choices: ['natural', 'balanced'],
    flag: '--sampling',
    of: ({ sampling }) => sampling ?? 'natural',
    help: 'Natural: each image once an epoch. Balanced: every class equally often.',
  },
  classWeight: {
    type: 'choice',
    choices: ['none', 'balanced'],
    flag: '--class-weight',
    of: () => 'none',
    label: 'Class weights',
    help: 'Balanced: all classes count alike, however many images they have.',
  },
  tta: {
    type: 'choice',
    choices: TEST_TIME_AUGMENTATIONS,
    flag: '--tta',
    of: ({ testTimeAugmentation }) => testTimeAugmentation ?? 'none',
    label: 'Test-time augmentation',
    help: 'Views of each image that the finished model averages.',
  },
  calibrate: {
    type: 'boolean',
    flag: '--no-calibrate',
    of: () => true,
    help: 'Fit a temperature on the validation images, so that probabilities mean what they say.',
  },
};

/** Settings that have an option of their own; the others go as `--set name=value`. */
const OWN_FLAGS: Readonly<Record<string, string>> = {
  epochs: '--epochs',
  batchSize: '--batch-size',
  learningRate: '--learning-rate',
  optimizer: '--optimizer',
  validationSplit: '--validation-split',
  microBatch: '--micro-batch',
  averageMomentum: '--average-momentum',
};

/** Settings that are off until given, and worth a field. */
const OFF = ['microBatch', 'averageMomentum', 'globalClipNorm'];

/** What a person may fill in before a run of a recipe: its settings first, those that most change at the top. */
export function recipeForm(recipe: Recipe): RecipeForm {
  const settings = settingsOf(recipe);
  const own = Object.keys(recipe.options ?? {});
  const fields = [
    ...Object.entries(settings).map(([name, value]) => settingField(name, value, own.includes(name))),
    ...OFF.filter((name) => settings[name] === undefined).map((name) => settingField(name, null, false)),
    ...Object.entries(OPTIONS).map(([name, { flag: _, of, ...known }]) => field(name, of(recipe), known)),
  ];
  const rank = ({ name, advanced }: RecipeField) =>
    advanced ? 100 : ['epochs', 'batchSize', 'learningRate', 'augment', 'validationSplit'].indexOf(name);
  return {
    name: recipe.name,
    summary: recipe.description,
    target: recipe.target,
    fields: fields.sort((a, b) => rank(a) - rank(b)),
  };
}

function settingField(name: string, value: OptionValue | null, isOwn: boolean): RecipeField {
  const known = SETTINGS[name] ?? {};
  return field(name, value, {
    ...(isOwn && { help: "An option of the recipe's network." }),
    ...(isOwn && value !== null && ACTIVATION_NAMES.some((each) => each === value)
      ? SETTINGS.activation
      : {}),
    ...known,
  });
}

function field(name: string, value: OptionValue | null, known: Known): RecipeField {
  return {
    name,
    label: known.label ?? wordsOf(name),
    type: known.type ?? typeOf(value),
    default: value,
    ...(known.choices && { choices: known.choices }),
    ...(known.minimum !== undefined && { minimum: known.minimum }),
    ...(known.maximum !== undefined && { maximum: known.maximum }),
    help: known.help ?? 'An option of the optimizer.',
    advanced: known.advanced ?? true,
  };
}

function typeOf(value: OptionValue | null): RecipeField['type'] {
  if (typeof value === 'boolean') return 'boolean';
  if (typeof value === 'string') return 'list';
  return Number.isInteger(value) && Number(value) > 1 ? 'integer' : 'number';
}

/** `batchSize` → `Batch size`. */
function wordsOf(name: string): string {
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words[0].toUpperCase() + words.slice(1);
}

/** The words of `harrier train` that stand for a field's value. */
export function flagsOf(name: string, value: OptionValue): string[] {
  if (name === 'calibrate') return value === false ? ['--no-calibrate'] : [];
  if (name === 'classWeight' && value === 'none') return [];
  const flag = OPTIONS[name]?.flag ?? OWN_FLAGS[name];
  // In one word: a value that begins with a dash is no flag.
  return flag ? [`${flag}=${value}`] : [`--set=${name}=${value}`];
}

/** Whether a field is one of the recipe's settings, as `withSettings` takes them. */
export function isSetting(name: string): boolean {
  return !Object.hasOwn(OPTIONS, name);
}
