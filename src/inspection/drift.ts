import { random } from '../data/random.ts';
import { HarrierError } from '../errors.ts';
import { holm } from '../evaluation/holm.ts';
import { distancesTo, knownDirections } from '../heads/index.ts';

/** Images of each side that the test compares, at most: it takes the square of their number. */
const MOST_IMAGES = 300;
/** Fewer images of a side say nothing. */
const LEAST_IMAGES = 10;
/** Exchanges of images between the sides: the smallest p-value is 1 / (exchanges + 1). */
const EXCHANGES = 999;

/** Whether two lots of images look alike to a network. */
export interface TwoSampleTest {
  /** Squared maximum mean discrepancy, without bias: about 0 where both lots are of one kind. */
  readonly discrepancy: number;
  /** How often a discrepancy as large comes about where both lots are of one kind. */
  readonly pValue: number;
  /** Images of each lot that were compared. */
  readonly images: readonly [number, number];
}

/**
 * The kernel two-sample test with a Gaussian kernel, as wide as the median distance, and a p-value by permutation: the
 * images are dealt out anew many times.
 *
 * A. Gretton, K. M. Borgwardt, M. J. Rasch, B. Schölkopf, A. Smola, "A Kernel Two-Sample Test", JMLR 2012.
 *
 * @param before features of images, `[images, size]`
 * @param after features of others
 * @throws HarrierError `bad-data` for fewer than 10 images of a lot
 */
export function twoSampleTest(
  before: Float32Array,
  after: Float32Array,
  size: number,
  seed = 1,
): TwoSampleTest {
  const [first, second] = [before, after].map((rows, lot) => chosen(rows, size, seed, lot));
  const [m, n] = [first.length, second.length];
  if (Math.min(m, n) < LEAST_IMAGES) {
    throw new HarrierError('bad-data', 'too few images to compare', {
      expected: `at least ${LEAST_IMAGES} of each lot`,
      received: `${m} and ${n}`,
      next: 'Give more images.',
    });
  }
  const count = m + n;
  const kernel = kernelOf([...first, ...second]);
  const total = sumOf(kernel, count, (_) => true);
  const discrepancyOf = (isFirst: Uint8Array): number => {
    const own = sumOf(kernel, count, (i) => isFirst[i] === 1);
    const others = sumOf(kernel, count, (i) => isFirst[i] === 0);
    return own / (m * (m - 1)) + others / (n * (n - 1)) - (total - own - others) / (m * n);
  };
  const sides = Uint8Array.from({ length: count }, (_, i) => Number(i < m));
  const discrepancy = discrepancyOf(sides);
  let asLarge = 0;
  for (let exchange = 0; exchange < EXCHANGES; exchange++) {
    const order = random(seed, 'drift-exchange', exchange).permutation(count);
    const dealt = new Uint8Array(count);
    for (let i = 0; i < m; i++) dealt[order[i]] = 1;
    if (discrepancyOf(dealt) >= discrepancy) asLarge++;
  }
  return { discrepancy, pValue: (asLarge + 1) / (EXCHANGES + 1), images: [m, n] };
}

/** The images that are compared, each with features of length 1. */
function chosen(rows: Float32Array, size: number, seed: number, lot: number): Float32Array[] {
  const images = rows.length / size;
  const order = random(seed, 'drift-images', lot).permutation(images);
  return Array.from(order.slice(0, MOST_IMAGES), (image) => {
    const row = rows.subarray(image * size, (image + 1) * size);
    const length = Math.hypot(...row) || 1;
    return row.map((value) => value / length);
  });
}

/** exp(−distance² / 2 · median²) of every pair; 0 of an image with itself, which no sum counts. */
function kernelOf(rows: readonly Float32Array[]): Float64Array {
  const count = rows.length;
  const squares = new Float64Array(count * count);
  const all: number[] = [];
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < i; j++) {
      let cosine = 0;
      for (let k = 0; k < rows[i].length; k++) cosine += rows[i][k] * rows[j][k];
      const square = Math.max(0, 2 - 2 * cosine);
      squares[i * count + j] = square;
      squares[j * count + i] = square;
      all.push(square);
    }
  }
  const median = Float64Array.from(all).sort()[Math.floor(all.length / 2)] || 1;
  return squares.map((square, at) => (at % (count + 1) === 0 ? 0 : Math.exp(-square / (2 * median))));
}

/** The sum over pairs of images that belong both. */
function sumOf(kernel: Float64Array, count: number, belongs: (image: number) => boolean): number {
  const members: number[] = [];
  for (let i = 0; i < count; i++) if (belongs(i)) members.push(i);
  let sum = 0;
  for (const i of members) for (const j of members) sum += kernel[i * count + j];
  return sum;
}

/** How the answers of a model changed for one class. */
export interface ClassShift {
  readonly class: string;
  /** Fraction of the earlier images that the model takes for it. */
  readonly before: number;
  /** Fraction of the new images that the model takes for it. */
  readonly after: number;
  /** How often so large a difference comes about by chance in any of the classes (Fisher's exact test; Holm's correction). */
  readonly pValue: number;
}

/**
 * How the answers of a model changed, the largest growth first.
 * @param before classes of the earlier images, as the model has them
 */
export function classShifts(
  before: ArrayLike<number>,
  after: ArrayLike<number>,
  classNames: readonly string[],
): ClassShift[] {
  const counts = [before, after].map((labels) => {
    const own = new Uint32Array(classNames.length);
    for (let image = 0; image < labels.length; image++) own[labels[image]]++;
    return own;
  });
  const pValues = classNames.map((_, label) =>
    fisherExact(counts[0][label], before.length, counts[1][label], after.length),
  );
  // Of two classes, one grows as the other shrinks: that is one test.
  const adjusted = classNames.length === 2 ? pValues : holm(pValues);
  return classNames
    .map((name, label) => ({
      class: name,
      before: counts[0][label] / before.length,
      after: counts[1][label] / after.length,
      pValue: adjusted[label],
    }))
    .sort((a, b) => b.after - b.before - (a.after - a.before));
}

/**
 * Fisher's exact test, two-sided: of all ways to draw the images with an answer, the fraction that is no more probable
 * than the one that was seen.
 *
 * @param first images with the answer, of `before`
 * @param second those of `after`
 */
function fisherExact(first: number, before: number, second: number, after: number): number {
  const all = first + second;
  const [least, most] = [Math.max(0, all - after), Math.min(all, before)];
  // Logarithms, but for a constant: the numbers themselves leave floating point.
  const logs = new Float64Array(most - least + 1);
  for (let k = least + 1; k <= most; k++) {
    const ratio = ((before - k + 1) * (all - k + 1)) / (k * (after - all + k));
    logs[k - least] = logs[k - least - 1] + Math.log(ratio);
  }
  const highest = logs.reduce((a, b) => Math.max(a, b));
  let [total, extreme] = [0, 0];
  for (const log of logs) {
    const weight = Math.exp(log - highest);
    total += weight;
    // Tables that are equally probable differ by rounding.
    if (log <= logs[first - least] + 1e-7) extreme += weight;
  }
  return extreme / total;
}

/**
 * How far each new image is from what the model knows: 1 − the largest cosine between its features and a class mean of
 * the earlier images.
 *
 * @param before features of the earlier images, with their classes
 */
export function distancesFrom(
  before: {
    readonly rows: Float32Array;
    readonly labels: Uint16Array;
    readonly classNames: readonly string[];
  },
  after: Float32Array,
  size: number,
): Float64Array {
  return distancesTo(knownDirections(before.rows, { ...before, size }), after, size);
}
