import { HarrierError, unknownName } from '../errors.ts';
import { optionNamed } from '../options/table.ts';
import { type OptionValue, readValue, settingsOf, type TrainingMethod } from '../recipes/index.ts';

/** How one setting of a recipe varies from trial to trial. */
export type Variation = { readonly name: string } & (
  | { readonly kind: 'list'; readonly values: readonly OptionValue[] }
  | { readonly kind: 'range'; readonly scale: Scale; readonly from: number; readonly to: number }
);

/** `lin` and `int` (whole numbers) spread evenly, `log` by factors. */
export type Scale = (typeof SCALES)[number];

const SCALES = ['log', 'lin', 'int'] as const;

/** Options besides the settings of a method that can vary, by name: each reads one value. */
export type VaryingOptions = Readonly<Record<string, (text: string) => OptionValue>>;

/**
 * Reads what is typed after `--vary`: `activation=relu,tanh`, or a range, `learningRate=log:1e-4..1e-1`.
 *
 * @throws HarrierError `bad-option` for a setting that there is not, and for values or a range that make no sense
 */
export function readVariation(method: TrainingMethod, text: string, options: VaryingOptions = {}): Variation {
  const at = text.indexOf('=');
  if (at < 1) {
    throw bad(text, 'this varies nothing', 'name=value,value,… or name=log:from..to (or lin:, int:)', text);
  }
  const name = text.slice(0, at).trim();
  const values = text.slice(at + 1).trim();
  const shared = optionNamed(name)?.setting?.sharedByTrials;
  if (shared) {
    throw new HarrierError('bad-option', `${name} cannot vary: ${shared}`, { where: '--vary' });
  }
  if (Object.hasOwn(options, name)) return listOf(name, values, options[name]);
  const range = values.match(/^([a-z]+):(.*)$/i);
  return range
    ? readRange(method, name, range[1], range[2])
    : listOf(name, values, (value) => readValue(method, name, value));
}

function listOf(name: string, text: string, read: (value: string) => OptionValue): Variation {
  const values = text.split(',').map(read);
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (twice !== undefined) throw bad(name, 'one value is given twice', 'different values', text);
  return { name, kind: 'list', values };
}

function readRange(method: TrainingMethod, name: string, kind: string, text: string): Variation {
  const scale = SCALES.find((each) => each === kind);
  if (!scale) throw unknownName('kind of range', kind, SCALES);
  const ends = text.split('..');
  if (ends.length !== 2) throw bad(name, 'this is not a range', 'two numbers, such as 1e-4..1e-1', text);
  const [from, to] = ends.map((end) => readValue(method, name, end));
  if (typeof from !== 'number' || typeof to !== 'number') {
    const value = settingsOf(method)[name];
    throw bad(name, 'only numbers have ranges', `a list, such as ${value},…`, `${kind}:${text}`);
  }
  if (!(from < to)) throw bad(name, 'this range is empty', 'the lower end first', text);
  if (scale === 'log' && from <= 0)
    throw bad(name, 'a logarithm needs numbers above 0', 'from above 0', text);
  if (scale === 'int' && !(Number.isInteger(from) && Number.isInteger(to))) {
    throw bad(name, 'the ends of a range of whole numbers are such', 'int:from..to', text);
  }
  return { name, kind: 'range', scale, from, to };
}

/** The value at a fraction of the way through a variation, `u` in [0, 1). Ranges give four digits: names stay short. */
export function valueAt(variation: Variation, u: number): OptionValue {
  if (variation.kind === 'list') return variation.values[Math.floor(u * variation.values.length)];
  const { scale, from, to } = variation;
  if (scale === 'int') return from + Math.floor(u * (to - from + 1));
  const value = scale === 'log' ? from * (to / from) ** u : from + u * (to - from);
  return Number(value.toPrecision(4));
}

function bad(where: string, summary: string, expected: string, received: string): HarrierError {
  return new HarrierError('bad-option', summary, {
    where: `--vary ${where}`,
    expected,
    received: `"${received}"`,
  });
}
