import { TEST_TIME_AUGMENTATIONS } from '../data/views.ts';
import { HarrierError } from '../errors.ts';
import { optimizerFrom } from '../optimizers/index.ts';
import { isObject } from '../options/values.ts';
import type { Recipe } from './recipe.ts';
import { GENERAL_SETTINGS } from './settings.ts';

type Check = readonly [expected: string, fits: (value: unknown) => boolean];

const TEXT: Check = ['a text', (value) => typeof value === 'string' && value.trim() !== ''];
const COUNT: Check = [
  'a whole number of at least 1',
  (value) => Number.isInteger(value) && Number(value) >= 1,
];
const SHARE: Check = [
  'a number of at least 0 and below 1',
  (value) => isNumber(value) && value >= 0 && value < 1,
];

function optionalFunction(expected: string): Check {
  return [expected, (value) => value === undefined || typeof value === 'function'];
}

function optional([expected, fits]: Check): Check {
  return [`${expected}, or nothing`, (value) => value === undefined || fits(value)];
}

const FIELDS: Readonly<Record<string, Check>> = {
  name: [
    'letters, digits, ".", "_" and "-"',
    (value) => typeof value === 'string' && /^\w[\w.-]*$/.test(value),
  ],
  description: TEXT,
  target: [
    '{ accuracy, note }: a share from 0 to 1, and where it comes from',
    (value) => isObject(value) && isNumber(value.accuracy) && typeof value.note === 'string',
  ],
  epochs: COUNT,
  batchSize: COUNT,
  images: optional(COUNT),
  optimizer: ['{ name, …options }', (value) => isObject(value) && typeof value.name === 'string'],
  validationSplit: SHARE,
  microBatch: optional(COUNT),
  averageMomentum: optional(SHARE),
  testTimeAugmentation: optional([
    TEST_TIME_AUGMENTATIONS.map((views) => JSON.stringify(views)).join(' or '),
    (value) => TEST_TIME_AUGMENTATIONS.some((views) => views === value),
  ]),
  loss: optional([
    '{ labelSmoothing }: a number of at least 0 and below 1',
    (value) => isObject(value) && (value.labelSmoothing === undefined || SHARE[1](value.labelSmoothing)),
  ]),
  normalization: optional([
    '"data", or { mean, deviation }: three numbers each',
    (value) =>
      value === 'data' || (isObject(value) && Array.isArray(value.mean) && Array.isArray(value.deviation)),
  ]),
  imageSize: COUNT,
  layers: optionalFunction('a function that gives the layers'),
  outputs: optionalFunction('a function of an image that gives its scores'),
  options: [
    'an object of numbers, words, true and false',
    (value) =>
      value === undefined ||
      (isObject(value) &&
        Object.values(value).every((each) => ['number', 'string', 'boolean'].includes(typeof each))),
  ],
};

/**
 * Checks what is only known when it runs: that a value is a recipe.
 *
 * @param where what to call it in errors: its file
 * @throws HarrierError `bad-option` that names the field which does not fit
 */
export function checkRecipe(value: unknown, where: string): Recipe {
  if (!isObject(value)) {
    throw new HarrierError('bad-option', 'this is no recipe', {
      where,
      expected: 'an object with name, epochs, layers and so on',
      received: value === null ? 'null' : Array.isArray(value) ? 'a list' : typeof value,
    });
  }
  for (const [field, [expected, fits]] of Object.entries(FIELDS)) {
    if (fits(value[field])) continue;
    throw new HarrierError('bad-option', `the field "${field}" of this recipe does not fit`, {
      where,
      expected,
      received:
        value[field] === undefined ? 'nothing' : (JSON.stringify(value[field]) ?? typeof value[field]),
    });
  }
  const recipe = value as unknown as Recipe;
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
    throw new HarrierError('bad-option', `no option of a recipe can be called "${taken}"`, {
      where,
      next: 'All recipes have a setting of that name: choose another.',
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

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
