import { random } from '../data/random.ts';
import { HarrierError } from '../errors.ts';
import type { Settings } from '../recipes/index.ts';
import { type Variation, valueAt } from './variation.ts';

/** Trials where ranges vary and nobody says how many. */
export const DEFAULT_TRIALS = 10;

/** More would not be looked at. */
const MOST = 10_000;

/**
 * The settings of every trial. Where only lists vary: each combination (with `count`, so many of them by chance). Where
 * a range varies: `count` points that fill the space evenly, shifted by the seed. No two trials are equal.
 *
 * @throws HarrierError `bad-option` when nothing varies, or one setting twice
 */
export function trialsOf(
  variations: readonly Variation[],
  count: number | undefined,
  seed: number,
): Settings[] {
  if (variations.length === 0) {
    throw new HarrierError('bad-option', 'no setting varies', {
      next: 'Give one or more, such as --vary activation=relu,tanh or --vary learningRate=log:1e-4..1e-1.',
    });
  }
  const names = variations.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new HarrierError('bad-option', `${twice} varies twice`, {
      where: '--vary',
      next: 'Give all values in one --vary.',
    });
  }
  const isGrid = variations.every(({ kind }) => kind === 'list');
  return isGrid ? grid(variations, count, seed) : spread(variations, count ?? DEFAULT_TRIALS, seed);
}

function grid(variations: readonly Variation[], count: number | undefined, seed: number): Settings[] {
  const sizes = variations.map((each) => (each.kind === 'list' ? each.values.length : 1));
  const total = sizes.reduce((product, size) => product * size, 1);
  if (total > MOST && count === undefined) {
    throw new HarrierError('bad-option', `these are ${total} trials`, {
      where: '--vary',
      expected: `at most ${MOST}`,
      next: 'Set --trials to try only some of them.',
    });
  }
  const all = Array.from({ length: Math.min(total, MOST) }, (_, i) => i);
  const chosen =
    count === undefined || count >= total
      ? all
      : [...random(seed, 'sweep/grid').permutation(total).subarray(0, count)].sort((a, b) => a - b);
  return chosen.map((index) => {
    let rest = index;
    const places = sizes.toReversed().map((size) => {
      const place = rest % size;
      rest = Math.floor(rest / size);
      return place;
    });
    places.reverse();
    return Object.fromEntries(
      variations.map((each, i) => [each.name, each.kind === 'list' ? each.values[places[i]] : each.from]),
    );
  });
}

/**
 * Points of an additive recurrence with the generalised golden ratio, which leaves no gaps and no heaps where random
 * ones do (M. Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018), shifted at random (Cranley and
 * Patterson, 1976).
 */
function spread(variations: readonly Variation[], count: number, seed: number): Settings[] {
  const ratio = goldenRatio(variations.length);
  const shift = random(seed, 'sweep/shift');
  const shifts = variations.map(() => shift.uniform());
  const found = new Map<string, Settings>();
  // Whole numbers and lists repeat: then there may be fewer different trials than were asked for.
  for (let n = 1; found.size < count && n <= 20 * count; n++) {
    const settings = Object.fromEntries(
      variations.map((each, i) => [each.name, valueAt(each, (shifts[i] + n * ratio ** -(i + 1)) % 1)]),
    );
    const key = JSON.stringify(settings);
    if (!found.has(key)) found.set(key, settings);
  }
  return [...found.values()];
}

/** The positive root of x^(d+1) = x + 1. */
function goldenRatio(dimensions: number): number {
  let x = 2;
  for (let i = 0; i < 40; i++) x = (1 + x) ** (1 / (dimensions + 1));
  return x;
}
