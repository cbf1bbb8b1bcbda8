import { DATA } from './data.ts';
import type { CommandName, Option } from './option.ts';
import { PARTS } from './parts.ts';
import { REMOTE } from './remote.ts';
import { RUNNING } from './running.ts';
import { TRAINING } from './training.ts';
import type { ColumnNames, MergedClasses, TunedPart } from './words.ts';

/** Every option, by its name in the API, in the order of help. */
export const OPTIONS = { ...TRAINING, ...DATA, ...RUNNING, ...REMOTE } as const;

export type OptionName = keyof typeof OPTIONS;

/** Values that hold names. */
interface NameLists {
  readonly names: readonly string[];
  readonly columns: ColumnNames;
  readonly merge: MergedClasses;
}

/** The type of an option's values; those of lists are told by the rooms that know what is in them. */
type ValueOf<Type, Lists> = Type extends { readonly kind: 'number' | 'duration' }
  ? number
  : Type extends { readonly kind: 'boolean' }
    ? boolean
    : Type extends { readonly kind: 'texts' }
      ? readonly string[]
      : Type extends { readonly kind: 'choice'; readonly choices: readonly (infer Choice)[] }
        ? Choice
        : Type extends { readonly kind: 'colour' }
          ? readonly number[]
          : Type extends { readonly kind: 'tunedPart' }
            ? TunedPart
            : Type extends { readonly kind: keyof NameLists }
              ? NameLists[Type['kind']]
              : Type extends { readonly kind: infer Kind extends keyof Lists }
                ? Lists[Kind]
                : string;

/** Values of the options by name, as they are read from a command line. */
export type OptionValues<Lists> = {
  readonly [Name in OptionName]?: ValueOf<(typeof OPTIONS)[Name]['type'], Lists>;
};

/** The same, for those who look an option up by any name. */
const ALL: Readonly<Record<string, Option>> = { ...OPTIONS, ...PARTS };

/** Every option, and those of optimizers and networks, with their names. */
export const allOptions: readonly (readonly [name: string, option: Option])[] = Object.entries(ALL);

/** An option by its name; undefined where there is none. */
export function optionNamed(name: string): Option | undefined {
  return Object.hasOwn(ALL, name) ? ALL[name] : undefined;
}

/** Options with their names that fit a question, in the order of help. */
export function optionsWhere(
  fits: (option: Option) => unknown,
): (readonly [name: OptionName, option: Option])[] {
  return (Object.entries(OPTIONS) as [OptionName, Option][]).filter(([, option]) => fits(option));
}

/** Options of a command. */
export function optionsOf(command: CommandName) {
  return optionsWhere(({ flag }) => flag?.of.includes(command));
}

/** Options that are hyperparameters of a SageMaker job: those of `train` that a job does not decide itself. */
export function hyperparameters() {
  return optionsOf('train').filter(([, { flag }]) => !flag?.notForJobs);
}

/** The field of an option in a recipe and in `run.json`. */
export function fieldOf(name: string): string {
  return optionNamed(name)?.field ?? name;
}
