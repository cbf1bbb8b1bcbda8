import { HarrierError, unknownName } from '../errors.ts';
import { readColumns, readMerge, readNames } from './names.ts';
import type { OptionType } from './option.ts';
import { isInRange, type NumberRange, rangeWords } from './range.ts';
import { TUNED_PART, type TunedPart } from './words.ts';

/**
 * Reads the value of an option from what a person typed.
 *
 * @param where the flag, or the name of the hyperparameter
 * @throws HarrierError `bad-option` for a text that is no value of its type
 */
export function readText(type: OptionType, text: string, where: string): unknown {
  switch (type.kind) {
    case 'number':
      return readNumber(type, text, where);
    case 'boolean':
      return readBoolean(text, where);
    case 'choice':
      return readChoice(type, text, where);
    case 'duration':
      return readDuration(type, text, where);
    case 'colour':
      return readColour(text, where);
    case 'tunedPart':
      return readTunedPart(text, where);
    case 'classWeight':
      return readClassWeight(text, where);
    case 'resolution':
      return readResolution(text, where);
    case 'names':
      return readNames(text, where);
    case 'columns':
      return readColumns(text, where);
    case 'merge':
      return readMerge(text, where);
    case 'text':
      if (type.expected === undefined || text.trim() !== '') return text;
      throw bad(where, type.expected, text);
    default:
      return text;
  }
}

function bad(where: string, expected: string, text: string): HarrierError {
  return new HarrierError('bad-option', 'this value cannot be used', {
    where,
    expected,
    received: `"${text}"`,
  });
}

function readNumber(range: NumberRange, text: string, where: string): number {
  const word = text.trim();
  // 1e3 and 0x10 are whole, but nobody means them as counts.
  const value = word === '' || (range.whole && !/^-?\d+$/.test(word)) ? Number.NaN : Number(word);
  if (isInRange(value, range)) return value;
  throw bad(where, rangeWords(range), text);
}

function readBoolean(text: string, where: string): boolean {
  if (/^(true|1)$/i.test(text)) return true;
  if (/^(false|0)$/i.test(text)) return false;
  throw bad(where, 'true or false', text);
}

function readChoice({ choices, noun }: OptionType & { kind: 'choice' }, text: string, where: string): string {
  const asTyped = (word: string) => (noun === undefined ? word : word.trim().toLowerCase());
  const choice = choices.find((each) => asTyped(each) === asTyped(text));
  if (choice !== undefined) return choice;
  throw unknownName(noun ?? `value of ${where}`, text, choices);
}

/** `90s`, `1h30m`, `2d`: seconds. */
function readDuration(
  { atMostDays, alone }: Pick<OptionType & { kind: 'duration' }, 'atMostDays' | 'alone'>,
  text: string,
  where: string,
): number {
  const word = text.trim();
  const parts = (alone && /^[\d.]+$/.test(word) ? `${word}m` : word).match(
    /^(?:([\d.]+)d)?(?:([\d.]+)h)?(?:([\d.]+)m)?(?:([\d.]+)s)?$/,
  );
  const [days, hours, minutes, seconds] = [1, 2, 3, 4].map((i) => Number(parts?.[i] ?? 0));
  const total = 86_400 * days + 3600 * hours + 60 * minutes + seconds;
  if (total > 0 && total <= 86_400 * (atMostDays ?? Number.POSITIVE_INFINITY)) return total;
  const most = atMostDays === undefined ? '' : `, of at most ${atMostDays}d`;
  throw bad(where, `a time, such as 90s, 1h30m or 2d${most}`, text);
}

/** `0.485,0.456,0.406`, or one number for all three. */
function readColour(text: string, where: string): number[] {
  const words = text.split(',').map((word) => word.trim());
  const values = words.map(Number);
  const isColour = (words.length === 1 || words.length === 3) && !words.includes('');
  if (isColour && values.every(Number.isFinite)) return values;
  throw bad(where, 'one number, or three for red, green and blue, such as 0.485,0.456,0.406', text);
}

function readTunedPart(text: string, where: string): TunedPart {
  const word = text.trim();
  if (TUNED_PART.test(word)) return word as TunedPart;
  throw bad(where, 'head, all, or a number of last layers such as last:2', text);
}

/**
 * `balanced`, or weights by class: `cat=2,dog=0.5`. A name ends where `=` and a number follow, so it may hold commas;
 * JSON says what this cannot: `{"a=1,b": 2}`.
 *
 * @throws HarrierError `bad-option`
 */
export function readClassWeight(text: string, where: string): 'balanced' | Readonly<Record<string, number>> {
  const word = text.trim();
  if (word === 'balanced') return word;
  const weights = word.startsWith('{') ? jsonNumbers(word) : pairs(word);
  if (weights !== undefined) return weights;
  throw bad(where, 'balanced, or pairs such as cat=2,dog=0.5', text);
}

function pairs(text: string): Readonly<Record<string, number>> | undefined {
  const found: [string, number][] = [];
  const pair = /\s*(.+?)\s*=\s*([^\s,=]+)\s*(?:,|$)/y;
  while (pair.lastIndex < text.length) {
    const [, name, value] = pair.exec(text) ?? [];
    if (name === undefined || !Number.isFinite(Number(value))) return undefined;
    found.push([name, Number(value)]);
  }
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

function jsonNumbers(text: string): Readonly<Record<string, number>> | undefined {
  try {
    const weights: Readonly<Record<string, unknown>> = JSON.parse(text);
    if (Object.values(weights).every(Number.isFinite)) return weights as Readonly<Record<string, number>>;
  } catch {
    // Refused by the caller, who knows the flag.
  }
  return undefined;
}

/** `epoch:size` pairs with commas between. */
function readResolution(text: string, where: string): { fromEpoch: number; size: number }[] {
  return text.split(',').map((pair) => {
    const [, epoch, size] = /^\s*(\d+)\s*:\s*(\d+)\s*$/.exec(pair) ?? [];
    if (size !== undefined) return { fromEpoch: Number(epoch), size: Number(size) };
    throw bad(where, 'epoch:size, with commas between, such as 1:24,5:32', text);
  });
}
