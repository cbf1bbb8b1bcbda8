import { HarrierError, unknownName } from '../errors.ts';

type Parser<T> = (text: string) => T;

function bad(option: string, expected: string, received: string): HarrierError {
  return new HarrierError('bad-option', 'this cannot be its value', {
    where: option,
    expected,
    received: `"${received}"`,
  });
}

/** Reads a whole number. @throws HarrierError `bad-option` */
export function wholeNumber(option: string, { atLeast = 1 } = {}): Parser<number> {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text.trim()) && Number.isSafeInteger(value) && value >= atLeast) return value;
    throw bad(option, `a whole number of at least ${atLeast}`, text);
  };
}

/** Reads a time, such as `90s`, `1h30m` or `2d`. @returns seconds @throws HarrierError `bad-option` */
export function duration(option: string, { atMostDays = Number.POSITIVE_INFINITY } = {}): Parser<number> {
  return (text) => {
    const parts = text.trim().match(/^(?:([\d.]+)d)?(?:([\d.]+)h)?(?:([\d.]+)m)?(?:([\d.]+)s)?$/);
    const [days, hours, minutes, seconds] = [1, 2, 3, 4].map((i) => Number(parts?.[i] ?? 0));
    const total = 86_400 * days + 3600 * hours + 60 * minutes + seconds;
    if (total > 0 && total <= 86_400 * atMostDays) return total;
    const most = Number.isFinite(atMostDays) ? `, of at most ${atMostDays}d` : '';
    throw bad(option, `a time, such as 90s, 1h30m or 2d${most}`, text);
  };
}

interface Range {
  readonly above?: number;
  readonly atLeast?: number;
  readonly below?: number;
}

/** Reads a number. @throws HarrierError `bad-option` */
export function number(option: string, { above, atLeast, below }: Range): Parser<number> {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    const fits =
      Number.isFinite(value) &&
      (above === undefined || value > above) &&
      (atLeast === undefined || value >= atLeast) &&
      (below === undefined || value < below);
    if (fits) return value;
    const bounds = [
      ...(above === undefined ? [] : [`above ${above}`]),
      ...(atLeast === undefined ? [] : [`of at least ${atLeast}`]),
      ...(below === undefined ? [] : [`below ${below}`]),
    ];
    throw bad(option, `a number ${bounds.join(' and ')}`, text);
  };
}

/** For an option that may be given several times, or hold several words: all that was typed. */
export function collect(text: string, before: readonly string[] = []): string[] {
  return [...before, ...text.split(/\s+/).filter((word) => word !== '')];
}

/** Reads one of several words. @throws HarrierError `bad-option` with the nearest */
export function oneOf<T extends string>(option: string, choices: readonly T[]): Parser<T> {
  return (text) => {
    const choice = choices.find((each) => each === text);
    if (choice !== undefined) return choice;
    throw unknownName(`value of ${option}`, text, choices);
  };
}

/** Reads `name=number` pairs with commas between. @throws HarrierError `bad-option` */
export function numbersByName(option: string): Parser<Readonly<Record<string, number>>> {
  return (text) =>
    Object.fromEntries(
      text.split(',').map((pair) => {
        const [, name, value] = /^\s*(.+?)\s*=\s*(\S+)\s*$/.exec(pair) ?? [];
        if (name !== undefined && Number.isFinite(Number(value))) return [name, Number(value)];
        throw bad(option, 'balanced, or pairs such as cat=2,dog=0.5', text);
      }),
    );
}
