import {
  aligned,
  formatCount,
  formatInterval,
  formatPercent,
  formatQuantity,
  printable,
} from '../format/format.ts';
import { chiSquaredTail } from './chi-squared.ts';
import { accuracyInterval, designEffect, rightOf } from './cross-validation.ts';
import { holm } from './holm.ts';
import { checkPredictions, type Predictions } from './predictions.ts';
import type { TextStyle } from './text.ts';

/** How a model does on the images that share one value of something beside their class: a camera, a place, a season. */
export interface Slice {
  /** Absent: nothing is said of these images. */
  readonly value?: string;
  readonly images: number;
  /** Images whose most probable class is the true one; of images with any number of labels, whose labels are all right. */
  readonly correct: number;
  /** correct / images. */
  readonly accuracy: number;
  /** 95% interval of the accuracy; where images come in groups, wider by as much as these are alike. */
  readonly interval95: readonly [number, number];
  /**
   * The accuracy that these images would have if each class were as easy here as in all images. Absent where images have any
   * number of labels.
   */
  readonly expected?: number;
  /**
   * How often chance alone makes images of the same classes differ as much from the others: the Cochran–Mantel–Haenszel test
   * over classes, corrected for continuity, for images that come in groups (by their design effect: Rao and Scott, Annals of
   * Statistics 12, 1984) and for the number of slices (Holm). Absent where there are no others.
   */
  readonly p?: number;
}

/** Numbers or dates with more different values than these are taken together. */
const MOST_NUMBERS = 10;
const RANGES = 4;
/** So many rows are printed. */
const SHOWN = 30;
/** Below it a difference is called one. */
const SIGNIFICANT = 0.05;

/**
 * Accuracy by a value of each image. Where all values are numbers, or dates that begin with the year, and there are more than
 * ten, they are taken together in four ranges with about as many images each.
 *
 * @param values of each image; undefined: unknown
 * @returns the weakest first, and last the images without a value
 * @throws HarrierError as `evaluatePredictions` does; RangeError where there are not as many values as images
 */
export function accuracyBy(predictions: Predictions, values: readonly (string | undefined)[]): Slice[] {
  checkPredictions(predictions);
  const { labels, tags, groups } = predictions;
  if (values.length !== labels.length) {
    throw new RangeError(`there are ${values.length} values for ${labels.length} images`);
  }
  const right = rightOf(predictions);
  const classes = Array.from(labels, (label) => (tags ? 0 : label));
  const isMixed = new Set(right).size === 2 && groups !== undefined && new Set(Array.from(groups)).size > 1;
  const effect = isMixed ? designEffect(right, groups) : 1;
  const byClass = tally(classes, right, [...right.keys()]);
  const slices = [...slotsBy(inRanges(values))].map(([value, slots]) => {
    const own = tally(classes, right, slots);
    const correct = slots.filter((slot) => right[slot]).length;
    const rightOfSlots = slots.map((slot) => right[slot]);
    const expected = sum(
      [...own].map(([label, { images }]) => (images * fractionRight(byClass.get(label)!)) / slots.length),
    );
    return {
      slice: {
        ...(value !== undefined && { value }),
        images: slots.length,
        correct,
        accuracy: correct / slots.length,
        interval95: accuracyInterval(rightOfSlots, groups && slots.map((slot) => groups[slot])),
        ...(!tags && { expected }),
      } satisfies Slice,
      p: slots.length === right.length ? undefined : stratifiedTest(own, byClass, effect),
    };
  });
  const tested = slices.filter(({ p }) => p !== undefined);
  const chances = tested.map(({ p }) => p!);
  // Of two values each is what the other is not: that is one test.
  const adjusted = slices.length === 2 ? chances : holm(chances);
  tested.forEach(({ slice }, i) => {
    Object.assign(slice, { p: adjusted[i] });
  });
  return slices
    .map(({ slice }): Slice => slice)
    .sort(
      (a, b) =>
        Number(a.value === undefined) - Number(b.value === undefined) ||
        a.accuracy - b.accuracy ||
        b.images - a.images,
    );
}

/** The same as lines for a terminal. @param by what the values are of, as it was asked for */
export function slicesText(slices: readonly Slice[], by: string, style: TextStyle): string[] {
  const shown = slices.length <= SHOWN ? slices : slices.slice(0, SHOWN);
  const hasExpected = slices.some(({ expected }) => expected !== undefined);
  const [head, ...rows] = aligned(
    [
      ['', 'images', 'accuracy', '95% interval', ...(hasExpected ? ['by its classes'] : []), ''],
      ...shown.map(({ value, images, accuracy, interval95, expected, p }) => [
        value === undefined ? '(no value)' : printable(value),
        formatCount(images),
        formatPercent(accuracy),
        formatInterval(interval95),
        ...(hasExpected ? [formatPercent(expected!)] : []),
        p !== undefined && p < SIGNIFICANT ? differenceText(slices, { accuracy, images, p }) : '',
      ]),
    ],
    [0, hasExpected ? 5 : 4],
  );
  const others = slices.length - shown.length;
  const notes = [
    ...(others > 0 ? [`… and ${formatQuantity(others, 'more value')} with higher accuracy.`] : []),
    ...(hasExpected
      ? ['"By its classes": the accuracy if each class were as easy here as in all images.']
      : []),
  ];
  return [
    '',
    style.strong(`Accuracy by ${printable(by)}`),
    style.faint(head.trimEnd()),
    ...rows.map((row) => row.trimEnd()),
    ...notes.map((note) => style.faint(note)),
  ];
}

