/** A figure beside the machine's own limit, as a fraction of it: 1 is the limit. */
export interface AgainstLimit {
  readonly figure: string;
  readonly fraction: number;
}

/**
 * A note where a figure passes the limit that the same run measured, which is impossible on a quiet machine: something
 * else had the processor while the limit was measured. Undefined where all figures are possible.
 */
export function busyNote(figures: readonly AgainstLimit[]): string | undefined {
  const beyond = figures.filter(({ fraction }) => fraction > 1);
  if (beyond.length === 0) return undefined;
  const { figure, fraction } = beyond.reduce((most, each) => (each.fraction > most.fraction ? each : most));
  return (
    `The machine was busy: ${figure} came to ${(100 * fraction).toFixed(0)}% of the limit that was measured beside it. ` +
    'Percentages and floors of this run mean nothing: run it again while nothing else does.'
  );
}
