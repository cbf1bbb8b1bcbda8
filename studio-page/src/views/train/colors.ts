/** Colours of runs, by the order in which they were chosen. */
const SERIES = ['--series-1', '--series-2', '--series-3', '--series-4', '--series-5', '--series-6'] as const;

export function seriesColor(place: number): `--${string}` {
  return SERIES[place % SERIES.length];
}
