import { type TextStyle, wilsonInterval } from '../evaluation/index.ts';
import { aligned, formatCount, formatDuration, formatInterval, formatPercent } from '../format/format.ts';
import type { OptionValue, Settings } from '../recipes/index.ts';
import { compareScores, type Score } from './halving.ts';

/**
 * How a trial ended, if it has: `stopped` by halving; `failed` when it diverged or could not run; `unfinished` when
 * the sweep was interrupted.
 */
export type TrialState = 'finished' | 'stopped' | 'unfinished' | 'waiting' | 'failed';

export interface TrialResult {
  /** From 1. */
  readonly number: number;
  readonly settings: Settings;
  readonly state: TrialState;
  /** Epochs that it was trained for. */
  readonly epochs: number;
  readonly score?: Score;
  /** Wall time of its epochs. */
  readonly seconds: number;
  /** Its run folder, as one would type it. */
  readonly folder: string;
  /** Why it failed. */
  readonly message?: string;
}

/** Best first: finished ones by their scores, then those that were trained longer, failed ones last. */
export function ranked<T extends TrialResult>(trials: readonly T[]): T[] {
  const place = ({ state }: TrialResult) => (state === 'finished' ? 0 : state === 'failed' ? 2 : 1);
  return trials.toSorted((a, b) => {
    const longer = place(a) === 1 ? b.epochs - a.epochs : 0;
    return place(a) - place(b) || longer || compareScores(a.score, b.score) || a.number - b.number;
  });
}

/** Those that cannot be told from the best by these images: within the best's 95% interval. A loss has none. */
export function rivals(trials: readonly TrialResult[], images: number): TrialResult[] {
  const [best, ...others] = ranked(trials);
  if (!best?.score || best.score.byLoss) return [];
  const [low] = intervalOf(best.score, images);
  return others.filter(({ score, state }) => state === 'finished' && score && score.accuracy >= low);
}

/** The 95% interval of a trial's validation accuracy. */
export function intervalOf({ accuracy }: Score, images: number): [number, number] {
  return wilsonInterval(Math.round(accuracy * images), images);
}

const STATES: Readonly<Record<TrialState, string>> = {
  finished: '',
  stopped: 'stopped early',
  unfinished: 'unfinished',
  waiting: 'not begun',
  failed: 'failed',
};

/** The trials, best first, as lines for a terminal. */
export function trialsText(trials: readonly TrialResult[], images: number, style?: TextStyle): string {
  const names = settingNames(trials);
  const byLoss = trials.some(({ score }) => score?.byLoss);
  const head = [
    ...names,
    ...(byLoss ? ['validation loss'] : ['validation', '95% interval']),
    'epochs',
    'time',
    '',
  ];
  const body = ranked(trials).map(({ settings, score, epochs, seconds, state, message }) => [
    ...names.map((name) => `${settings[name]}`),
    ...(byLoss
      ? [score ? score.loss.toFixed(4) : '–']
      : [
          score ? formatPercent(score.accuracy) : '–',
          score ? formatInterval(intervalOf(score, images)) : '',
        ]),
    formatCount(epochs),
    formatDuration(seconds),
    message && state === 'failed' ? `${STATES.failed}: ${message}` : STATES[state],
  ]);
  const [first, ...lines] = aligned([head, ...body], [0, head.length - 1]).map((line) => line.trimEnd());
  if (lines.length > 0 && style) lines[0] = style.strong(lines[0]);
  return [style ? style.faint(first) : first, ...lines].join('\n');
}

/** The trials, best first, for spreadsheets. */
export function trialsCsv(trials: readonly TrialResult[]): string {
  const names = settingNames(trials);
  const head = [
    'trial',
    ...names,
    'validation_accuracy',
    'validation_loss',
    'best_epoch',
    'epochs',
    'seconds',
    'state',
  ];
  const lines = ranked(trials).map(({ number, settings, score, epochs, seconds, state, folder }) => [
    number,
    ...names.map((name) => settings[name]),
    score?.accuracy ?? '',
    score?.loss ?? '',
    score?.epoch ?? '',
    epochs,
    Number(seconds.toFixed(2)),
    state,
    folder,
  ]);
  return `${[[...head, 'folder'], ...lines].map((cells) => cells.map(cell).join(',')).join('\n')}\n`;
}

function cell(value: OptionValue): string {
  const text = `${value}`;
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function settingNames(trials: readonly TrialResult[]): string[] {
  return Object.keys(trials[0]?.settings ?? {});
}
