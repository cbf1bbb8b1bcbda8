import type { History } from '../evaluation/index.ts';

/** A round of a sweep: its trials train until `epochs` are done, then so many go on. */
export interface Rung {
  readonly epochs: number;
  /** Trials that enter. */
  readonly trials: number;
}

/**
 * The rounds of a sweep. With halving, the better half goes on after 1/2, 1/4, 1/8, … of the epochs (rounded up), as
 * long as at least two trials are left to the end (K. Jamieson, A. Talwalkar, "Non-stochastic best arm identification
 * and hyperparameter optimization", AISTATS 2016).
 */
export function rungsOf(trials: number, epochs: number, halving: boolean): Rung[] {
  const stops: number[] = [];
  const most = halving ? Math.max(0, Math.ceil(Math.log2(trials)) - 1) : 0;
  for (let i = 1; i <= most; i++) {
    const stop = Math.ceil(epochs / 2 ** i);
    if (stop < epochs && !stops.includes(stop)) stops.unshift(stop);
  }
  let left = trials;
  return [...stops, epochs].map((until) => {
    const rung = { epochs: until, trials: left };
    left = Math.ceil(left / 2);
    return rung;
  });
}

/** Epochs that all trials of all rungs take together: what the whole sweep costs at most. */
export function epochsIn(rungs: readonly Rung[]): number {
  return rungs.reduce(
    (total, { epochs, trials }, i) => total + trials * (epochs - (rungs[i - 1]?.epochs ?? 0)),
    0,
  );
}

/** What a trial has come to, by the epoch whose weights it would keep. */
export interface Score {
  readonly epoch: number;
  readonly accuracy: number;
  readonly loss: number;
  /** The loss decides: images have any number of labels, and are hardly ever right in all before thresholds are chosen. */
  readonly byLoss?: true;
}

/**
 * The score of a training: of the epoch of the lowest validation loss, or of the last one where no epoch is chosen.
 * Undefined before the first validation.
 *
 * @param upTo the first epochs alone
 * @param byLoss whether the loss decides between trials
 */
export function scoreOf(
  history: History,
  {
    upTo = Number.POSITIVE_INFINITY,
    keepBest = true,
    byLoss = false,
  }: { upTo?: number; keepBest?: boolean; byLoss?: boolean } = {},
): Score | undefined {
  let best: Score | undefined;
  for (const { epoch, validationLoss: loss, validationAccuracy: accuracy } of history) {
    if (epoch > upTo || loss === undefined || accuracy === undefined) continue;
    if (!best || !keepBest || loss < best.loss) best = { epoch, accuracy, loss, ...(byLoss && { byLoss }) };
  }
  return best;
}

/** Higher accuracy first; of equal ones the lower loss, or by the loss alone where that decides. Nothing comes last. */
export function compareScores(a: Score | undefined, b: Score | undefined): number {
  if (!a || !b) return a ? -1 : b ? 1 : 0;
  return (a.byLoss ? 0 : b.accuracy - a.accuracy) || a.loss - b.loss;
}
