import { HarrierError } from '../../errors.ts';
import { flagOf } from '../../options/option.ts';
import { readText } from '../../options/read.ts';
import { OPTIONS } from '../../options/table.ts';
import { TUNED_PART, type TunedPart } from '../../options/words.ts';
import { publicAddress } from '../../platform/node/backbones/public-address.ts';
import { givenSettings, type NewRun, newRun, type TrainOptions } from '../../platform/node/runs/new-run.ts';
import { findRecipe } from '../../platform/node/runs/recipe-files.ts';
import {
  fineTuningMethod,
  networkOf,
  type OptionValue,
  type Settings,
  type TrainingMethod,
  withSettings,
} from '../../recipes/index.ts';
import { plannedOptions } from '../../runs/plan-run.ts';
import type { VaryingOptions } from '../../sweeps/index.ts';
import { asTrainOptions, type SweepOptions, type TrialOptions } from './options.ts';

/** What the trials of a sweep have in common, and what may vary. */
export interface SweptMethod {
  /** With the settings that all trials share. */
  readonly method: TrainingMethod;
  /** Those settings. */
  readonly fixed: Settings;
  /** Options that may vary besides settings. */
  readonly options: VaryingOptions;
  /**
   * Checks a trial before the first begins.
   * @returns the epochs that it takes of so many training images
   */
  readonly check: (settings: Settings, images: number) => Promise<number>;
}

/** Options that vary where a model is fine-tuned. */
const OF_FINE_TUNING = ['from', 'head', 'trainable'] as const satisfies (keyof TrainOptions)[];
/** Options that vary whatever is trained: how images come to its size. */
const OF_IMAGES = ['resize', 'imageSize'] as const satisfies (keyof TrainOptions)[];
const ALL = [...OF_FINE_TUNING, ...OF_IMAGES];
/** Trials that differ in one of these see other pixels of the same images. */
const OF_PIXELS: readonly string[] = ['from', ...OF_IMAGES];

/** @throws HarrierError when there is no such recipe or model, or a setting cannot be used */
export async function sweptMethod(given: SweepOptions): Promise<SweptMethod> {
  const model = given.from ?? firstModel(given);
  return model === undefined ? recipeMethod(given) : fineTuning(given, model);
}

/** The first of the models that `--vary from=…` names. @throws HarrierError `bad-option` for an address with a secret */
function firstModel({ vary = [] }: SweepOptions): string | undefined {
  const [, values] = vary.map((text) => /^\s*from\s*=(.*)$/s.exec(text)).find((match) => match) ?? [];
  const first = values?.split(',')[0];
  if (first !== undefined) checkNoSecret(first);
  return first;
}

async function recipeMethod({ vary: _, ...given }: SweepOptions): Promise<SweptMethod> {
  const { recipe: found } = await findRecipe(given.recipe);
  const fixed = givenSettings(found, asTrainOptions(given));
  const recipe = withSettings(found, fixed);
  const refused = (name: string) => (): never => {
    throw new HarrierError('bad-option', `${name} varies only where a model is fine-tuned`, {
      where: '--vary',
      next: 'Name the model: --from MODEL.',
    });
  };
  return {
    method: recipe,
    fixed,
    options: {
      ...readers(OF_IMAGES),
      ...Object.fromEntries(OF_FINE_TUNING.map((name) => [name, refused(name)])),
    },
    check: async (settings, images) => {
      const trial = asTrainOptions(withTrial(given, settings));
      const side = trial.imageSize ?? recipe.imageSize;
      const own = Object.entries(settings).filter(([name]) => !isOption(name));
      networkOf(withSettings(recipe, Object.fromEntries(own)), { inputShape: [side, side, 3], classes: 10 });
      const { options, ...method } = await newRun(trial);
      return plannedOptions(options, images, method).epochs;
    },
  };
}

/** @param model the one that all trials have, or the first of those that vary */
async function fineTuning(given: SweepOptions, model: string | true): Promise<SweptMethod> {
  const { vary: _, ...common } = given;
  const { from } = await newRun({
    ...asTrainOptions(common),
    from: model,
    head: undefined,
    trainable: undefined,
  });
  // A rate or a batch that varies is one of training by steps: of all layers, unless said otherwise.
  const part = TUNED_PART.test(given.trainable ?? '') ? (given.trainable as TunedPart) : 'all';
  const found = fineTuningMethod(from!.network, part);
  const fixed = givenSettings(found, asTrainOptions(common));
  return {
    method: withSettings(found, fixed),
    fixed,
    options: readers(ALL),
    check: checkOfTrials(common),
  };
}

/** Each trial's model is opened once, and its weights are not kept. */
function checkOfTrials(common: Omit<SweepOptions, 'vary'>): SweptMethod['check'] {
  const known = new Map<string, Pick<NewRun, 'options' | 'from' | 'chosen'>>();
  let last: { readonly key: string; readonly from: NewRun['from'] } | undefined;
  return async (settings, images) => {
    const name = JSON.stringify(settings);
    let run = known.get(name);
    if (!run) {
      const key = JSON.stringify(pixelSettings(settings));
      const trial = asTrainOptions(withTrial(common, settings));
      run = await newRun(trial, undefined, last?.key === key ? last.from : undefined);
      last = { key, from: run.from };
      known.set(name, { ...run, from: { ...run.from!, weights: new Map() } });
    }
    const { options, from, chosen } = run;
    return plannedOptions(options, images, { from, chosen }).epochs;
  };
}

function readers(names: readonly (typeof ALL)[number][]): VaryingOptions {
  return Object.fromEntries(
    names.map((name) => [
      name,
      (text: string): OptionValue => {
        const value = readText(OPTIONS[name].type, text, `--vary ${name}`);
        if (name === 'from') checkNoSecret(text);
        return typeof value === 'number' ? value : `${value}`;
      },
    ]),
  );
}

/** @throws HarrierError `bad-option` for an address that the files of a sweep must not hold */
function checkNoSecret(from: string): void {
  if (publicAddress(from) === from) return;
  throw new HarrierError('bad-option', 'an address with a password or a signature cannot vary', {
    where: '--vary from',
    received: publicAddress(from),
    next: 'Download the model, and name its file.',
  });
}

/** Those settings of a trial that change the pixels of its images. */
export function pixelSettings(settings: Settings): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => OF_PIXELS.includes(name)));
}

/** The options of a trial: some of its settings are options of `train`. */
export function withTrial<T extends TrialOptions>(given: T, settings: Settings): T {
  const set = Object.entries(settings).filter(([name]) => !isOption(name));
  const options = Object.entries(settings).filter(([name]) => isOption(name));
  return {
    ...given,
    ...Object.fromEntries(options),
    set: [...(given.set ?? []), ...set.map(([name, value]) => `${name}=${value}`)],
  };
}

function isOption(name: string): boolean {
  return (ALL as readonly string[]).includes(name);
}

/** @throws HarrierError `bad-option` where an option is given that varies too */
export function checkGivenOnce(given: SweepOptions, names: readonly string[]): void {
  const both = ALL.find((name) => names.includes(name) && given[name] !== undefined);
  if (both === undefined) return;
  throw new HarrierError('bad-option', `${both} is set by ${flagOf(both)} and by --vary`, {
    where: '--vary',
    next: 'Leave out one of the two.',
  });
}
