import { HarrierError } from '../../../errors.ts';
import { printable } from '../../../format/format.ts';

/** What an expression over paths names, and an example of one. */
const KINDS = {
  groupBy: { noun: 'group', flag: '--group-by', example: '^[^/]+/(\\w+)_', capture: '/(person\\d+)_' },
  labelBy: {
    noun: 'class',
    flag: '--label-by',
    example: '/(\\w+)_\\d+\\.jpg$',
    capture: '/(\\w+)_\\d+\\.jpg$',
  },
  by: { noun: 'value', flag: '--by', example: '_(cam\\d+)_', capture: '_(cam\\d+)_' },
} as const;

/** What the first capture of an expression is in each path; undefined where it matches none of it. */
export interface Captures {
  readonly found: readonly (string | undefined)[];
  /** How many paths have none. */
  readonly without: number;
  /** One of these, or any, for people. */
  readonly example: string;
}

/**
 * Matches an expression against paths below the folder of the data, with `/` between folders. A path that it does not
 * match is tried with a `/` before it: an expression such as `/(\w+)_` then fits images that lie in no sub-folder. Each
 * path for itself, so that a further image changes nothing for the others. An empty capture is none.
 *
 * @throws HarrierError `bad-option` for an expression that cannot be used or fits no path
 */
export function capturesOf(paths: readonly string[], option: keyof typeof KINDS, text: string): Captures {
  const { noun } = KINDS[option];
  const expression = expressionOf(option, text);
  const captureIn = (path: string) => expression.exec(path)?.[1]?.normalize('NFC') || undefined;
  const found = paths.map((path) => captureIn(path) ?? captureIn(`/${path}`));
  const without = found.flatMap((each, slot) => (each === undefined ? [slot] : []));
  const example = printable(paths[without[0] ?? 0]);
  if (without.length < found.length) return { found, without: without.length, example };
  throw new HarrierError('bad-option', `this expression finds a ${noun} in no path`, {
    where: text,
    received: `paths such as ${example}`,
    next: 'It is matched against the path below the folder of the data, with / between folders.',
    options: [option],
  });
}

/** Whether a text is meant as an expression, and not as a name. */
export function isExpression(text: string): boolean {
  return text.includes('(');
}

function expressionOf(option: keyof typeof KINDS, text: string): RegExp {
  const { noun, flag, example, capture } = KINDS[option];
  let expression: RegExp;
  try {
    expression = new RegExp(text, 'u');
  } catch (cause) {
    throw new HarrierError('bad-option', 'this is not a regular expression', {
      where: text,
      received: cause instanceof Error ? cause.message : String(cause),
      next: `Put it in quotes, such as ${flag} "${example}".`,
      options: [option],
      cause,
    });
  }
  // With an alternative that is empty it always matches, and tells how many captures there are.
  if (new RegExp(`${text}|`, 'u').exec('')!.length > 1) return expression;
  throw new HarrierError('bad-option', `this expression names no ${noun}`, {
    where: text,
    expected: `a capture in parentheses, such as "${capture}"`,
    options: [option],
  });
}
