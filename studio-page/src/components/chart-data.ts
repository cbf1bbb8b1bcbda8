import type { AlignedData } from 'uplot';

interface Points {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/**
 * Lines with an x of their own each, on one x: what a line does not have there is undefined, which is drawn through;
 * what is not finite is null, which is a gap.
 */
export function aligned(series: readonly Points[]): AlignedData {
  const all = [...new Set(series.flatMap(({ x }) => x))].sort((a, b) => a - b);
  const places = new Map(all.map((x, place) => [x, place]));
  const lines = series.map(({ x, y }) => {
    const line = new Array<number | null | undefined>(all.length).fill(undefined);
    x.forEach((value, i) => {
      line[places.get(value)!] = Number.isFinite(y[i]) ? y[i] : null;
    });
    return line;
  });
  return [all, ...lines] as AlignedData;
}

/** The value at a place, or the last one before it. */
export function lastAt(line: readonly (number | null | undefined)[], place: number): number | undefined {
  for (let i = Math.min(place, line.length - 1); i >= 0; i--) {
    const value = line[i];
    if (typeof value === 'number') return value;
  }
  return undefined;
}
