import { type EpochRecord, type Evaluation, measuresOf } from '../../../evaluation/index.ts';

/** A run, as a tracker is told of it at its beginning. */
export interface TrackedRun {
  /** Of this run alone; a run that is resumed keeps it. */
  readonly id: string;
  /** For people: the name of its folder. */
  readonly name: string;
  /** Its folder. */
  readonly folder: string;
  /** Options by name. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Some training images, as PNG. */
  readonly samples: readonly TrackedImage[];
}

/** An image for people. */
export interface TrackedImage {
  readonly png: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** What a run came to. */
export interface TrackedResult {
  /** Its last epoch: the step of what is said of the finished model. */
  readonly epochs: number;
  readonly evaluation: Evaluation;
  /** The confusion matrix; of images with several labels there is none. */
  readonly confusion?: TrackedImage;
  /** Files of the run that others will want: the model, its card, its report. */
  readonly files: readonly { readonly name: string; readonly path: string }[];
}

/** How a run ended that came to nothing yet. */
export type Unfinished = 'failed' | 'interrupted';

/**
 * A place that follows runs: a folder for TensorBoard, an MLflow server, a table. To follow runs elsewhere, write a file
 * that exports a function which makes one of these, and name it in `--log-to` (docs/trackers.md). Calls come one after another; what one throws ends this tracker, never the run.
 */
export interface Tracker {
  /** For people, in the middle of a sentence: `MLflow at http://…`. */
  readonly name: string;
  begin(run: TrackedRun): Promise<void>;
  epoch(record: EpochRecord): Promise<void>;
  end(result: TrackedResult | Unfinished): Promise<void>;
}

/** The figures of an epoch by the names that trackers show, with the group first. */
export function metricsOf(record: EpochRecord): [name: string, value: number][] {
  const named: readonly (readonly [string, number | undefined])[] = [
    ['train/loss', record.loss],
    ['train/accuracy', record.accuracy],
    ['validation/loss', record.validationLoss],
    ['validation/accuracy', record.validationAccuracy],
    ['learning_rate', record.learningRate],
    ['seconds', record.seconds],
  ];
  return named.filter((each): each is [string, number] => each[1] !== undefined);
}

/** The figures of a finished model. */
export function resultMetricsOf({ evaluation }: TrackedResult): [name: string, value: number][] {
  return measuresOf(evaluation).map(({ id, value }) => [`test/${id}`, value]);
}
