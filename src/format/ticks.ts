/**
 * Round numbers that span `low` … `high`: multiples of 1, 2 or 5 times a power of ten. The first is at
 * most `low` and the last at least `high`, so that they can serve as an axis.
 *
 * @param wanted roughly how many
 * @param smallestStep 1 for axes that count whole things
 */
export function niceTicks(low: number, high: number, wanted: number, smallestStep = 0): number[] {
  const span = high > low ? high - low : Math.abs(high) || 1;
  const rough = span / Math.max(1, wanted - 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * 0.999) ?? 10;
  const step = Math.max(smallestStep, factor * power);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(first + 1, Math.ceil(high / step - 1e-9));
  // Through a rounded product, since 3 * 0.1 is 0.30000000000000004.
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Whole numbers from `first` to `last` for an axis of epochs: both ends, and round ones between. */
export function epochTicks(first: number, last: number, wanted: number): number[] {
  if (last <= first) return [first];
  const inner = niceTicks(first, last, wanted, 1).filter((tick) => tick > first && tick < last);
  const step = inner.length > 1 ? inner[1] - inner[0] : 1;
  // A round tick right beside an end would print over it.
  const clear = inner.filter((tick) => tick - first >= step * 0.6 && last - tick >= step * 0.6);
  return [first, ...clear, last];
}
