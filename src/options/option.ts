import type { NumberRange } from './range.ts';

/** The values that an option takes. Plain data: help is printed from it, and no schema is made for that. */
export type OptionType =
  | ({ readonly kind: 'number' } & NumberRange)
  | { readonly kind: 'boolean' }
  /** With `expected`, blanks are refused in these words: a variable of the shell that is not set. */
  | { readonly kind: 'text'; readonly expected?: string }
  /** One text for each time that the flag is given, or several with spaces between. */
  | { readonly kind: 'texts' }
  | {
      readonly kind: 'choice';
      readonly choices: readonly string[];
      /** What they are called in an error; then capitals do not matter either. */
      readonly noun?: string;
    }
  /** Seconds, typed as `90s`, `1h30m` or `2d`; a number alone is refused, or means minutes. */
  | { readonly kind: 'duration'; readonly atMostDays?: number; readonly alone?: 'minutes' }
  /** One number, or three for red, green and blue, with commas between. */
  | { readonly kind: 'colour' }
  /** `head`, `last:2` or `all`. */
  | { readonly kind: 'tunedPart' }
  /** Names with commas between; `image=image_name,label=breed`; `dog=husky+beagle`. */
  | { readonly kind: 'names' | 'columns' | 'merge' }
  /** See `data/augmentation`, `data/class-weight.ts`, `data/resolution.ts`. */
  | { readonly kind: 'augmentation' | 'classWeight' | 'resolution' };

/** The commands whose flags are made from the table. */
export type CommandName = 'train' | 'sweep' | 'lr-find';

/** All that Harrier knows of an option: flags, settings, hyperparameters and forms are made from it. */
export interface Option {
  readonly type: OptionType;
  /** What it does, as a phrase for lists: `images per step`. */
  readonly help: string;
  /** The default in words, for help: `the recipe's`. */
  readonly default?: string;
  /** On the command line; absent where `--set name=value` is the only way. */
  readonly flag?: FlagOfOption;
  /** Every recipe has it as a setting, so `--set`, `--vary` and `withSettings` take it. */
  readonly setting?: SettingOfOption;
  /** Whether a recipe's file must say it, or may. */
  readonly recipe?: 'needed' | 'optional';
  /** Its field in a recipe and in `run.json`, where that has another name; a dot leads into an object. */
  readonly field?: string;
  /** Whether each `run.json` has it, or only those where it was given; the schema there agrees. Absent: it is not kept. */
  readonly recorded?: 'always' | 'if given';
  /** Whether a run that is resumed may get another value; `more`: a larger one. Default: it keeps its own. */
  readonly onResume?: 'may change' | 'more';
  /** In Studio's form for a new run. */
  readonly form?: FormOfOption;
}

interface FlagOfOption {
  readonly of: readonly CommandName[];
  /** What follows it, in help: `<count>`, or `[model]` where it may be left out. */
  readonly value?: string;
  /** Where it is not the option's name with hyphens: `--no-calibrate`. */
  readonly name?: string;
  /** A name that it had before, which goes on working and is in no help. */
  readonly formerly?: string;
  /** Help of a command that means something else, or knows another default. */
  readonly helpOf?: Partial<Record<CommandName, string>>;
  /** SageMaker's jobs decide it themselves, or have no use for it: no hyperparameter. */
  readonly notForJobs?: true;
  /** Of SageMaker's jobs, where they take other values than the commands here or have other flags. */
  readonly ofJobs?: { readonly help: string; readonly value?: string };
  /** What people type for it who come from elsewhere, with what to type: `{ '--gpu': '--device gpu' }`. */
  readonly insteadOf?: Readonly<Record<string, string>>;
}

interface SettingOfOption {
  /** What a recipe that does not name it has; absent: it is off. */
  readonly value?: number;
  /** Why it may not vary from trial to trial of a sweep. */
  readonly sharedByTrials?: string;
}

interface FormOfOption {
  /** Default: the name as words, `Batch size`. */
  readonly label?: string;
  /** A whole sentence. */
  readonly help: string;
  /** Its place among the fields that are always shown; the others are under "advanced". */
  readonly place?: number;
  /** Largest value that the form takes. */
  readonly maximum?: number;
  /** Words that the form offers, where its field is one of a few words. */
  readonly choices?: readonly string[];
  /** What the field holds at first, where the recipe says nothing. Default: it is empty. */
  readonly value?: number | string | boolean;
  /** Shown for a recipe that leaves it off. */
  readonly shownWhenOff?: true;
}

/** An option as it is typed: `--batch-size` for `batchSize`. */
export function flagOf(name: string): string {
  return `--${kebabCase(name)}`;
}

/** `batch-size` for `batchSize` and `batch_size`. */
export function kebabCase(name: string): string {
  return name.replaceAll('_', '-').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
