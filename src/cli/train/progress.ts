import type { EpochRecord } from '../../evaluation/index.ts';
import { formatClock } from '../../format/format.ts';
import type { StepProgress } from '../../training/index.ts';
import type { Reporter } from '../reporter.ts';
import { bar } from '../terminal.ts';

/** Where no line can be updated, an epoch that takes longer than this gets a line now and then. */
const PLAIN_LINE_MS = 30_000;

/** Shows how training goes: one updating line on a terminal, one plain line per epoch everywhere. */
export class TrainingProgress {
  readonly #reporter: Reporter;
  readonly #epochs: number;
  #lastPlain = performance.now();
  #imagesAtEpochStart = 0;
  #last: StepProgress | undefined;
  /** Whether all steps of the epoch were taken here; unknown before the first. */
  #isWhole: boolean | undefined;

  constructor(reporter: Reporter, epochs: number) {
    this.#reporter = reporter;
    this.#epochs = epochs;
  }

  readonly step = (progress: StepProgress): void => {
    this.#isWhole ??= progress.step === 1;
    this.#last = progress;
    if (this.#reporter.live) {
      this.#reporter.update((columns) => stepLine(progress, columns));
    } else if (performance.now() - this.#lastPlain > PLAIN_LINE_MS) {
      this.#lastPlain = performance.now();
      this.#reporter.print(stepText(progress));
    }
  };

  readonly epoch = (record: EpochRecord): void => {
    this.#lastPlain = performance.now();
    const images = (this.#last?.images ?? 0) - this.#imagesAtEpochStart;
    this.#imagesAtEpochStart = this.#last?.images ?? 0;
    // The seconds of an epoch that was begun before count more images than were seen here.
    this.#reporter.print(epochText(record, this.#epochs, this.#isWhole ? images : 0));
    this.#isWhole = true;
  };
}

function rate(images: number, seconds: number, unit = 'images/s'): string {
  return `${Math.round(images / Math.max(seconds, 1e-3)).toLocaleString('en-US')} ${unit}`;
}

function heading(epoch: number, epochs: number): string {
  return `epoch ${`${epoch}`.padStart(`${epochs}`.length)}/${epochs}`;
}

function scores(loss: number, accuracy: number): string {
  return `loss ${loss.toFixed(4)}  accuracy ${(accuracy * 100).toFixed(2)}%`;
}

/** The line for a width in columns: with a bar where there is room, with fewer words where there is little. */
function stepLine(progress: StepProgress, columns: number): string {
  const { epoch, epochs, step, steps, images, seconds } = progress;
  const { head, text, count, left, run, result } = stepWords(progress);
  const width = Math.min(24, columns - head.length - text.length - 4);
  if (width >= 5) return `${head}  ${bar(step / steps, width)}  ${text}`;
  if (head.length + 2 + text.length <= columns) return `${head}  ${text}`;
  const pace = rate(images, seconds, 'img/s');
  return [`${epoch}/${epochs}`, count, pace, `${left}, run ${run}`, result].join('  ');
}

function stepText(progress: StepProgress): string {
  const { head, text } = stepWords(progress);
  return `${head}  ${text}`;
}

function stepWords({ epoch, epochs, step, steps, ...progress }: StepProgress) {
  const { images, seconds, imagesLeftInEpoch, imagesLeft } = progress;
  const pace = Math.max(seconds, 1e-3) / images;
  const count = `${`${step}`.padStart(`${steps}`.length)}/${steps}`;
  const left = formatClock(imagesLeftInEpoch * pace);
  const run = formatClock(imagesLeft * pace);
  const result = scores(progress.loss, progress.accuracy);
  const text = [`step ${count}`, rate(images, seconds), `${left} left, run ${run}`, result].join('  ');
  return { head: heading(epoch, epochs), text, count, left, run, result };
}

function epochText(record: EpochRecord, epochs: number, images: number): string {
  const { epoch, loss, accuracy, validationLoss, validationAccuracy, seconds = 0 } = record;
  return [
    heading(epoch, epochs),
    scores(loss, accuracy),
    ...(validationLoss === undefined
      ? []
      : [`validation ${scores(validationLoss, validationAccuracy ?? 0)}`]),
    `${seconds.toFixed(1)} s`,
    ...(images > 0 ? [rate(images, seconds)] : []),
  ].join('  ');
}
