import { HarrierError } from '../../errors.ts';
import { isInRange, rangeWords } from '../../options/range.ts';
import { optionNamed } from '../../options/table.ts';
import { isObject } from '../../options/values.ts';
import { OPTIMIZERS } from '../../options/words.ts';
import type { TrainOptions } from '../../platform/node/runs/new-run.ts';
import { findRecipe } from '../../platform/node/runs/recipe-files.ts';
import { fineTuningMethod, type TrainingMethod, withSettings } from '../../recipes/index.ts';
import type { StartingModel } from '../../runs/starting-model.ts';
import type { OptionValue, RecipeField, WayKind } from '../api.ts';
import { FieldErrors } from '../respond.ts';
import { flagsOf, formFields, isSetting } from './form.ts';
import type { StartingPoints } from './starting-points.ts';

/** Reads the words after `harrier train` as the command does, without doing anything. @throws HarrierError */
export type ReadWords = (words: readonly string[]) => Promise<TrainOptions>;

/** A run that somebody wants: checked field by field, and as words for `harrier train`. */
export interface CheckedRequest {
  /** What its folder is called after. */
  readonly name: string;
  readonly kind: WayKind;
  /** Id of the data set. */
  readonly data: string;
  /** The model that is trained on. */
  readonly model?: StartingModel;
  readonly fields: readonly RecipeField[];
  /** Values that were given, by the names of their fields. */
  readonly given: ReadonlyMap<string, OptionValue>;
  /** A sentence for each field that does not fit. */
  readonly problems: Readonly<Record<string, string>>;
  /** Without the fields that do not fit. */
  readonly words: readonly string[];
}

/** What a request is read with. */
export interface RequestReader {
  readonly readWords: ReadWords;
  readonly points: StartingPoints;
  /** Whether images of a data set have several labels. */
  readonly isMultiLabel: (data: string) => Promise<boolean>;
}

/**
 * Reads what POST api/runs is sent.
 *
 * @throws HarrierError `bad-option` or `bad-data` when it is no such request, `not-found` for data or a model that there
 *   is not
 */
export async function readRequest(body: unknown, reader: RequestReader): Promise<CheckedRequest> {
  if (!isObject(body) || typeof body.data !== 'string' || !isMethod(body)) {
    throw new HarrierError('bad-data', 'this is not a request for a run', {
      expected: '{ recipe, data, options } or { from, trainable, data, options }',
    });
  }
  const options = body.options ?? {};
  if (!isObject(options))
    throw new HarrierError('bad-data', 'options must be an object', { where: 'options' });
  const multiLabel = await reader.isMultiLabel(body.data);
  // A map: a field may be called __proto__.
  const problems = new Map<string, string>();
  const {
    kind,
    method,
    model,
    words: own,
  } = await methodOf(body, reader.points, options.imageSize, problems);
  // Another optimizer has other options.
  const fields = formFields({ kind, method: withOptimizer(method, options.optimizer), multiLabel });
  const given = new Map<string, OptionValue>();
  for (const [name, value] of Object.entries(options)) {
    const field = fields.find((each) => each.name === name);
    const problem = field
      ? problemOf(field, value)
      : `There is no option "${name.slice(0, 40)}" of ${method.name}.`;
    if (problem !== undefined) problems.set(name, problem);
    else if (problems.has(name)) continue;
    else if (value !== null && value !== '') given.set(name, value as OptionValue);
  }
  if (problems.size === 0) checkSettings(method, given, problems);
  for (const [name, value] of given) {
    await reader.readWords(flagsOf(name, value)).catch((error) => {
      if (!(error instanceof HarrierError)) throw error;
      problems.set(name, withoutPlace(error));
    });
  }
  const kept = [...given].filter(([name]) => !problems.has(name));
  // Without a word, data of several labels is learned as such.
  const isSeveral = multiLabel && given.get('multiLabel') !== false;
  return {
    name: method.name,
    kind,
    data: body.data,
    ...(model && { model }),
    fields,
    given,
    problems: Object.fromEntries(problems),
    words: [
      ...own,
      ...(isSeveral ? ['--multi-label'] : []),
      ...kept.filter(([name]) => name !== 'multiLabel').flatMap(([name, value]) => flagsOf(name, value)),
    ],
  };
}

