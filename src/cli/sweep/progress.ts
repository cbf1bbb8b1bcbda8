import { formatClock, formatPercent, formatQuantity } from '../../format/format.ts';
import { settingsText } from '../../recipes/index.ts';
import type { TrialResult } from '../../sweeps/index.ts';
import type { Reporter } from '../reporter.ts';
import { bar } from '../terminal.ts';

/** Where no line can be updated, one is printed after so long without another. */
const PLAIN_LINE_MS = 30_000;

/** Shows how a sweep goes: one updating line on a terminal, one plain line per trial and round everywhere. */
export class SweepProgress {
  readonly #reporter: Reporter;
  readonly #trials: number;
  readonly #epochs: number;
  readonly #done = new Map<number, number>();
  readonly #started = performance.now();
  #atStart = 0;
  readonly #planned: number;
  #lastLine = performance.now();

  /** @param planned epochs of all trials together */
  constructor(reporter: Reporter, trials: number, epochs: number, planned: number) {
    this.#reporter = reporter;
    this.#trials = trials;
    this.#epochs = epochs;
    this.#planned = planned;
  }

  /** Epochs that a trial had behind it before. */
  before(trial: number, epochs: number): void {
    this.#done.set(trial, epochs);
    this.#atStart += epochs;
  }

  at(trial: number, epochs: number): void {
    this.#done.set(trial, Math.max(epochs, this.#done.get(trial) ?? 0));
    if (this.#reporter.live) this.#reporter.update((columns) => this.#line(trial, columns));
    else if (performance.now() - this.#lastLine > PLAIN_LINE_MS) this.#print(this.#text(trial));
  }

  /** A trial is where its round ends. */
  trial({ number, settings, epochs, score, message, state }: TrialResult): void {
    const isWhole = state === 'finished';
    // A head on features has one epoch, whatever the others have.
    if (isWhole) this.#done.set(number, this.#epochs);
    const what =
      message ??
      `${isWhole ? formatQuantity(epochs, 'epoch') : `${epochs}/${this.#epochs} epochs`}  validation ${score ? formatPercent(score.accuracy) : 'without result'}`;
    this.#print(`${this.#name(number)}  ${settingsText(settings)}  ${what}`);
  }

  #print(text: string): void {
    this.#lastLine = performance.now();
    this.#reporter.print(text);
  }

  #name(trial: number): string {
    return `trial ${`${trial}`.padStart(`${this.#trials}`.length)}/${this.#trials}`;
  }

  #line(trial: number, columns: number): string {
    const text = this.#text(trial);
    const width = Math.min(24, columns - text.length - 2);
    return width >= 5 ? `${bar(this.#sum() / this.#planned, width)}  ${text}` : text;
  }

  #text(trial: number): string {
    const epoch = Math.min(this.#epochs, Math.floor(this.#done.get(trial) ?? 0) + 1);
    const seconds = (performance.now() - this.#started) / 1000;
    const pace = seconds / Math.max(1e-9, this.#sum() - this.#atStart);
    const left = formatClock(Math.max(0, this.#planned - this.#sum()) * pace);
    const fraction = Math.floor((100 * this.#sum()) / this.#planned);
    return `${this.#name(trial)}  epoch ${epoch}/${this.#epochs}  sweep ${fraction}%, ${left} left`;
  }

  #sum(): number {
    return [...this.#done.values()].reduce((total, epochs) => total + epochs, 0);
  }
}
