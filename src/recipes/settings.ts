import { resolutionOver } from '../data/resolution.ts';
import { HarrierError, unknownName } from '../errors.ts';
import { highestRate, type OptimizerConfig, optimizerFrom, withHighestRate } from '../optimizers/index.ts';
import type { Option } from '../options/option.ts';
import { isInRange, rangeWords } from '../options/range.ts';
import { optionsWhere } from '../options/table.ts';
import type { OptionValue, TrainingMethod } from './recipe.ts';

/** Values for a recipe's settings, by name: those of its network, those that all recipes have, its optimizer's. */
export type Settings = Readonly<Record<string, OptionValue>>;

/** Settings that every recipe has, all of them numbers; those that are off until given included. */
const GENERAL: Readonly<Record<string, Option>> = Object.fromEntries(optionsWhere(({ setting }) => setting));

/** The value of a setting that every recipe has; undefined where it is off. */
function generalValue(recipe: TrainingMethod, name: string): unknown {
  const { setting, field = name } = GENERAL[name];
  const value = field.split('.').reduce<unknown>((at, key) => Object(at)[key], recipe);
  return value ?? setting?.value;
}

function withField<T extends object>(target: T, [key, ...rest]: readonly string[], value: unknown): T {
  const below =
    rest.length === 0 ? value : withField(Object((target as Record<string, unknown>)[key]), rest, value);
  return { ...target, [key]: below };
}

/** Options that every optimizer has and that are off unless given. */
const OPTIMIZER_EXTRAS = ['clipNorm', 'globalClipNorm', 'clipValue'];

/** Numbers that are settings even where a recipe says nothing of them. */
const EXTRAS = [...Object.keys(GENERAL), ...OPTIMIZER_EXTRAS];

/** Names that a recipe's own options cannot have, because they are settings of all recipes. */
export const GENERAL_SETTINGS: readonly string[] = [...Object.keys(GENERAL), 'optimizer', 'learningRate'];

/** Every setting of a recipe that is on, with its value: first its network's own options. Of a schedule, the highest rate. */
export function settingsOf(recipe: TrainingMethod): Settings {
  const { name, learningRate, ...options } = optimizerFrom(recipe.optimizer).config;
  const general = Object.keys(GENERAL).map((setting) => [setting, generalValue(recipe, setting)]);
  const values = (entries: unknown[][]) => Object.fromEntries(entries.filter(([, value]) => isValue(value)));
  return {
    ...recipe.options,
    ...values(general),
    optimizer: name,
    learningRate: highestRate(learningRate),
    ...values(Object.entries(options)),
  };
}

/**
 * The same recipe with other defaults. A learning rate replaces the highest of a schedule, which keeps its shape;
 * another optimizer comes with defaults of its own.
 *
 * @throws HarrierError `bad-option` for a setting that the recipe does not have, or a value that it cannot take
 */
export function withSettings<R extends TrainingMethod>(recipe: R, settings: Settings): R {
  const { optimizer, ...rest } = settings;
  const base = optimizer === undefined ? recipe : withOptimizer(recipe, optimizer);
  const known = settingsOf(base);
  let result = base;
  for (const [name, value] of Object.entries(rest)) {
    const kind = kindOf(base, known, name);
    if (typeof value !== kind || Number.isNaN(value)) throw badValue(recipe, name, WORDS[kind], value);
    result = withSetting(result, base, name, value);
  }
  // Only all together: some options of an optimizer depend on others.
  optimizerFrom(result.optimizer);
  return result;
}

function withOptimizer<R extends TrainingMethod>(recipe: R, value: OptionValue): R {
  const { name } = optimizerFrom({ name: String(value) });
  return name === optimizerFrom(recipe.optimizer).name ? recipe : { ...recipe, optimizer: { name } };
}

/** @param base the recipe before its other settings are changed */
function withSetting<R extends TrainingMethod>(recipe: R, base: R, name: string, value: OptionValue): R {
  if (recipe.options && Object.hasOwn(recipe.options, name)) {
    return { ...recipe, options: { ...recipe.options, [name]: value } };
  }
  if (Object.hasOwn(GENERAL, name)) {
    const { type, field = name } = GENERAL[name];
    if (type.kind === 'number' && !isInRange(value, type)) {
      throw badValue(recipe, name, rangeWords(type), value);
    }
    const changed = withField(recipe, field.split('.'), value);
    const { resolution, epochs } = recipe;
    if (name !== 'epochs' || !resolution) return changed;
    return { ...changed, resolution: resolutionOver(resolution, epochs, value as number) };
  }
  const { optimizer } = recipe;
  if (name !== 'learningRate')
    return { ...recipe, optimizer: withOption(optimizer, base.optimizer, name, value) };
  return { ...recipe, optimizer: withLearningRate(optimizer, value as number) };
}

/**
 * The same optimizer with another option, also in those groups of parameters that had it in common.
 * @param base the optimizer before: options that depend on each other are changed one by one
 */