/** @throws FieldErrors with a sentence for each field that does not fit */
export function checkProblems({ problems }: Pick<CheckedRequest, 'problems'>): void {
  if (Object.keys(problems).length > 0) throw new FieldErrors(problems);
}

function isMethod({ recipe, from, trainable = 'head' }: Readonly<Record<string, unknown>>): boolean {
  if (typeof from === 'string') return recipe === undefined && (trainable === 'head' || trainable === 'all');
  return typeof recipe === 'string' && from === undefined;
}

/**
 * @param side the size of images that was asked for; a model that cannot take it is a problem of that field
 * @throws HarrierError `bad-option`, `not-found`
 */
async function methodOf(
  { recipe: name, from, trainable }: Readonly<Record<string, unknown>>,
  points: StartingPoints,
  side: unknown,
  problems: Map<string, string>,
): Promise<{ kind: WayKind; method: TrainingMethod; model?: StartingModel; words: string[] }> {
  if (typeof from === 'string') {
    const kind = trainable === 'all' ? 'all' : 'head';
    const own = await points.open(from);
    const model = await withSide(own, side, (imageSize) => points.open(from, imageSize), problems);
    const words = await points.words(from);
    const method = fineTuningMethod(model.network, kind);
    return { kind, method, model, words: kind === 'all' ? [...words, '--trainable=all'] : words };
  }
  // A path would be a program of somebody's choice.
  if (typeof name !== 'string' || !/^[\w.-]+$/.test(name) || /\.[cm]?[jt]s$/.test(name)) {
    throw new HarrierError('bad-option', 'a recipe must be given by its name', { where: 'recipe' });
  }
  const { recipe } = await findRecipe(name);
  return { kind: 'recipe', method: recipe, words: ['--recipe', recipe.name] };
}

/** The model for images of the size that was asked for, where it can take them. */
async function withSide(
  model: StartingModel,
  side: unknown,
  open: (side: number) => Promise<StartingModel>,
  problems: Map<string, string>,
): Promise<StartingModel> {
  const [height, width] = model.network.inputShape;
  if (typeof side !== 'number' || (side === height && side === width)) return model;
  // What is no size at all, the field itself says.
  if (!isInRange(side, { whole: true, atLeast: 1, atMost: optionNamed('imageSize')?.form?.maximum }))
    return model;
  try {
    return await open(side);
  } catch (error) {
    if (!(error instanceof HarrierError)) throw error;
    problems.set('imageSize', withoutPlace(error));
    return model;
  }
}

function withOptimizer(method: TrainingMethod, name: unknown): TrainingMethod {
  const isKnown = OPTIMIZERS.some((each) => each === name);
  return isKnown ? withSettings(method, { optimizer: name as string }) : method;
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

/** Finds settings that a method cannot have, each by itself. @throws HarrierError where they do not fit together */
function checkSettings(
  method: TrainingMethod,
  given: ReadonlyMap<string, OptionValue>,
  problems: Map<string, string>,
): void {
  const settings = [...given].filter(([name]) => isSetting(name));
  const optimizer = settings.filter(([name]) => name === 'optimizer');
  for (const [name, value] of settings) {
    try {
      withSettings(method, Object.fromEntries([...optimizer, [name, value]]));
    } catch (error) {
      if (!(error instanceof HarrierError)) throw error;
      problems.set(name, withoutPlace(error));
    }
  }
  if (problems.size === 0) withSettings(method, Object.fromEntries(settings));
}

/** A sentence for beside the field: that names the place. */
function withoutPlace(error: HarrierError): string {
  const { summary, details } = error;
  return new HarrierError(error.code, summary, { ...details, where: undefined }).message;
}