/** `worse than the others (p = 0.003)`. */
function differenceText(
  slices: readonly Slice[],
  { accuracy, images, p }: { readonly accuracy: number; readonly images: number; readonly p: number },
): string {
  const total = sum(slices.map((slice) => slice.images));
  const right = sum(slices.map(({ correct }) => correct));
  const others = (right - accuracy * images) / (total - images);
  const size = p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(3)}`;
  return `${accuracy < others ? 'worse' : 'better'} than the others (${size})`;
}

/** Images and right ones of each class. */
interface Tally {
  readonly images: number;
  readonly right: number;
}

function tally(
  classes: readonly number[],
  right: readonly boolean[],
  slots: readonly number[],
): Map<number, Tally> {
  const counts = new Map<number, Tally>();
  for (const slot of slots) {
    const { images, right: known } = counts.get(classes[slot]) ?? { images: 0, right: 0 };
    counts.set(classes[slot], { images: images + 1, right: known + Number(right[slot]) });
  }
  return counts;
}

function fractionRight({ images, right }: Tally): number {
  return right / images;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/**
 * Whether images are right as often as others of their classes: N. Mantel and W. Haenszel, "Statistical aspects of the analysis
 * of data from retrospective studies of disease", Journal of the National Cancer Institute 22 (1959), with their correction for
 * continuity.
 *
 * @param all images of each class, those of `own` among them
 * @param effect by how much the variance is larger than that of single images
 * @returns 1 where no class has right and wrong images, here and elsewhere
 */
function stratifiedTest(
  own: ReadonlyMap<number, Tally>,
  all: ReadonlyMap<number, Tally>,
  effect: number,
): number {
  let [difference, variance] = [0, 0];
  for (const [label, { images, right }] of own) {
    const { images: n, right: rightOfAll } = all.get(label)!;
    if (n < 2) continue;
    difference += right - (images * rightOfAll) / n;
    variance += (images * (n - images) * rightOfAll * (n - rightOfAll)) / (n * n * (n - 1));
  }
  if (variance === 0) return 1;
  return chiSquaredTail(Math.max(0, Math.abs(difference) - 0.5) ** 2 / (effect * variance), 1);
}

function slotsBy(values: readonly (string | undefined)[]): Map<string | undefined, number[]> {
  const slots = new Map<string | undefined, number[]>();
  for (const [slot, value] of values.entries()) {
    const own = slots.get(value);
    if (own) own.push(slot);
    else slots.set(value, [slot]);
  }
  return slots;
}

/** Many numbers or dates as a few ranges: `18 to 34`. */
function inRanges(values: readonly (string | undefined)[]): readonly (string | undefined)[] {
  const known = values.filter((value) => value !== undefined);
  if (new Set(known).size <= MOST_NUMBERS) return values;
  const ranks = known.map(rankOf);
  if (ranks.includes(undefined)) return values;
  const ordered = [...known.keys()].sort((a, b) => ranks[a]! - ranks[b]!);
  const rangeOf = new Map<string, number>();
  // Images with one value stay together: in the range of the one in the middle.
  for (let start = 0; start < ordered.length; ) {
    let end = start;
    while (end < ordered.length && ranks[ordered[end]] === ranks[ordered[start]]) end++;
    const range = Math.min(RANGES - 1, Math.floor((RANGES * (start + end)) / 2 / ordered.length));
    for (const slot of ordered.slice(start, end)) rangeOf.set(known[slot], range);
    start = end;
  }
  const ends = Array.from({ length: RANGES }, (_, range) => {
    const own = ordered.filter((slot) => rangeOf.get(known[slot]) === range).map((slot) => known[slot]);
    return own.length === 0 ? '' : own[0] === own.at(-1) ? own[0] : `${own[0]} to ${own.at(-1)}`;
  });
  return values.map((value) => (value === undefined ? undefined : ends[rangeOf.get(value)!]));
}

/** Where a number or a date stands among others; undefined where a text is none. */
function rankOf(text: string): number | undefined {
  const number = Number(text);
  if (Number.isFinite(number)) return number;
  if (!/^\d{4}-\d\d(?:-\d\d)?(?:[T ].*)?$/.test(text)) return undefined;
  const time = Date.parse(text.replace(' ', 'T'));
  return Number.isFinite(time) ? time : undefined;
}