function withOption(
  optimizer: OptimizerConfig,
  base: OptimizerConfig,
  name: string,
  value: OptionValue,
): OptimizerConfig {
  const { groups } = optimizer;
  const own = optimizerFrom(base).config;
  const changed = (group: unknown, i: number): unknown => {
    const theirs = optimizerFrom(optimizerOf((base.groups as readonly unknown[])[i])).config;
    const isShared = theirs.name === own.name && theirs[name] === own[name];
    return isShared ? { ...Object(group), optimizer: { ...optimizerOf(group), [name]: value } } : group;
  };
  return { ...optimizer, [name]: value, ...(Array.isArray(groups) && { groups: groups.map(changed) }) };
}

/** The optimizer of a group, which may be named alone. */
function optimizerOf(group: unknown): OptimizerConfig {
  const { optimizer } = Object(group) as { optimizer: string | OptimizerConfig };
  return typeof optimizer === 'string' ? { name: optimizer } : optimizer;
}

/** The same optimizer with another highest rate; those of its groups of parameters change in proportion. */
function withLearningRate(optimizer: OptimizerConfig, rate: number): OptimizerConfig {
  const { name, learningRate: given, vectorLearningRate, groups } = optimizer;
  // With its defaults: where a schedule ends is a part of its shape. Muon has a rate for what it leaves to its AdamW.
  const { learningRate: own, vectorLearningRate: vectors } = optimizerFrom({
    name,
    ...(given !== undefined && { learningRate: given }),
    ...(vectorLearningRate !== undefined && { vectorLearningRate }),
  }).config;
  const factor = rate / highestRate(own);
  const inProportion = (group: unknown): unknown => {
    const others = optimizerOf(group);
    const { learningRate: old } = optimizerFrom({
      name: others.name,
      ...(others.learningRate !== undefined && { learningRate: others.learningRate }),
    }).config;
    const learningRate = withHighestRate(old, highestRate(old) * factor);
    return { ...Object(group), optimizer: { ...others, learningRate } };
  };
  return {
    ...optimizer,
    learningRate: withHighestRate(own, rate),
    ...(vectors !== undefined &&
      Number.isFinite(factor) && {
        vectorLearningRate: withHighestRate(vectors, highestRate(vectors) * factor),
      }),
    ...(Array.isArray(groups) && Number.isFinite(factor) && { groups: groups.map(inProportion) }),
  };
}

/** The type of a setting's values: that of its default. */
function kindOf(recipe: TrainingMethod, known: Settings, name: string): string {
  if (Object.hasOwn(known, name)) return typeof known[name];
  if (EXTRAS.includes(name)) return 'number';
  throw unknownName(`setting of ${recipe.name}`, name, new Set([...Object.keys(known), ...EXTRAS]));
}

const WORDS: Readonly<Record<string, string>> = {
  number: 'a number',
  boolean: 'true or false',
  string: 'a word',
};

/**
 * Reads `name=value` as a person types it: a number, `true` or `false`, or a word, as the setting's default is.
 * @throws HarrierError `bad-option`
 */
export function readSetting(recipe: TrainingMethod, text: string): [name: string, value: OptionValue] {
  const at = text.indexOf('=');
  if (at < 1) {
    throw new HarrierError('bad-option', 'this is not a setting', {
      where: '--set',
      expected: 'name=value, such as epochs=5',
      received: `"${text}"`,
    });
  }
  const name = text.slice(0, at).trim();
  return [name, readValue(recipe, name, text.slice(at + 1))];
}

/** Reads the value of one setting, as `readSetting` does. */
export function readValue(recipe: TrainingMethod, name: string, text: string): OptionValue {
  const kind = kindOf(recipe, settingsOf(recipe), name);
  const word = text.trim();
  if (kind === 'string' && word !== '') return word;
  if (kind === 'boolean' && (word === 'true' || word === 'false')) return word === 'true';
  if (kind === 'number' && word !== '' && Number.isFinite(Number(word))) return Number(word);
  throw badValue(recipe, name, WORDS[kind], word);
}

/** All that is typed after `--set`, in order: the last of two for one setting counts. */
export function readSettings(recipe: TrainingMethod, texts: readonly string[]): Settings {
  // The optimizer decides which other settings there are.
  const chosen = texts.filter((text) => /^\s*optimizer\s*=/.test(text)).at(-1);
  const base = chosen ? withSettings(recipe, Object.fromEntries([readSetting(recipe, chosen)])) : recipe;
  return Object.fromEntries(texts.map((text) => readSetting(base, text)));
}

function badValue({ name: where }: TrainingMethod, setting: string, expected: string, received: unknown) {
  return new HarrierError('bad-option', `${setting} cannot have this value`, {
    where,
    expected,
    received: JSON.stringify(received),
  });
}

function isValue(value: unknown): value is OptionValue {
  return ['number', 'string', 'boolean'].includes(typeof value);
}

/** `activation=relu filters=32`, as `--set` takes them. */
export function settingsText(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}
