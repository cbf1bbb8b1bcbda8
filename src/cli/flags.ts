import { type Command, Option as Flag } from 'commander';
import { augmentationList } from '../data/augmentation/words.ts';
import { type CommandName, flagOf, type Option } from '../options/option.ts';
import { readText } from '../options/read.ts';
import { OPTIONS, type OptionName, optionsOf } from '../options/table.ts';
import { collect } from './values.ts';

/** The flags of all options that the table gives a command. */
export function withOptionsOf(target: Command, command: CommandName): Command {
  for (const [name, option] of optionsOf(command)) {
    // A sweep keeps lists as they were typed: each trial reads them anew.
    const make = command === 'sweep' && isList(option) ? untypedFlag : typedFlag;
    addFlags(target, name, make(name, option, option.flag?.helpOf?.[command]), option);
  }
  return target;
}

/** Flags of options by their names, with other help where that is given. */
export function withOptions(
  target: Command,
  names: readonly OptionName[],
  help: Partial<Record<OptionName, string>> = {},
): Command {
  for (const name of names) addFlags(target, name, typedFlag(name, OPTIONS[name], help[name]), OPTIONS[name]);
  return target;
}

/** Adds a flag and the one that its option had before: both set the value under the option's own name. */
export function addFlags(target: Command, name: string, flag: Flag, { flag: described }: Option): void {
  const flags = [flag];
  if (described?.formerly !== undefined) {
    const former = new Flag([described.formerly, described.value ?? ''].join(' ').trim()).hideHelp();
    if (flag.parseArg) former.argParser(flag.parseArg);
    flags.push(former);
    for (const each of flags) each.attributeName = () => name;
  }
  for (const each of flags) target.addOption(each);
}

function isList({ type: { kind } }: Option): boolean {
  return kind === 'augmentation' || kind === 'classWeight' || kind === 'resolution';
}

/** An option's flag, which reads its text as the option's type. */
function typedFlag(name: string, option: Option, help?: string): Flag {
  const flag = untypedFlag(name, option, help);
  if (option.type.kind === 'boolean') return flag;
  if (option.type.kind === 'texts') return flag.argParser(collect);
  return flag.argParser((text) => readOption(option, text, flag.long!));
}

/**
 * Reads the value of an option from one text.
 * @throws HarrierError `bad-option` for a text that is no value of its type
 */
export function readOption({ type }: Option, text: string, where: string): unknown {
  if (type.kind === 'texts') return collect(text);
  return type.kind === 'augmentation' ? augmentationList(text) : readText(type, text, where);
}

/** The same, for texts that are read later. */
export function untypedFlag(name: string, option: Option, help = helpOf(option)): Flag {
  const { flag } = option;
  return new Flag([flag?.name ?? flagOf(name), flag?.value ?? ''].join(' ').trim(), help);
}

/** What an option does, and its default. */
function helpOf({ help, default: value }: Option): string {
  return value === undefined ? help : `${help} (default: ${value})`;
}
