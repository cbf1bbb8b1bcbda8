import { HarrierError } from '../../errors.ts';
import { flagOf } from '../../options/option.ts';
import { readText } from '../../options/read.ts';
import { OPTIONS } from '../../options/table.ts';
import { TUNED_PART, type TunedPart } from '../../options/words.ts';
import { givenSettings, newRun, type TrainOptions } from '../../platform/node/runs/new-run.ts';
import { findRecipe } from '../../platform/node/runs/recipe-files.ts';
import {
  fineTuningMethod,
  networkOf,
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
const OF_FINE_TUNING = ['head', 'trainable'] as const satisfies (keyof TrainOptions)[];

/** @throws HarrierError when there is no such recipe or model, or a setting cannot be used */
export async function sweptMethod(given: SweepOptions): Promise<SweptMethod> {
  return given.from === undefined ? recipeMethod(given) : fineTuning(given);
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
    options: Object.fromEntries(OF_FINE_TUNING.map((name) => [name, refused(name)])),
    check: async (settings, images) => {
      const side = given.imageSize ?? recipe.imageSize;
      networkOf(withSettings(recipe, settings), { inputShape: [side, side, 3], classes: 10 });
      const { options, ...method } = await newRun(asTrainOptions(withTrial(given, settings)));
      return plannedOptions(options, images, method).epochs;
    },
  };
}

async function fineTuning(given: SweepOptions): Promise<SweptMethod> {
  const { vary, ...common } = given;
  const { from } = await newRun({ ...asTrainOptions(common), head: undefined, trainable: undefined });
  // A rate or a batch that varies is one of training by steps: of all layers, unless said otherwise.
  const part = TUNED_PART.test(given.trainable ?? '') ? (given.trainable as TunedPart) : 'all';
  const found = fineTuningMethod(from!.network, part);
  const fixed = givenSettings(found, asTrainOptions(common));
  return {
    method: withSettings(found, fixed),
    fixed,
    options: Object.fromEntries(
      OF_FINE_TUNING.map((name) => [
        name,
        (text) => `${readText(OPTIONS[name].type, text, `--vary ${name}`)}`,
      ]),
    ),
    check: async (settings, images) => {
      const { options, chosen, ...method } = await newRun(asTrainOptions(withTrial(common, settings)));
      return plannedOptions(options, images, { from: method.from, chosen }).epochs;
    },
  };
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
  return (OF_FINE_TUNING as readonly string[]).includes(name);
}

/** @throws HarrierError `bad-option` where an option is given that varies too */
export function checkGivenOnce(given: SweepOptions, names: readonly string[]): void {
  const both = OF_FINE_TUNING.find((name) => names.includes(name) && given[name] !== undefined);
  if (both === undefined) return;
  throw new HarrierError('bad-option', `${both} is set by ${flagOf(both)} and by --vary`, {
    where: '--vary',
    next: 'Leave out one of the two.',
  });
}
