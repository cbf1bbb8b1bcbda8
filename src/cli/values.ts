import type { OptionType } from '../options/option.ts';
import type { NumberRange } from '../options/range.ts';
import { readText } from '../options/read.ts';

/** Reads what is typed after a flag that one command alone has; flags of the table of options come from `flags.ts`. */
type Parser<T> = (text: string) => T;

function parser<T>(flag: string, type: OptionType): Parser<T> {
  return (text) => readText(type, text, flag) as T;
}

/** Reads a whole number. @throws HarrierError `bad-option` */
export function wholeNumber(flag: string, { atLeast = 1 } = {}): Parser<number> {
  return parser(flag, { kind: 'number', whole: true, atLeast });
}

/** Reads a number. @throws HarrierError `bad-option` */
export function number(flag: string, range: NumberRange): Parser<number> {
  return parser(flag, { kind: 'number', ...range });
}

/** Reads a time, such as `90s`, `1h30m` or `2d`. @returns seconds @throws HarrierError `bad-option` */
export function duration(flag: string, { atMostDays }: { atMostDays?: number } = {}): Parser<number> {
  return parser(flag, { kind: 'duration', atMostDays });
}

/** Reads one of several words. @throws HarrierError `bad-option` with the nearest */
export function oneOf<T extends string>(flag: string, choices: readonly T[]): Parser<T> {
  return parser(flag, { kind: 'choice', choices });
}

/** For an option that may be given several times, or hold several words: all that was typed. */
export function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, ...text.split(/\s+/).filter((word) => word !== '')];
}
