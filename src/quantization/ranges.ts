import type { Range } from './integers.ts';

/** How the range of a value is chosen from what calibration saw of it. */
export const CALIBRATIONS = ['min-max', 'percentile', 'entropy'] as const;
export type Calibration = (typeof CALIBRATIONS)[number];

const BINS = 4096;
/** Fraction of the values that `percentile` keeps. */
const KEPT = 0.9999;
/** Of the whole range, `entropy` tries parts down to this one. */
const NARROWEST = 0.2;
const CANDIDATES = 80;
const LEVELS = 256;

/**
 * How often numbers occurred: a histogram around zero that doubles its width when a larger number comes, so that one
 * pass over the images is enough.
 */
export class Histogram {
  readonly counts = new Float64Array(BINS);
  /** The bins reach from −reach to reach; 0 before the first number. */
  reach = 0;
  lowest = Number.POSITIVE_INFINITY;
  highest = Number.NEGATIVE_INFINITY;

  /** Whether nothing has been added. */
  get isEmpty(): boolean {
    return this.lowest > this.highest;
  }

  /** @param step every how many numbers are counted; the lowest and the highest are exact */
  add(values: Float32Array, step = 1): void {
    if (values.length === 0) return;
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (value < this.lowest) this.lowest = value;
      if (value > this.highest) this.highest = value;
    }
    this.#widen(Math.max(Math.abs(this.lowest), Math.abs(this.highest)));
    const perUnit = BINS / 2 / this.reach;
    for (let i = 0; i < values.length; i += step) {
      // Zero is exact in every range: ReLU's many zeros say nothing of where to end it.
      if (values[i] !== 0) this.counts[Math.min(BINS - 1, Math.floor(values[i] * perUnit + BINS / 2))]++;
    }
  }

  #widen(to: number): void {
    if (this.reach === 0) this.reach = 2 ** Math.ceil(Math.log2(to || 1));
    while (this.reach < to) {
      const before = this.counts.slice();
      this.counts.fill(0);
      for (let i = 0; i < BINS; i++) this.counts[BINS / 4 + (i >> 1)] += before[i];
      this.reach *= 2;
    }
  }
}

/**
 * The range to quantise, by what was seen of a value:
 *
 * - `min-max`: all of it;
 * - `percentile`: 99.99% of it, so that a rare outlier does not make all steps coarse;
 * - `entropy`: the part of it whose quantised distribution diverges least from the original one (Kullback and Leibler).
 *   S. Migacz, "8-bit Inference with TensorRT", GTC 2017.
 */
export function rangeOf(seen: Histogram, calibration: Calibration): Range {
  const whole = { lowest: Math.min(0, seen.lowest), highest: Math.max(0, seen.highest) };
  if (!(whole.highest > whole.lowest) || calibration === 'min-max') return whole;
  return calibration === 'percentile' ? percentileRange(seen, whole) : entropyRange(seen, whole);
}

function percentileRange({ counts, reach }: Histogram, whole: Range): Range {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const cut = (total * (1 - KEPT)) / 2;
  const width = (2 * reach) / BINS;
  let [first, last] = [0, BINS - 1];
  for (let sum = counts[first]; sum <= cut && first < BINS - 1; sum += counts[++first]);
  for (let sum = counts[last]; sum <= cut && last > 0; sum += counts[--last]);
  return {
    lowest: Math.max(whole.lowest, Math.min(0, first * width - reach)),
    highest: Math.min(whole.highest, Math.max(0, (last + 1) * width - reach)),
  };
}

function entropyRange(seen: Histogram, whole: Range): Range {
  const { counts, reach } = seen;
  const width = (2 * reach) / BINS;
  let best = whole;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < CANDIDATES; i++) {
    const part = 1 - ((1 - NARROWEST) * i) / (CANDIDATES - 1);
    const limit = part * Math.max(-whole.lowest, whole.highest);
    const range = { lowest: Math.max(whole.lowest, -limit), highest: Math.min(whole.highest, limit) };
    const from = Math.floor((range.lowest + reach) / width);
    const to = Math.min(BINS, Math.max(from + 1, Math.ceil((range.highest + reach) / width)));
    const divergence = quantizedDivergence(counts, from, to);
    if (divergence < least) [least, best] = [divergence, range];
  }
  return best;
}

/** KL(P‖Q): P the counts with all beyond [from, to) at its ends, Q those within it spread evenly over each level. */
function quantizedDivergence(counts: Float64Array, from: number, to: number): number {
  const size = to - from;
  const original = counts.slice(from, to);
  let total = 0;
  for (let i = 0; i < counts.length; i++) {
    total += counts[i];
    if (i < from) original[0] += counts[i];
    else if (i >= to) original[size - 1] += counts[i];
  }
  const levels = Math.min(LEVELS, size);
  let divergence = 0;
  let inside = 0;
  for (let i = from; i < to; i++) inside += counts[i];
  if (inside === 0) return Number.POSITIVE_INFINITY;
  for (let level = 0; level < levels; level++) {
    const start = Math.floor((level * size) / levels);
    const end = Math.floor(((level + 1) * size) / levels);
    let sum = 0;
    let filled = 0;
    for (let i = start; i < end; i++) {
      sum += counts[from + i];
      if (original[i] > 0) filled++;
    }
    for (let i = start; i < end; i++) {
      if (original[i] === 0) continue;
      const p = original[i] / total;
      const q = Math.max(sum / filled / inside, 1e-12);
      divergence += p * Math.log(p / q);
    }
  }
  return divergence;
}
